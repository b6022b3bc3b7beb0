/** What is measured is JavaScript, compiled as the package is: the engine, the command line and the workload. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Laid out as the repository. */
export const BUILT = `${ROOT}test/bench/dist/`;
const SCENARIO = 'test/bench/workload/dns-race-v1.yaml';

/** Throws what the compiler says. */
export function build(): void {
  rmSync(BUILT, { recursive: true, force: true });
  const compiler = `${ROOT}node_modules/typescript/bin/tsc`;
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, '-p', `${ROOT}test/bench/tsconfig.json`],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the build failed:\n${stdout}`);
  copyFileSync(ROOT + SCENARIO, BUILT + SCENARIO);
}
