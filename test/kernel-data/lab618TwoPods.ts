/** Two pods with one source port on the 6.18 lab kernel: losses (`lab-6.18-e2`), SYNs (`lab-6.18-e3`). */
import { type PairOutcome, racePairs } from '../../src/simulation/packetPairs.ts';
import { wilson } from '../../src/statistics/proportions.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { KERNEL, lab, SOURCE_PORT, TWO_PODS, twoPodsLab, VARIANTS, type Variant } from './lab618.ts';
import { labScenario } from './labScenario.ts';
import { type Line, lineOf, numberOf, recording } from './recordings.ts';
import { compared, digits, same, share, withinDeviations } from './rows.ts';

const SEED = 'lab 6.18';

export function labPortRaceTable(): ValidationTable {
  const lines = recording('lab-6.18-e2.csv').filter(({ kind }) => kind === 'zero');
  const runs = new Map(
    lines.map((line) => [line.variant as string, simulateTwoPods(line.variant as string)]),
  );
  const recordedQ = numberOf(lineOf(lines, { variant: 'default' }), 'p_race');
  return {
    id: 'lab-port-race',
    title: 'Two pods with one source port on 6.18',
    source: '`test/data/lab-6.18-e2.csv`, experiment E2 at offset 0',
    about:
      'Losses of pairs sent at one moment on two CPUs; of R free ports a pair that overlaps takes ' +
      'one in 1/R. ' +
      'q, the share that overlaps, differed from run to run (0.74 to 0.89) and is compared in its ' +
      `range only. Seed "${SEED}".`,
    rows: [
      overlapRow(recordedQ, runs.get('default')!),
      ...lines.flatMap((line) => [
        booksRow(line, runs.get(line.variant as string)!),
        lossRow(line, recordedQ, runs),
        ...drawRow(line, runs.get(line.variant as string)!),
      ]),
    ],
  };
}

interface TwoPods {
  readonly pairs: number;
  readonly lost: number;
  readonly overlaps: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly both: number;
}

function simulateTwoPods(variant: string): TwoPods {
  let [overlaps, both] = [0, 0];
  const { pairs, lost, counters } = racePairs(labScenario(twoPodsLab(variant)), TWO_PODS, {
    seed: `${SEED}, ${variant}`,
    sourcePort: SOURCE_PORT,
    onPair: ({ overlapped, first, second }: PairOutcome) => {
      if (overlapped) overlaps += 1;
      if (first.fate === 'arrived' && second.fate === 'arrived') both += 1;
    },
  });
  return { pairs, lost, overlaps, counters, both };
}

function overlapRow(recorded: number, { overlaps, pairs }: TwoPods): ValidationRow {
  return compared({
    what: 'q: share of pairs that overlap at offset 0',
    expected: `${digits(recorded)}, other runs 0.739 to 0.888`,
    simulated: share(overlaps, pairs),
    tolerance: `0.70 to 0.90 (${lab(7)})`,
    agrees: overlaps / pairs >= 0.7 && overlaps / pairs <= 0.9,
  });
}

function booksRow(line: Line, run: TwoPods): ValidationRow {
  const say = (
    lost: number,
    failed: number,
    dropped: number,
    resolved: number,
    pairs: number,
    both: number,
  ) =>
    lost === failed && lost === dropped && resolved === 0 && both + lost === pairs
      ? 'lost = insert_failed = drop, one of a pair at most, clash_resolve 0'
      : `lost ${lost}, insert_failed ${failed}, drop ${dropped}, clash_resolve ${resolved}, both ` +
        `arrived ${both} of ${pairs}`;
  return same(
    `${line.variant}: counters`,
    say(
      numberOf(line, 'lostA') + numberOf(line, 'lostB') + 2 * numberOf(line, 'lostBoth'),
      numberOf(line, 'ct_insert_failed'),
      numberOf(line, 'ct_drop'),
      numberOf(line, 'ct_clash_resolve'),
      numberOf(line, 'n'),
      numberOf(line, 'both'),
    ),
    say(
      run.lost,
      run.counters.insert_failed ?? 0,
      run.counters.drop ?? 0,
      run.counters.clash_resolve ?? 0,
      run.pairs,
      run.both,
    ),
    `${lab(8)}`,
  );
}

/**
 * Of R ports the second packet draws the first one's in 1/R, overlap or not: unseen it is lost, seen it
 * counts `found` and moves on. That holds whatever q is.
 */
function drawRow(line: Line, run: TwoPods): ValidationRow[] {
  const variant = line.variant as string;
  const { ports } = VARIANTS[variant] as Variant;
  if (ports === null || ports === 1 || ports > 256) return [];
  const drawn = (lost: number, found: number, pairs: number) => ({
    text: `${lost} lost + ${found} found: ${share(lost + found, pairs)}`,
    close: withinDeviations(lost + found, pairs, 1 / ports),
  });
  const recorded = drawn(numberOf(line, 'ct_insert_failed'), numberOf(line, 'ct_found'), numberOf(line, 'n'));
  const simulated = drawn(run.lost, run.counters.found ?? 0, run.pairs);
  return [
    compared({
      what: `${variant}: the same port drawn, lost or found`,
      expected: recorded.text,
      simulated: simulated.text,
      tolerance: `1/${ports}, within 3.3 standard deviations`,
      agrees: recorded.close && simulated.close,
    }),
  ];
}

