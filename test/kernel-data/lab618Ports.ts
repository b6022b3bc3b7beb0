/** Ports that the 6.18 lab kernel picks (`lab-6.18-e2`, port choice; `lab-6.18-e2map`). */
import { racePairs } from '../../src/simulation/packetPairs.ts';
import { Testbed } from '../../src/simulation/testbed.ts';
import { wilson } from '../../src/statistics/proportions.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { FIRST_PORT, KERNEL, lab, SOURCE_PORT, TWO_PODS, twoPodsLab } from './lab618.ts';
import { type Lab, labScenario } from './labScenario.ts';
import { distinct, type Line, numberOf, recording, sumOf } from './recordings.ts';
import { chiSquareOfStarts, compared, digits, share, withinDeviations } from './rows.ts';

const SEED = 'lab 6.18';

/** 99.9 % quantile of chi-square with 15 degrees of freedom. */
const CHI_SQUARE_LIMIT = 37.7;

export function labPortTable(): ValidationTable {
  const lines = recording('lab-6.18-e2.csv').filter(({ kind }) => kind === 'portchoice_late');
  return {
    id: 'lab-ports',
    title: 'Ports that 6.18 picks',
    source: '`test/data/lab-6.18-e2.csv` (port choice), `lab-6.18-e2map.csv`',
    about:
      "The second pod is 30 us late, so that the first one's port is taken; and one socket to 200 " +
      `destinations. Seed "${SEED}".`,
    rows: [
      ...lines.map(lateRow),
      ...lines.map(lowPortRow),
      keptInRangeRow(),
      ...recording('lab-6.18-e2map.csv').map(reuseRow),
    ],
  };
}

/** A pair of which the second is late: the ports of both, and what they wanted. */
function latePorts(scenario: Lab, pairs: number, sourcePort?: number) {
  const ports: { wanted: number; first: number; second: number }[] = [];
  racePairs(
    labScenario(scenario),
    { ...TWO_PODS, pairs },
    {
      seed: `${SEED}, late`,
      offsetsNs: 30_000,
      ...(sourcePort === undefined ? {} : { sourcePort }),
      onPair: ({ first, second }) => {
        if (first.fate === 'arrived' && second.fate === 'arrived') {
          ports.push({ wanted: first.sent.port, first: first.source.port, second: second.source.port });
        }
      },
    },
  );
  return ports;
}

function lateRow(line: Line): ValidationRow {
  const variant = line.variant as string;
  const ports = latePorts(twoPodsLab(variant), 10_000);
  const n = numberOf(line, 'n');
  const kept = { A: numberOf(line, 'keepA'), B: numberOf(line, 'keepB') };
  const keeps = variant === 'default';
  const [keptFirst, keptSecond] = (['first', 'second'] as const).map(
    (which) => ports.filter((pair) => pair[which] === pair.wanted).length,
  ) as [number, number];
  const near = ports.filter(
    ({ wanted, second }) => Math.abs(second - wanted) <= 8 && second !== wanted,
  ).length;
  const recordedChi = chiSquare(recordedHistogram(line));
  const simulatedChi = chiSquare(histogram(searched(ports)));
  // Where the second got in first (stalls), it keeps the port and the first is moved.
  const say = (a: number, b: number, all: number, close: string, chi: number) =>
    'own port kept by ' +
    `${keeps ? `exactly one of ${a + b} of ${all} pairs` : `${a + b} of ${2 * all}`}; within +-8 of ` +
    `it: ${close}; chi-square ${digits(chi)}`;
  return compared({
    what: `${variant}, the second 30 us late`,
    expected: say(kept.A, kept.B, n, line.near8 as string, recordedChi),
    simulated: say(keptFirst, keptSecond, ports.length, String(near), simulatedChi),
    tolerance:
      `kept: exact (${lab(11)}); a 16-bit start modulo 64,512, in 16 parts: chi-square below ` +
      `${CHI_SQUARE_LIMIT} (99.9 %); near: at most 10 (2.5 expected)`,
    agrees:
      (keeps
        ? kept.A + kept.B === n && keptFirst + keptSecond === ports.length
        : kept.A + kept.B <= 2 && keptFirst + keptSecond <= 2) &&
      recordedChi < CHI_SQUARE_LIMIT &&
      simulatedChi < CHI_SQUARE_LIMIT &&
      near <= 10 &&
      numberOf(line, 'near8') <= 10,
  });
}

const partOf = (port: number) => port >> 12;

function chiSquare(counts: readonly number[]): number {
  return chiSquareOfStarts(counts, { base: 1024, size: 64_512 }, partOf);
}

/** Ports in 16 parts of 4096. */
function histogram(ports: readonly number[]): number[] {
  const counts = new Array<number>(16).fill(0);
  for (const port of ports) counts[partOf(port)]! += 1;
  return counts;
}

