/** `snatrace sweep`: a scenario at every point of a grid, as it is and under mitigations. */
import type { Sweep } from '../../experiment/sweep.ts';
import { VERSION } from '../../version.ts';
import type { Command } from '../command.ts';
import { commandLine } from '../commandLine.ts';
import { INTERRUPTED, OK, USAGE, VACUOUS } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import { interruptible } from '../interruptible.ts';
import * as messages from '../messages.ts';
import { DEFAULT_SEED, listOf, scenarioPath, seedOf, wholeNumber, withRunOptions } from '../options.ts';
import { warnOfOptions } from '../optionWarnings.ts';
import { outputWidth, printData, printTalk, wantsColour } from '../output.ts';
import { startProgress } from '../progress.ts';
import { makeFolder, reportName, writeFiles } from '../reportFolder.ts';
import { unknownNames } from '../unknownNames.ts';

export const sweepCommand: Command = {
  builder: (argv) =>
    withRunOptions(argv)
      .positional('scenario', {
        type: 'string',
        describe: 'a scenario file with `vary`, YAML or JSON; - for standard input',
      })
      .option('with', {
        type: 'string',
        array: true,
        describe: 'mitigations, a,b; "a+b" applies both; default: the file\'s, else none',
      })
      .option('duration', {
        type: 'string',
        describe: "measured time of every point in place of the file's, e.g. 2s",
      })
      .option('report', {
        type: 'string',
        describe: 'a folder to write charts, tables and data to',
        requiresArg: true,
      })
      .example('$0 sweep endpoints.yaml', 'a row a point, with intervals')
      .example('$0 sweep endpoints.yaml --with kernel-5.6', 'and what a mitigation changes at each')
      .example('$0 sweep endpoints.yaml -r 2 --duration 1s', 'a quick look before the long run')
      .example('$0 sweep endpoints.yaml --report reports', 'also charts, to be kept')
      .example('$0 sweep a.yaml --json | jq .points[].labels', 'one JSON document'),
  handler: async (args) => {
    const path = scenarioPath(args);
    const { readPoints } = await import('../scenarioFile.ts');
    const { planSweep, sweep } = await import('../../experiment/sweep.ts');
    const { createRunner } = await import('../../experiment/runner.ts');
    const duration = await durationOf(args.duration);
    const loaded = readPoints(path, duration === null ? {} : { duration });
    const { experiment, points } = loaded;
    const asked = listOf(args.with);
    const seed = seedOf(args.seed) ?? experiment.seed ?? DEFAULT_SEED;
    const replications =
      wholeNumber('replications', args.replications, 1, 100_000) ?? experiment.replications;
    const threads = wholeNumber('threads', args.threads, 1, 256) ?? 1;
    const { kernels, dispatches, loads, combine } = experiment;
    const plan = planSweep(loaded, {
      with: asked ?? experiment.with ?? [],
      kernels,
      dispatches,
      loads,
      combine,
    });
    if ('unknown' in plan)
      throw await unknownNames(plan.unknown, loaded, new Set(asked === null ? [] : ['mitigation']));

    warnOfOptions(loaded.scenario);
    // Before the work, not after it.
    if (typeof args.report === 'string') makeFolder(args.report);
    const variants = plan.points.reduce((sum, each) => sum + each.plan.variants.length, 0);
    const runner = createRunner(threads, variants * replications);
    const progress = startProgress(
      `sweeping ${points.length} points`,
      variants * replications,
      args.quiet === true,
    );
    const { result: swept, interrupted } = await interruptible((signal) =>
      sweep(plan, {
        seed,
        replications,
        confidence: experiment.confidence,
        version: VERSION,
        file: path,
        command: commandLine([
          ...['snatrace', 'sweep', path, '--seed', seed, '--replications', String(replications)],
          ...(asked === null ? [] : ['--with', asked.join(',')]),
          ...(duration === null ? [] : ['--duration', duration]),
        ]),
        runner,
        onProgress: (done, all) => progress.update(done, all),
        signal,
      }),
    ).finally(() => {
      progress.stop();
      return runner.close();
    });
    if (interrupted) printTalk(messages.sweepInterrupted(swept?.points.length ?? 0, points.length));
    if (swept === null) return INTERRUPTED;
    await present(swept, args);
    if (interrupted) return INTERRUPTED;
    if (swept.points.every(({ comparison }) => isVacuous(comparison.cells))) {
      printTalk(messages.allVacuous());
      return VACUOUS;
    }
    return OK;
  },
};

/** As it stands; null if the flag was not given. */
async function durationOf(value: unknown): Promise<string | null> {
  if (value === undefined) return null;
  const text = String(Array.isArray(value) ? value[value.length - 1] : value);
  const { formatDuration, parseDuration } = await import('../../scenario/units.ts');
  const { LIMITS } = await import('../../scenario/defaults.ts');
  const ns = parseDuration(text);
  if (ns !== null && ns >= LIMITS.minDurationNs && ns <= LIMITS.maxDurationNs) return text;
  const range = `from ${formatDuration(LIMITS.minDurationNs)} to ${formatDuration(LIMITS.maxDurationNs)}`;
  throw new Failure(messages.notInRange('--duration', text, `a duration ${range}, such as 2s`), USAGE);
}

/** No race could have happened in any cell. */
function isVacuous(cells: Sweep['points'][number]['comparison']['cells']): boolean {
  return cells.every(({ exposures }) => Object.values(exposures).every((count) => count === 0));
}

async function present(sweep: Sweep, args: Readonly<Record<string, unknown>>): Promise<void> {
  if (args.json === true) {
    for (const piece of jsonPieces(sweep)) printData(piece);
  } else {
    const { renderSweep } = await import('../../report/sweepTable.ts');
    printData(renderSweep(sweep, { width: outputWidth(), colour: wantsColour() }));
  }
  const folder = args.report;
  if (typeof folder !== 'string') return;
  const { sweepFiles } = await import('../../report/sweepFiles.ts');
  printTalk(messages.written(writeFiles(folder, await sweepFiles(sweep, reportName(sweep.file)))));
}

/** One document, point by point: the text of thousands of comparisons is longer than a string can be. */
function* jsonPieces({ points, ...head }: Sweep): Generator<string> {
  yield JSON.stringify(head, null, 2).replace(/\n\}$/, ',\n  "points": [');
  for (const [i, point] of points.entries()) {
    const text = JSON.stringify(point, null, 2).replace(/^/gm, '    ');
    yield i === points.length - 1 ? text : `${text},`;
  }
  yield '  ]\n}';
}
