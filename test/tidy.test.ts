import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../src/version.ts';

const src = fileURLToPath(new URL('../src/', import.meta.url));

/** Rooms whose results must be the same on every engine. */
const MODEL = [
  'engine',
  'statistics',
  'netfilter',
  'network',
  'servers',
  'clients',
  'simulation',
  'mitigations',
];

/** Calls whose result, or last bit, depends on the machine or the moment. */
const BANNED =
  /Math\.(random|pow|log|log2|log10|log1p|exp|expm1|sin|cos|tan)\b|Date\.now|new Date\(|performance\.now|\*\*|setTimeout|process\.(env|argv|hrtime|cpuUsage|memoryUsage)/;

function sources(): { readonly file: string; readonly lines: readonly string[] }[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, lines: readFileSync(src + file, 'utf8').split('\n') }));
}

const isComment = (line: string) => /^\s*(\/\*\*?|\*|\/\/)/.test(line);

describe('the source', () => {
  it('calls nothing in the model whose result depends on the machine', () => {
    const found = sources()
      .filter(({ file }) => MODEL.includes(file.split('/')[0] ?? ''))
      .flatMap(({ file, lines }) =>
        lines.flatMap((line, i) =>
          BANNED.test(line) && !isComment(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [],
        ),
      );
    expect(found).toEqual([]);
  });

  it('leaves nothing marked as to be done', () => {
    const found = sources().flatMap(({ file, lines }) =>
      lines.flatMap((line, i) => (/\b(TODO|FIXME|XXX|HACK)\b/.test(line) ? [`${file}:${i + 1}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it('says the version of the package', () => {
    const manifest = JSON.parse(readFileSync(`${src}../package.json`, 'utf8'));
    expect(VERSION).toBe(manifest.version);
  });
});

describe('the documents', () => {
  const root = new URL('../', import.meta.url);
  const documents = [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
  ];

  it.each(documents)('%s links to nothing that is not there', (document) => {
    const text = readFileSync(new URL(document, root), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link as string);
    const missing = links.filter((link) => !existsSync(new URL(link, new URL(document, root))));
    expect(missing).toEqual([]);
  });
});
