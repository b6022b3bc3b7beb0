/** `npm run claims-docs`: checks all claims and the truth table, and writes what they found to `docs/`. */
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(
  'npx',
  ['vitest', 'run', 'test/claims/post.test.ts', 'test/claims/truthTable.test.ts'],
  { stdio: 'inherit', env: { ...process.env, UPDATE_GOLDEN: '1' } },
);
process.exitCode = status ?? 1;
