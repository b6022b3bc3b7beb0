/**
 * Which port the node picks (`old-e3-port-picks.csv`): lists of 50 picks for flows that all want one port.
 */
import { Testbed } from '../../src/simulation/testbed.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { labScenario } from './labScenario.ts';
import { distinct, numberOf, recording, releaseOf, sumOf } from './recordings.ts';
import { chiSquareOfStarts, compared, digits } from './rows.ts';

const SEED = 'port picks';
const LINES = recording('old-e3-port-picks.csv');
const KERNELS = distinct(LINES.map(releaseOf));
const FLAGS = { default: 'preserve', random: 'random', fully: 'random-fully' } as const;
type Flag = keyof typeof FLAGS;

/** The lists of one kernel, protocol and flag are made one after the other, on one boot. */
const PICKS_PER_LIST = 50;
/** Lists that the model makes of each kind where picks are random; the recording has one. */
const LISTS_SIMULATED = 10;

interface Picks {
  readonly wanted: number;
  /** Port of the flow that came first. */
  readonly occupant: number;
  readonly picks: readonly number[];
}

function recordedLists(kernel: string, protocol: string, flag: Flag): Picks[] {
  return LINES.filter(
    (line) => releaseOf(line) === kernel && (line.case as string).startsWith(`${protocol}_${flag}`),
  ).map((line) => ({
    wanted: numberOf(line, 'wanted_port'),
    occupant: numberOf(line, 'occupant_got_port'),
    picks: (line.picks_in_order as string).split(' ').map(Number),
  }));
}

/**
 * A flow that holds the port, then 50 more that want it, all to one destination; `wanted` in order, the last
 * one after a flush. The rover is set to where the recorded machine had it.
 */
function simulatedLists(
  kernel: string,
  protocol: 'udp' | 'tcp',
  flag: Flag,
  wanted: readonly number[],
  rover: number,
  replication = 0,
): Picks[] {
  const bed = new Testbed(labScenario({ kernel, masquerade: FLAGS[flag] }), {
    seed: `${SEED}, ${kernel}, ${flag}`,
    replication,
    podsUntracked: true,
  });
  bed.netfilter.rovers[protocol === 'udp' ? 17 : 6] = rover;
  return wanted.map((port, i) => {
    // As good as a flush: no entry lives longer.
    if (i > 0 && wanted.indexOf(port) < i) bed.run(bed.now + 200e9);
    const flow = (pod: number) => {
      const sent = bed.send({ protocol, pod, port, to: 0, cpu: 0, atNs: bed.now });
      bed.run(bed.now + 1e6);
      return sent.source.port;
    };
    const occupant = flow(0);
    return { wanted: port, occupant, picks: Array.from({ length: PICKS_PER_LIST }, (_, k) => flow(k + 1)) };
  });
}

export function portPickTable(): ValidationTable {
  const old = KERNELS.filter((kernel) => kernel.startsWith('4.'));
  const recent = KERNELS.filter((kernel) => !kernel.startsWith('4.'));
  return {
    id: 'old-port-picks',
    title: 'The port picked where the wanted one is taken, kernels 4.4 to 6.1',
    source: '`test/data/old-e3-port-picks.csv`, experiment E3 (real kernels, emulated machine)',
    about:
      'Lists of 50 picks. Where the picks follow from a counter, the model starts at the first ' +
      'recorded pick and must give every other; where they follow from a secret of the boot, the ' +
      'pattern must be the same; random picks from 1024 up must be those of a 16-bit random start ' +
      `modulo the range (chi-square over 8 equal parts, 99.9 %). Seed "${SEED}".`,
    rows: [
      ...old.flatMap((kernel) => [roverRow(kernel, 'udp'), roverRow(kernel, 'tcp')]),
      ...old.map(hashRow),
      ...recent.flatMap((kernel) => [uniformRow(kernel, 'default'), uniformRow(kernel, 'random')]),
      ...KERNELS.map((kernel) => uniformRow(kernel, 'fully')),
      ...KERNELS.map(classRow),
    ],
  };
}

/** Up to 4.20: one counter per protocol, taken modulo the size of each class. */
function roverRow(kernel: string, protocol: 'udp' | 'tcp'): ValidationRow {
  const recorded = recordedLists(kernel, protocol, 'default');
  const start = recorded[0]!.picks[0]! - 1024;
  const simulated = simulatedLists(
    kernel,
    protocol,
    'default',
    recorded.map(({ wanted }) => wanted),
    start,
  );
  const equal = sumOf(
    recorded.map(({ picks }, i) => picks.filter((port, k) => simulated[i]!.picks[k] === port).length),
  );
  const occupants = recorded.every(({ occupant }, i) => occupant === simulated[i]!.occupant);
  const all = sumOf(recorded.map(({ picks }) => picks.length));
  return compared({
    what:
      `${kernel}, ${protocol}, default: the counter, starting at ${start}, wanted ` +
      `${recorded.map(({ wanted }) => wanted).join(', ')}`,
    expected: sayLists(recorded),
    simulated: `${sayLists(simulated)}; ${equal} of ${all} picks equal`,
    tolerance: 'every pick exact',
    agrees: equal === all && occupants,
  });
}

/** Up to 4.20 `--random` starts at one secret of (address, destination, port), and goes on by one. */
function hashRow(kernel: string): ValidationRow {
  const recorded = recordedLists(kernel, 'udp', 'random');
  const tcp = recordedLists(kernel, 'tcp', 'random');
  const simulated = simulatedLists(kernel, 'udp', 'random', [40000, 500, 700, 40000], 0);
  const simulatedTcp = simulatedLists(kernel, 'tcp', 'random', [40000], 0);
  return compared({
    what: `${kernel}, --random: one start for every flow to a destination`,
    expected: sayHash(recorded, tcp),
    simulated: sayHash(simulated, simulatedTcp),
    tolerance: 'pattern exact (the start is a secret of the boot)',
    agrees: isHash(recorded, tcp) && isHash(simulated, simulatedTcp),
  });
}