/**
 * Loss against q / R: within the Wilson interval of the recording, widened by 10 % (q drifts from run to
 * run).
 */
function lossRow(line: Line, recordedQ: number, runs: ReadonlyMap<string, TwoPods>): ValidationRow {
  const variant = line.variant as string;
  const run = runs.get(variant)!;
  const { ports } = VARIANTS[variant] as Variant;
  const [pairs, lost] = [numberOf(line, 'n'), numberOf(line, 'ct_insert_failed')];
  const plain = ports === null || ports === 1;
  // With one port there is none to move to, overlap or not.
  const of = (q: number) => (ports === 1 ? 1 : q / (ports ?? 1));
  const within = (events: number, trials: number, expected: number, slack: number) => {
    const { low, high } = wilson(events, trials);
    return expected >= low * (1 - slack) && expected <= high * (1 + slack);
  };
  const exact = plain ? run.lost === (ports === 1 ? run.pairs : run.overlaps) : true;
  const q = run.overlaps / run.pairs;
  return compared({
    what: `${variant}: loss, ${ports === null ? 'q' : ports === 1 ? 'no second port' : `q / ${ports}`}`,
    expected: `${share(lost, pairs)}; of q = ${digits(recordedQ)}: ${digits(of(recordedQ))}`,
    simulated: `${share(run.lost, run.pairs)}; of q = ${digits(q)}: ${digits(of(q))}`,
    tolerance: plain
      ? `simulated: exactly ${ports === 1 ? 'all' : 'the overlaps'}; recorded: Wilson 95 % + 10 % (${lab(6)})`
      : `Wilson 95 % + 10 % (${lab(6)})`,
    agrees: exact && within(lost, pairs, of(recordedQ), 0.1) && within(run.lost, run.pairs, of(q), 0.1),
  });
}

// SYNs

export function labSynTable(): ValidationTable {
  return {
    id: 'lab-syns',
    title: 'Two pods that connect from one source port on 6.18',
    source: '`test/data/lab-6.18-e3.csv`, experiment E3',
    about: `Connects of pairs at one moment on two CPUs. Seed "${SEED}".`,
    rows: recording('lab-6.18-e3.csv').flatMap(synRows),
  };
}

interface SynBook {
  readonly pairs: number;
  /** SYNs. */
  readonly lost: number;
  readonly insertFailed: number;
  readonly drop: number;
  readonly resolved: number;
  readonly found: number;
  /** Connects: of one second; longer. */
  readonly slow: number;
  readonly later: number;
  readonly failed: number;
}

function synRows(line: Line): ValidationRow[] {
  const variant = line.variant as string;
  const { masquerade } = VARIANTS[variant] as Variant;
  const { lost, counters, connects, pairs } = racePairs(
    labScenario({ kernel: KERNEL, masquerade }),
    { ...TWO_PODS, protocol: 'tcp', pairs: 2_000 },
    { seed: `${SEED}, ${variant}` },
  );
  const dropped = numberOf(line, 'ct_insert_failed');
  const [slow, failed] = [numberOf(line, 'conn_slow'), numberOf(line, 'conn_fail')];
  // Every second connect of a pair meets the first one's port once, now or when its SYN is sent again.
  const searches = masquerade === 'preserve' ? 'one' : 'no';
  const say = (book: SynBook) =>
    book.lost === book.slow &&
    book.drop === book.lost &&
    book.insertFailed === book.lost &&
    book.later + book.failed + book.resolved === 0 &&
    book.found === (searches === 'one' ? book.pairs : 0)
      ? 'lost SYNs = insert_failed = drop = connects of one second; none lost twice, none failed; ' +
        `clash_resolve 0; ${searches} port found taken (found) a pair`
      : JSON.stringify(book);
  const rows = [
    same(
      `${variant}: books`,
      say({
        pairs: numberOf(line, 'n'),
        lost: numberOf(line, 'fail_p'),
        insertFailed: dropped,
        drop: numberOf(line, 'ct_drop'),
        resolved: numberOf(line, 'ct_clash_resolve'),
        found: numberOf(line, 'ct_found'),
        slow,
        later: 0,
        failed,
      }),
      say({
        pairs,
        lost,
        insertFailed: counters.insert_failed ?? 0,
        drop: counters.drop ?? 0,
        resolved: counters.clash_resolve ?? 0,
        found: counters.found ?? 0,
        slow: connects?.oneSecond ?? 0,
        later: connects?.longer ?? 0,
        failed: connects?.failed ?? 0,
      }),
      `${dropped} of ${line.n} pairs lost a SYN as recorded, ${lost} of ${pairs} in the model`,
    ),
  ];
  if (dropped === 0) return rows;
  const median = connects?.oneSecondMedianMs ?? Number.NaN;
  const recorded = numberOf(line, 'slow_p50') / 1000;
  rows.push(
    compared({
      what: `${variant}: a connect whose SYN was lost takes`,
      expected: `${recorded.toFixed(0)} ms (median; timer granularity and poll included)`,
      simulated: `${median.toFixed(1)} ms (median)`,
      tolerance: `1.00 to 1.05 s (${lab(9)})`,
      agrees: [recorded, median].every((ms) => ms >= 1000 && ms <= 1050),
    }),
  );
  return rows;
}
