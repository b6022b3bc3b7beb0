/** Vega, Vega-Lite and Vega-Embed as scripts to stand in a page, read from the packages that are installed. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const LIBRARIES = ['vega', 'vega-lite', 'vega-embed'] as const;

/** In the order in which they need each other. About 830 kB. */
export function chartLibraries(): string[] {
  const require = createRequire(import.meta.url);
  return LIBRARIES.map((name) => {
    const build = dirname(require.resolve(name));
    return forPage(readFileSync(join(build, `${name}.min.js`), 'utf8'));
  });
}

/**
 * Nothing in a page may end its script element or point out of it. The addresses that go are those of an editor that
 * the page does not offer, of a schema, and of source maps; names of XML namespaces stay.
 */
function forPage(script: string): string {
  return script
    .replace(/<\/(?=script)/gi, '<\\/')
    .replace(/<!--/g, '<\\!--')
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replaceAll('https://', 'about:');
}