/** One 16-bit start gives the first port of every list, modulo its class; each pick is the next free port. */
function isHash(udp: readonly Picks[], tcp: readonly Picks[]): boolean {
  const lists = [...udp, ...tcp];
  const ascending = lists.every(({ wanted, occupant, picks }) => {
    const { base, size } = classOf(wanted);
    return picks.every((port, k) => port === base + ((occupant - base + 1 + k) % size));
  });
  const starts = Array.from({ length: 65_536 }, (_, start) => start).filter((start) =>
    lists.every(({ wanted, occupant }) => {
      const { base, size } = classOf(wanted);
      return base + (start % size) === occupant;
    }),
  );
  return ascending && starts.length === 1;
}

function sayHash(udp: readonly Picks[], tcp: readonly Picks[]): string {
  const starts = [...udp, ...tcp].map(({ wanted, occupant }) => `${occupant} (wanted ${wanted})`);
  return `${starts.join(', ')}, each with the next 50 ports of its class`;
}

function sayLists(lists: readonly Picks[]): string {
  return lists.map(({ picks }) => `${picks[0]} to ${picks[picks.length - 1]}`).join(', ');
}

/** The implicit classes of ports, the same on all kernels. */
function classOf(wanted: number): { base: number; size: number } {
  if (wanted < 512) return { base: 1, size: 511 };
  return wanted < 1024 ? { base: 600, size: 424 } : { base: 1024, size: 64_512 };
}

/**
 * 99.9 % quantile of chi-square with 7 degrees of freedom; 34 tests: a false alarm in 3 % of new recordings.
 */
const CHI_SQUARE_LIMIT = 24.32;
const PARTS = 8;

function uniformRow(kernel: string, flag: Flag): ValidationRow {
  const recorded = (['udp', 'tcp'] as const).flatMap((protocol) => recordedLists(kernel, protocol, flag));
  const simulated = Array.from({ length: LISTS_SIMULATED }, (_, replication) =>
    simulatedLists(kernel, 'udp', flag, [40000, 500, 700], 0, replication),
  ).flat();
  const own = (lists: readonly Picks[]) =>
    `${lists.filter(({ wanted, occupant }) => wanted === occupant).length} of ${lists.length} first ` +
    'flows keep their port';
  const kept = flag === 'default';
  const [recordedChi, simulatedChi] = [chiSquare(recorded), chiSquare(simulated)];
  return compared({
    what:
      `${kernel}, ` +
      `${flag === 'default' ? 'default' : flag === 'fully' ? '--random-fully' : '--random'}: random`,
    expected: `chi-square ${digits(recordedChi)}; ${own(recorded)}`,
    simulated: `chi-square ${digits(simulatedChi)}; ${own(simulated)}`,
    tolerance:
      `chi-square below ${CHI_SQUARE_LIMIT}; first flows ${kept ? 'all' : 'none'} (of a class of 424, ` +
      'one by chance)',
    agrees:
      recordedChi < CHI_SQUARE_LIMIT &&
      simulatedChi < CHI_SQUARE_LIMIT &&
      [recorded, simulated].every((lists) => {
        const n = lists.filter(({ wanted, occupant }) => wanted === occupant).length;
        return kept ? n === lists.length : n <= 1;
      }),
  });
}

/** Of the picks in the class from 1024 up. */
function chiSquare(lists: readonly Picks[]): number {
  const ports = lists.filter(({ wanted }) => wanted >= 1024).flatMap(({ picks }) => picks);
  const range = classOf(1024);
  const partOf = (port: number) => Math.floor(((port - range.base) / range.size) * PARTS);
  const counts = new Array<number>(PARTS).fill(0);
  for (const port of ports) counts[partOf(port)]! += 1;
  return chiSquareOfStarts(counts, range, partOf);
}

function classRow(kernel: string): ValidationRow {
  const flags = Object.keys(FLAGS) as Flag[];
  const recorded = flags.flatMap((flag) => [
    ...recordedLists(kernel, 'udp', flag),
    ...recordedLists(kernel, 'tcp', flag),
  ]);
  const simulated = flags.flatMap((flag) => simulatedLists(kernel, 'udp', flag, [500, 700, 40000], 0));
  const outside = (lists: readonly Picks[]) =>
    sumOf(
      lists.map(({ wanted, picks }) => {
        const { base, size } = classOf(wanted);
        return picks.filter((port) => port < base || port >= base + size).length;
      }),
    );
  return compared({
    what: `${kernel}: picks outside the class of the wanted port (1-511, 600-1023, 1024-65535)`,
    expected: `${outside(recorded)} of ${sumOf(recorded.map(({ picks }) => picks.length))}`,
    simulated: `${outside(simulated)} of ${sumOf(simulated.map(({ picks }) => picks.length))}`,
    tolerance: 'exact',
    agrees: outside(recorded) === 0 && outside(simulated) === 0,
  });
}

/** Every line of the recording stands in a row. */
export function pickLines(): { readonly recorded: number; readonly compared: number } {
  const flags = Object.keys(FLAGS) as Flag[];
  return {
    recorded: LINES.length,
    compared: sumOf(
      KERNELS.flatMap((kernel) =>
        flags.flatMap((flag) =>
          (['udp', 'tcp'] as const).map((protocol) => recordedLists(kernel, protocol, flag).length),
        ),
      ),
    ),
  };
}
