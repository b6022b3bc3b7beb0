/** What is measured is JavaScript, built as the package is: the engine, the command line and the workload. */
import { copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'rolldown';
import config from '../../rolldown.config.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Laid out as the repository. */
export const BUILT = `${ROOT}test/bench/dist/`;
const PROGRAMS = ['test/bench/workload/measure.ts', 'test/bench/workload/allocation.ts'];
const SCENARIO = 'test/bench/workload/dns-race-v1.yaml';

/** Throws what the bundler says. */
export async function build(): Promise<void> {
  rmSync(BUILT, { recursive: true, force: true });
  await bundle({
    ...config,
    cwd: ROOT,
    input: [...config.input, ...PROGRAMS],
    logLevel: 'silent',
    output: { ...config.output, dir: BUILT, preserveModulesRoot: '.' },
  });
  copyFileSync(ROOT + SCENARIO, BUILT + SCENARIO);
}