function recordedHistogram(line: Line): number[] {
  const counts = JSON.parse(line.hist4096 as string) as Record<string, number>;
  return Array.from({ length: 16 }, (_, part) => counts[part] ?? 0);
}

/**
 * A 16-bit start modulo 64,512 gives 1024-2047 twice as often as any other thousand: 1024-4095 in 4096 of
 * 65,536 cases, and in 3072 of 64,512 were it uniform.
 */
function lowPortRow(line: Line): ValidationRow {
  const variant = line.variant as string;
  const simulated = histogram(searched(latePorts(twoPodsLab(variant), 10_000)));
  const recorded = recordedHistogram(line);
  const within = (counts: readonly number[]) => {
    const { low, high } = wilson(counts[0]!, sumOf(counts), 0.999);
    return low <= 1 / 16 && 1 / 16 <= high && low > 3072 / 64_512;
  };
  return compared({
    what: `${variant}, the second 30 us late: it gets 1024-4095`,
    expected: share(recorded[0]!, sumOf(recorded)),
    simulated: share(simulated[0]!, sumOf(simulated)),
    tolerance: '0.0625 within Wilson 99.9 %, and 0.0476 (uniform) not',
    agrees: within(recorded) && within(simulated),
    note: 'the draw is a 16-bit number modulo 64,512, so 1024-2047 come twice as often',
  });
}

/** The ports of late seconds that had to search. */
function searched(ports: ReturnType<typeof latePorts>): number[] {
  return ports.filter(({ wanted, second }) => second !== wanted).map(({ second }) => second);
}

/** `--to-ports` with the source port inside the range (lab report, section 3). */
function keptInRangeRow(): ValidationRow {
  const range = [SOURCE_PORT - 100, SOURCE_PORT + 155] as const;
  const ports = latePorts({ kernel: KERNEL, masquerade: 'preserve', toPorts: range }, 2_000, SOURCE_PORT);
  const kept = ports.filter(({ wanted, first, second }) => (first === wanted) !== (second === wanted)).length;
  const inside = ports.every(({ first, second }) =>
    [first, second].every((port) => port >= range[0] && port <= range[1]),
  );
  const next = ports.filter(({ second }) => second === SOURCE_PORT + 1).length;
  return compared({
    what: 'to-ports with the source port inside the range, the second 30 us late',
    expected: 'first keeps, second random in the range',
    simulated: `one keeps in ${kept} of ${ports.length} pairs, all in the range; port + 1: ${next}`,
    tolerance: 'kept and range exact; port + 1 in 1 of 255',
    agrees: kept === ports.length && inside && withinDeviations(next, ports.length, 1 / 255),
  });
}

const MAPS: Readonly<Record<string, Omit<Lab, 'kernel'>>> = {
  default: { masquerade: 'preserve' },
  toports4096_outside: { masquerade: 'preserve', toPorts: [FIRST_PORT, FIRST_PORT + 4095] },
  'toports4096_random-fully': { masquerade: 'random-fully', toPorts: [FIRST_PORT, FIRST_PORT + 4095] },
  'random-fully': { masquerade: 'random-fully' },
  random: { masquerade: 'random' },
};

/** One socket to many destinations: without random flags the first mapping is used again for all. */
function reuseRow(line: Line): ValidationRow {
  const variant = line.variant as string;
  const flows = numberOf(line, 'flows');
  const bed = new Testbed(labScenario({ kernel: KERNEL, ...(MAPS[variant] as Omit<Lab, 'kernel'>) }), {
    seed: SEED,
  });
  const ports = Array.from({ length: flows }, (_, to) => {
    const sent = bed.send({ protocol: 'udp', pod: 0, port: 40_000, to, cpu: 0, atNs: bed.now });
    bed.run(bed.now + 1e6);
    return String(sent.source.port);
  });
  const [recorded, simulated] = [numberOf(line, 'distinct_mapped_ports'), distinct(ports).length];
  const random = variant.includes('random');
  const range = variant.startsWith('toports') ? 4096 : 64_512;
  const repeats = (flows * (flows - 1)) / 2 / range;
  const kept = ports.filter((port) => port === '40000').length;
  const keeps = variant === 'default' ? flows : 0;
  return compared({
    what: `one socket to ${flows} destinations, ${variant}: mapped ports`,
    expected: `${recorded}, own port kept ${line.kept} times`,
    simulated: `${simulated}, own port kept ${kept} times`,
    tolerance: random
      ? `${flows} less at most ${Math.ceil(repeats + 3.3 * Math.sqrt(repeats) + 1)} repeats ` +
        '(birthdays, 99.9 %)'
      : `exact (${lab(11)})`,
    agrees:
      numberOf(line, 'kept') === keeps &&
      kept === keeps &&
      (random
        ? [recorded, simulated].every((n) => n >= flows - Math.ceil(repeats + 3.3 * Math.sqrt(repeats) + 1))
        : recorded === 1 && simulated === 1),
  });
}
