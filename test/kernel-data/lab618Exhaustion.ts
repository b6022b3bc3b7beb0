/** Exhausted ports and a full table on the 6.18 lab kernel (`lab-6.18-e4`, `-e4-model`). */
import { fill } from '../../src/simulation/packetPairs.ts';
import { Testbed } from '../../src/simulation/testbed.ts';
import { wilson } from '../../src/statistics/proportions.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { KERNEL } from './lab618.ts';
import { labScenario } from './labScenario.ts';
import { fillPorts, type PortFill } from './portFill.ts';
import { type Line, lineOf, numberOf, recording, sumOf } from './recordings.ts';
import { compared, digits, same, share } from './rows.ts';

const SEED = 'lab 6.18 limits';

/** Fills per range of ports in the model; the lab made 20 of 256 ports and 4 of 4096. */
const FILLS: Readonly<Record<number, number>> = { 256: 60, 4096: 12 };

export function labExhaustionTable(): ValidationTable {
  const lines = recording('lab-6.18-e4.csv').filter(({ variant }) => variant?.startsWith('R'));
  return {
    id: 'lab-exhaustion',
    title: 'Exhausted port ranges on 6.18',
    source: '`test/data/lab-6.18-e4.csv`, `lab-6.18-e4-model.csv`, experiment E4',
    about:
      'New flows to one destination through `MASQUERADE --to-ports` with R ports, one after the ' +
      'other: losses, `found` for each, and the probability of a loss by the share of ports in use ' +
      '(flows of one fill depend on each other, so Wilson intervals are a little narrow). ' +
      `Seed "${SEED}".`,
    rows: [...lines.map(fillRow), ...([256, 4096] as const).flatMap((ports) => occupancyRows(ports))],
  };
}

/** One fill as recorded: 2R flows into R ports. */
function fillRow(line: Line): ValidationRow {
  const variant = line.variant as string;
  const ports = numberOf(line, 'R');
  const flag = variant.endsWith('random-fully') ? 'random-fully' : 'preserve';
  const fills = Array.from({ length: ports > 1000 ? 4 : 20 }, (_, replication) =>
    fillPorts({
      kernel: KERNEL,
      flag,
      ports,
      flows: numberOf(line, 'M'),
      seed: `${SEED}, ${variant}`,
      replication,
    }),
  );
  const failed = numberOf(line, 'ct_insert_failed');
  const found = numberOf(line, 'ct_found');
  // Probes of a loss: the whole range up to 128 ports, else 128 + 64 + 32 + 16 + 8.
  const probes = ports <= 128 ? ports : 248;
  const rest = fills.map(({ counters, failures }) => (counters.found ?? 0) - probes * failures);
  const mean = sumOf(rest) / rest.length;
  const deviation = Math.sqrt(
    sumOf(rest.map((value) => (value - mean) * (value - mean))) / (rest.length - 1),
  );
  const recordedRest = found - probes * failed;
  const books = fills.every(
    ({ counters, failures }) => counters.insert_failed === failures && counters.drop === failures,
  );
  const swept = ports <= 128;
  const filled = fills.every(({ firstFailure }) => firstFailure === ports);
  return compared({
    what: `${variant}, ${line.M} flows`,
    expected:
      `${line.ok} pass, ${failed} lost, insert_failed = drop = lost; found ${found}: ${probes} a loss ` +
      `and ${recordedRest}`,
    simulated:
      `${fills[0]!.held} pass, ${fills[0]!.failures} lost; found beside ${probes} a loss: ` +
      `${mean.toFixed(0)} (standard deviation ${deviation.toFixed(0)})`,
    tolerance:
      'exact; found beside the losses within 3.3 standard ' +
      `deviations${swept ? '; no loss before the range is full' : ''} (lab, 10.10)`,
    agrees:
      books &&
      failed === numberOf(line, 'ct_drop') &&
      (!swept || (filled && numberOf(line, 'first_fail_idx') === ports)) &&
      // 2R flows fill any of these ranges.
      fills.every(({ held, failures }) => held === ports && failures === ports) &&
      numberOf(line, 'ok') === ports &&
      failed === ports &&
      Math.abs(recordedRest - mean) <= 3.3 * deviation,
  });
}

const fillsOf = new Map<number, readonly PortFill[]>();

function fillsInto(ports: number): readonly PortFill[] {
  const known = fillsOf.get(ports);
  if (known !== undefined) return known;
  const fills = Array.from({ length: FILLS[ports]! }, (_, replication) =>
    fillPorts({
      kernel: KERNEL,
      flag: 'preserve',
      ports,
      flows: 2 * ports,
      seed: `${SEED}, ${ports}`,
      replication,
    }),
  );
  fillsOf.set(ports, fills);
  return fills;
}

