/** Exhausted port ranges on the older kernels (`old-e4-exhaustion.csv`). */
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { fillPorts, type PortFill } from './portFill.ts';
import { distinct, type Line, numberOf, recording, releaseOf, sumOf } from './recordings.ts';
import { compared, digits } from './rows.ts';

const SEED = 'old exhaustion';
const LINES = recording('old-e4-exhaustion.csv');
const FLAGS = { default: 'preserve', random: 'random', fully: 'random-fully' } as const;

/** Fills of one case that the model makes on each kernel where chance has a say. */
const fillsOf = (ports: number) => (ports > 1000 ? 4 : 6);

/** Standard errors; a table holds 30 such comparisons: one or more by chance in 3 % of new recordings. */
const Z = 3.3;

/** A run, recorded or simulated. */
interface Run {
  readonly firstFailure: number;
  readonly failures: number;
  readonly failuresWithFreePorts: number;
  readonly held: number;
  readonly resent: string;
  readonly rejectedAgain: number;
  readonly insertFailed: number;
  readonly drop: number;
  readonly found: number;
}

function recordedRun(line: Line): Run {
  const [arrived, resent] = (line.old_flows_still_delivered as string).split('/').map(Number) as [
    number,
    number,
  ];
  return {
    firstFailure: numberOf(line, 'first_fail_at_occupancy'),
    failures: numberOf(line, 'fails'),
    failuresWithFreePorts: numberOf(line, 'fails_while_free_ports_left'),
    held: numberOf(line, 'occ_end'),
    resent: `${arrived} of ${resent}`,
    rejectedAgain: resent - arrived,
    insertFailed: numberOf(line, 'node_insert_failed'),
    drop: numberOf(line, 'node_drop'),
    found: numberOf(line, 'node_found'),
  };
}

function simulatedRun(fill: PortFill): Run {
  return {
    firstFailure: fill.firstFailure ?? fill.ports,
    failures: fill.failures,
    failuresWithFreePorts: fill.failuresWithFreePorts,
    held: fill.held,
    resent: `${fill.resentArrived} of ${fill.resent}`,
    rejectedAgain: fill.resent - fill.resentArrived,
    insertFailed: fill.counters.insert_failed ?? 0,
    drop: fill.counters.drop ?? 0,
    found: fill.counters.found ?? 0,
  };
}

function simulate(kernel: string, name: string, { R, flows }: Line, replications: number): Run[] {
  const [flag] = name.split('_R');
  return Array.from({ length: replications }, (_, replication) =>
    simulatedRun(
      fillPorts({
        kernel,
        flag: FLAGS[flag as keyof typeof FLAGS],
        ports: Number(R),
        flows: Number(flows),
        seed: `${SEED}, ${kernel}, ${name}`,
        replication,
        // As the recorder: about twenty old flows, evenly spaced.
        resendEach: Math.floor(Number(flows) / 20) + 1,
      }),
    ),
  );
}

const isOld = (kernel: string) => kernel.startsWith('4.');
const isSwept = (name: string) => Number(name.split('_R')[1]) <= 128;

export function oldExhaustionTable(): ValidationTable {
  const cases = distinct(LINES.map((line) => line.case as string));
  const kernels = distinct(LINES.map(releaseOf));
  return {
    id: 'old-exhaustion',
    title: 'Exhausted port ranges, kernels 4.4 to 6.1',
    source: '`test/data/old-e4-exhaustion.csv`, experiments E4 and E6 (real kernels, emulated machine)',
    about:
      'New flows to one destination through `MASQUERADE --to-ports` with R ports: ports in use at ' +
      'the first loss, losses, old flows sent again at the end, and counters. Up to 4.19 a search ' +
      'sees the whole range, from 5.0 at most 248 ports where there are more than 128. ' +
      `Seed "${SEED}".`,
    rows: [
      ...kernels.filter(isOld).flatMap((kernel) => cases.map((name) => exactRow(kernel, name))),
      ...kernels
        .filter((kernel) => !isOld(kernel))
        .flatMap((kernel) => cases.filter(isSwept).map((name) => exactRow(kernel, name))),
      ...cases
        .filter((name) => !isSwept(name))
        .map((name) =>
          boundedRow(
            name,
            kernels.filter((kernel) => !isOld(kernel)),
          ),
        ),
    ],
  };
}

