/** What the figures depend on besides the program. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { ROOT } from './build.ts';

export interface Environment {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Over the last minute, at the start: over the cores, and what runs shares them with others. */
  readonly loadAverage: number;
  /** `-dirty` where files differ from it. */
  readonly commit: string;
}

export function environment(): Environment {
  const cores = cpus();
  const git = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  return {
    node: process.version,
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
    commit: execFileSync('git', git, { cwd: ROOT, encoding: 'utf8' }).trim(),
  };
}
