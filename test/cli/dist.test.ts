/** What is shipped: `npm test` builds it first. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { root } from './snatrace.ts';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
/** Of whole modules; what a file imports on its way (tsx, when it runs as TypeScript) is no part of it. */
const IMPORT = /^(?:import|export)\b[^'"(]*['"]([^'"]+)['"]/gm;

describe('dist', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  );

  it('imports nothing but its own files, Node, and the dependencies that are declared', () => {
    const { dependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const bare = files.flatMap((file) =>
      [...readFileSync(DIST + file, 'utf8').matchAll(IMPORT)]
        .map(([, from]) => from as string)
        .filter((name) => !/^(\.|node:)/.test(name)),
    );
    expect(bare.length).toBeGreaterThan(0);
    const packages = new Set(
      bare.map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
    );
    expect([...packages].filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
  });

  it('has the constants of other files written out', () => {
    const translate = readFileSync(`${DIST}netfilter/translate.js`, 'utf8');
    expect(translate).not.toContain('ENTRY_SIZE');
  });
});
