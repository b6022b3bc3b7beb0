/**
 * The JavaScript of `dist/`: a file for each file of `src/`, with the constants that it imports written out. V8 does
 * not fold an imported constant: every use of a field's offset or a status bit would be a load and two checks, a tenth
 * of the instructions of a packet (docs/performance.md).
 */
import { readdirSync } from 'node:fs';
import type { RolldownOptions } from 'rolldown';

export default {
  input: readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file}`),
  external: /^[^./]/,
  platform: 'node',
  optimization: { inlineConst: { mode: 'all', pass: 3 } },
  output: {
    dir: 'dist',
    format: 'esm',
    preserveModules: true,
    preserveModulesRoot: 'src',
    entryFileNames: '[name].js',
    sourcemap: true,
  },
} satisfies RolldownOptions;
