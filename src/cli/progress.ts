/** Progress of long work, on stderr: a bar on a terminal, a line every few seconds elsewhere. */
import { createRequire } from 'node:module';

/** Loaded only where progress is shown. */
const libraryOfBars = (): typeof import('cli-progress') => createRequire(import.meta.url)('cli-progress');

export interface Progress {
  /** `total` if it is not what it was. */
  update(done: number, total?: number): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/** `bound` 'at most': some of the work may turn out not to be needed; the total stays, so that nothing jumps. */
export function startProgress(
  label: string,
  total: number,
  quiet: boolean,
  bound: 'exactly' | 'at most' = 'exactly',
): Progress {
  if (quiet) return SILENT;
  const cliProgress = libraryOfBars();
  const [of, left] = bound === 'exactly' ? ['/', ''] : [' of at most ', 'at most '];
  const bar = new cliProgress.SingleBar(
    {
      format: `${label} [{bar}] {value}${of}{total} · {duration_formatted} · ${left}{eta_formatted} left`,
      // Before the first is done nothing is known, and the library says NULL or INF.
      formatTime: (seconds, options, round) =>
        Number.isFinite(Number(seconds))
          ? cliProgress.Format.TimeFormat(Number(seconds), options, round)
          : '?',
      stream: process.stderr,
      noTTYOutput: process.stderr.isTTY !== true,
      notTTYSchedule: 3000,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      barsize: 24,
      linewrap: false,
    },
    cliProgress.Presets.legacy,
  );
  bar.start(total, 0);
  return {
    update: (done, all) => {
      if (all !== undefined) bar.setTotal(all);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
