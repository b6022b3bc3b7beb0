/** All test files of a room and what they import, as one script that can be evaluated again and again. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { build } from 'vite';
import { type CollectedTest, createCollector } from './harness.ts';

const ENTRY = 'virtual:mutation-entry';

/** The test files of some folders, by path from the root. */
export function testFilesOf(root: string, folders: readonly string[], without: RegExp): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.test.ts') && !without.test(`${folder}/${name}`))
      .map((name) => `${folder}/${name}`)
      .sort(),
  );
}

/** One evaluation of the bundle: loads a test file, and what it imports, on demand. */
export type Environment = (file: string) => Promise<readonly CollectedTest[]>;

/** Bundles the files; each call of the result makes a new environment, in which nothing is loaded yet. */
export async function bundleTests(root: string, files: readonly string[]): Promise<() => Environment> {
  const output = await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [entryOf(root, files)],
    build: {
      ssr: true,
      write: false,
      minify: false,
      target: 'node20',
      rollupOptions: {
        input: ENTRY,
        external: (id) => !id.startsWith('virtual:') && !id.startsWith('.') && !id.startsWith('/'),
        output: { format: 'cjs', codeSplitting: false },
      },
    },
  });
  const [result] = [output].flat() as { readonly output: readonly { readonly code?: string }[] }[];
  const script = new Script(`(function (require, exports) {${result?.output[0]?.code}\n})`, {
    filename: 'mutation-bundle.cjs',
  });
  const requireFromRoot = createRequire(join(root, 'package.json'));
  return () => {
    const collector = createCollector();
    const loaders: { files?: Readonly<Record<string, () => Promise<unknown>>> } = {};
    const require = (id: string) => (id === 'vitest' ? collector.vitest : requireFromRoot(id));
    script.runInThisContext()(require, loaders);
    return async (file) => {
      collector.enterFile(file);
      await loaders.files?.[file]?.();
      return collector.tests.filter((test) => test.file === file);
    };
  };
}

/** The entry: `files`, a loader for each test file. */
function entryOf(root: string, files: readonly string[]) {
  const loaders = files.map(
    (file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(join(root, file))})`,
  );
  return {
    name: 'mutation-entry',
    enforce: 'pre' as const,
    resolveId: (id: string) => (id === ENTRY ? id : null),
    load: (id: string) => (id === ENTRY ? `export const files = { ${loaders.join(', ')} };` : null),
    // One script has one URL; the test data is found from that of its module.
    transform(code: string, id: string) {
      if (!code.includes('import.meta.url')) return null;
      return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
    },
  };
}