function linesOf(kernel: string, name: string): Line[] {
  return LINES.filter((line) => releaseOf(line) === kernel && line.case === name);
}

/** All runs are alike, but for `found` where searches start at random. */
function exactRow(kernel: string, name: string): ValidationRow {
  const lines = linesOf(kernel, name);
  const chance = name.startsWith('fully') || !isOld(kernel);
  const recorded = lines.map(recordedRun);
  const simulated = simulate(kernel, name, lines[0]!, chance ? fillsOf(numberOf(lines[0]!, 'R')) : 1);
  const say = (runs: readonly Run[]) => distinct(runs.map((run) => sayExact(run, chance))).join(' / ');
  const found = [recorded, simulated].map((runs) => runs.map((run) => run.found)) as [number[], number[]];
  return compared({
    what: `${name}, ${kernel} (${recorded.length} ${recorded.length === 1 ? 'run' : 'runs'})`,
    expected: `${say(recorded)}${chance ? `, found ${sayMean(found[0])}` : ''}`,
    simulated: `${say(simulated)}${chance ? `, found ${sayMean(found[1])}` : ''}`,
    tolerance: chance ? `exact; mean of found within ${Z} standard errors, at least 1 %` : 'exact',
    agrees: say(recorded) === say(simulated) && (!chance || closeMeans(found[0], found[1], 0.01)),
  });
}

function sayExact(run: Run, foundVaries: boolean): string {
  const found = foundVaries ? '' : `, found ${run.found}`;
  return (
    `first loss at ${run.firstFailure}, ${run.failures} lost, ${run.failuresWithFreePorts} of them ` +
    `early, ${run.resent} old flows pass, insert_failed ${run.insertFailed}, drop ${run.drop}${found}`
  );
}

/** From 5.0 with more than 128 ports: the same code on all kernels, so their runs are pooled. */
function boundedRow(name: string, kernels: readonly string[]): ValidationRow {
  const recorded = kernels.flatMap((kernel) => linesOf(kernel, name).map(recordedRun));
  const simulated = kernels.flatMap((kernel) => {
    const [line] = linesOf(kernel, name);
    return simulate(kernel, name, line!, fillsOf(numberOf(line!, 'R')));
  });
  const ports = Number(name.split('_R')[1]);
  const close = (of: (run: Run) => number, least: number) =>
    closeMeans(recorded.map(of), simulated.map(of), least);
  const books = (runs: readonly Run[]) =>
    runs.every(
      (run) => run.insertFailed === run.failures + run.rejectedAgain && run.drop === run.insertFailed,
    );
  return compared({
    what: `${name}, ${kernels.join(', ')}`,
    expected: sayBounded(recorded, ports),
    simulated: sayBounded(simulated, ports),
    tolerance: `means within ${Z} standard errors (found: at least 1 %); insert_failed = drop = lost, exact`,
    agrees:
      books(recorded) &&
      books(simulated) &&
      close((run) => run.firstFailure, 0) &&
      close((run) => run.failuresWithFreePorts, 0) &&
      close((run) => run.found, 0.01),
  });
}

function sayBounded(runs: readonly Run[], ports: number): string {
  const first = runs.map((run) => run.firstFailure);
  const share = sumOf(first) / first.length / ports;
  return (
    `${runs.length} runs: first loss at ${Math.min(...first)} to ${Math.max(...first)}, mean ` +
    `${digits(share)} of R; ` +
    `early losses ${sayMean(runs.map((run) => run.failuresWithFreePorts))}; found ` +
    `${sayMean(runs.map((run) => run.found))}`
  );
}

function sayMean(values: readonly number[]): string {
  return `${(sumOf(values) / values.length).toFixed(values.length > 1 ? 1 : 0)} a run`;
}

/** Two means whose difference is within Z standard errors, or within a share of the first. */
function closeMeans(a: readonly number[], b: readonly number[], share: number): boolean {
  const mean = (values: readonly number[]) => sumOf(values) / values.length;
  // One spread for both: a single run has none of its own.
  const deviations = [a, b].flatMap((values) => values.map((value) => value - mean(values)));
  const freedom = a.length + b.length - 2;
  const variance = sumOf(deviations.map((value) => value * value)) / Math.max(1, freedom);
  const error = Math.sqrt(variance * (1 / a.length + 1 / b.length));
  const distance = Math.abs(mean(a) - mean(b));
  return distance <= Z * error || distance <= share * mean(a);
}