function occupancyRows(ports: 256 | 4096): ValidationRow[] {
  const lines = recording('lab-6.18-e4-model.csv').filter((line) => line.R === String(ports));
  const bins = lines.filter(({ occ_from }) => occ_from !== 'first_fail_mean');
  const fills = fillsInto(ports);
  const rows = bins.map((line, i) => {
    const from = numberOf(line, 'occ_from');
    const to = i + 1 < bins.length ? numberOf(bins[i + 1]!, 'occ_from') : 2;
    const flows = fills
      .flatMap((one) => one.flows)
      .filter(({ before }) => before / ports >= from && before / ports < to);
    const lost = flows.filter((flow) => flow.lost).length;
    const [n, failed] = [numberOf(line, 'n'), numberOf(line, 'fails')];
    const [a, b] = [wilson(failed, n, 0.999), wilson(lost, flows.length, 0.999)];
    return compared({
      what: `R = ${ports}, ${from === 1 ? 'full' : `${from} to ${to} in use`}: a new flow is lost`,
      expected: share(failed, n),
      simulated: share(lost, flows.length),
      tolerance: 'Wilson 99.9 % of both meet',
      agrees: a.low <= b.high && b.low <= a.high,
    });
  });
  const first = lineOf(lines, { occ_from: 'first_fail_mean' });
  const mean = sumOf(fills.map(({ firstFailure }) => (firstFailure ?? ports) / ports)) / fills.length;
  rows.push(
    compared({
      what: `R = ${ports}: share in use at the first loss`,
      expected: `${digits(numberOf(first, 'p'))} (mean of ${first.n} fills)`,
      simulated: `${digits(mean)} (mean of ${fills.length})`,
      tolerance: '+-0.02 (lab, 10.10)',
      agrees: Math.abs(mean - numberOf(first, 'p')) <= 0.02,
    }),
  );
  return rows;
}

// Table full

const LIMIT = 1000;
const BUCKETS = 262_144;

export function labTableFullTable(): ValidationTable {
  const lines = recording('lab-6.18-e4.csv');
  return {
    id: 'lab-table-full',
    title: 'A full conntrack table on 6.18',
    source: '`test/data/lab-6.18-e4.csv`, `ctmax1000`',
    about:
      `\`nf_conntrack_max\` 1000, ${BUCKETS} buckets, 3000 new flows from one socket to as many ` +
      `destinations. Seed "${SEED}".`,
    rows: [
      unrepliedRow(lineOf(lines, { variant: 'ctmax1000_unreplied' })),
      assuredRow(lineOf(lines, { variant: 'ctmax1000_assured' })),
    ],
  };
}

const fullLab = labScenario({
  kernel: KERNEL,
  masquerade: 'preserve',
  table: { max: LIMIT, buckets: BUCKETS },
});

function unrepliedRow(line: Line): ValidationRow {
  // Ten runs: the lab's 110 evictions of 2000 alone leave a point of doubt.
  const runs = Array.from({ length: 10 }, (_, i) =>
    fill(fullLab, { kind: 'fill', what: 'table', flows: 3 * LIMIT }, { seed: `${SEED}, ${i}` }),
  );
  const early = sumOf(runs.map(({ counters }) => counters.early_drop ?? 0));
  const tries = runs.length * 2 * LIMIT;
  const formula = 1 - Math.exp((-16 * LIMIT) / BUCKETS);
  const recorded = numberOf(line, 'ct_early_drop');
  const close = (events: number, trials: number) => Math.abs(events / trials - formula) <= 0.01;
  const books = runs.every(
    ({ accepted, firstFailureAt, counters }) =>
      accepted === LIMIT + (counters.early_drop ?? 0) &&
      firstFailureAt >= LIMIT &&
      (counters.drop ?? 0) === 3 * LIMIT - accepted,
  );
  return compared({
    what: 'table full of unanswered flows: a new one evicts an old one',
    expected: `${share(recorded, 2 * LIMIT)}; ${line.ok} pass, drop ${line.ct_drop}`,
    simulated: `${share(early, tries)}; pass: 1000 and one for each eviction, drop the rest`,
    tolerance: `1 - exp(-16 N / buckets) = ${digits(formula)}, +-1 point (lab, 10.12); books exact`,
    agrees:
      close(early, tries) &&
      close(recorded, 2 * LIMIT) &&
      books &&
      numberOf(line, 'ok') === LIMIT + recorded &&
      numberOf(line, 'ct_drop') === 2 * LIMIT - recorded,
  });
}

function assuredRow(line: Line): ValidationRow {
  const bed = new Testbed(fullLab, { seed: SEED });
  const send = (to: number) => bed.send({ protocol: 'udp', pod: 0, port: 40_000, to, cpu: 0, atNs: bed.now });
  const old = Array.from({ length: LIMIT }, (_, to) => {
    const flow = send(to);
    bed.run(bed.now + 1e5);
    bed.answer(flow, 0);
    bed.run(bed.now + 1e5);
    return flow;
  });
  // A packet of a flow more than two seconds old, which was answered, makes it a stream.
  bed.run(bed.now + 2.5e9);
  for (const flow of old) {
    send(flow.sent.to as number);
    bed.run(bed.now + 1e5);
  }
  const before = bed.counters();
  const lost = Array.from({ length: 3 * LIMIT }, (_, i) => {
    const flow = send(LIMIT + i);
    bed.run(bed.now + 1e5);
    return flow;
  }).filter(({ fate }) => fate === 'lost').length;
  const after = bed.counters();
  const moved = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
  const say = (early: number, dropped: number, accepted: number) =>
    `${early} evicted, ${dropped} of 3000 dropped, ${accepted} pass`;
  return same(
    'table full of ASSURED flows',
    say(
      Number(line.ct_early_drop === '' ? 0 : line.ct_early_drop),
      numberOf(line, 'ct_drop'),
      numberOf(line, 'ok'),
    ),
    say(moved('early_drop'), moved('drop'), 3 * LIMIT - lost),
    'assured: none is evicted (lab, 10.12)',
  );
}
