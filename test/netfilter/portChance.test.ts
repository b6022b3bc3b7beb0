/** What a search could have drawn instead, against every start that it can draw (`portChance.ts`). */
import { describe, expect, it } from 'vitest';
import { NONE, TCP_STATE_SHIFT } from '../../src/netfilter/entry.ts';
import type { NatRange } from '../../src/netfilter/natRange.ts';
import type { Packet } from '../../src/netfilter/packet.ts';
import {
  chanceOfSearch,
  endFromRover,
  holderOf,
  keepsPorts,
  portWithoutSearch,
  startsAtRover,
} from '../../src/netfilter/portChance.ts';
import { TCP_TIME_WAIT } from '../../src/netfilter/tcpTracker.ts';
import { TCP, UDP } from '../../src/netfilter/tuple.ts';
import { Bench, masquerade, occupy, packetOf, SERVER } from './builders.ts';

const STARTS = 65536;
const BASE = 20000;

interface Table {
  readonly release: string;
  readonly flag: NatRange['flag'];
  readonly size: number;
  /** Offsets of the ports that are taken. */
  readonly taken: readonly number[];
  /** Those of them that a SYN may take over. */
  readonly closing?: readonly number[];
  readonly protocol?: number;
}

/** The table, and a packet that has searched from this start; further rounds start where `later` says. */
function searched(table: Table, start: number, later: readonly number[] = []) {
  const { release, flag, size, taken, closing = [], protocol = UDP } = table;
  const bench = new Bench(release).drawOffsets(start, ...later);
  // Other flows first, so that no entry of the test is the first of the table.
  for (let n = 1; n <= 3; n++) occupy(bench, n);
  for (const offset of taken) occupy(bench, BASE + offset, { protocol });
  for (const offset of closing) {
    occupy(bench, BASE + offset, { protocol: TCP, status: TCP_TIME_WAIT << TCP_STATE_SHIFT });
  }
  const range = masquerade(flag, { min: BASE, max: BASE + size - 1 });
  const packet = packetOf(protocol, '10.1.0.1:40000', SERVER, { sequenceEnd: 1 });
  bench.path.lookup(packet, 0);
  bench.path.keepDestination(packet, 0);
  bench.path.searchSource(packet, range, 0);
  return { bench, packet, range };
}

/** Share of starts from which a search ends at each offset. Starts that agree modulo the size end alike. */
function endsByStart(table: Table): number[] {
  const ends = Array<number>(table.size).fill(0);
  for (let start = 0; start < table.size; start++) {
    const { packet } = searched(table, start);
    if (!packet.searchGaveUp) ends[packet.chosenPort - BASE] = (ends[packet.chosenPort - BASE] as number) + 1;
  }
  return ends.map((count) => count / table.size);
}

/** The chances, told before a port is granted, from one start. */
function chances(table: Table, start: number): number[] {
  const { bench, packet, range } = searched(table, start);
  return Array.from({ length: table.size }, (_, offset) =>
    // Of a port that is taken nothing is said.
    holderOf(bench.netfilter, packet, BASE + offset) === NONE
      ? chanceOfSearch(bench.netfilter, packet, range, BASE + offset)
      : 0,
  );
}

const RUNS = [0, 1, 2, 5, 9, 10, 11, 12, 13, 15];

describe('the chance that a search ends at a port is the share of starts that lead there', () => {
  const tables: readonly (readonly [string, Table])[] = [
    ['since 5.0, within one round', { release: '6.18', flag: 'random-fully', size: 16, taken: RUNS }],
    ['since 5.0, --random', { release: '5.4.286', flag: 'random', size: 16, taken: RUNS }],
    ['stable series without rover', { release: '4.14.265', flag: 'preserve', size: 16, taken: RUNS }],
    [
      'up to 4.20, every port but the last',
      { release: '4.14.96', flag: 'random-fully', size: 16, taken: RUNS },
    ],
    [
      'a run that goes on at the other end of the range',
      { release: '6.18', flag: 'random-fully', size: 8, taken: [0, 1, 7] },
    ],
    ['nothing taken', { release: '6.18', flag: 'random-fully', size: 8, taken: [] }],
    [
      'all but one taken, whole range',
      { release: '4.14.96', flag: 'random-fully', size: 8, taken: [0, 1, 2, 3, 5, 6, 7] },
    ],
  ];

  it.each(tables)('%s', (_, table) => {
    const ends = endsByStart(table);
    const free = ends.findIndex((_share, offset) => !table.taken.includes(offset));
    const told = chances(table, free);
    for (const [offset, share] of ends.entries()) {
      if (!table.taken.includes(offset)) expect(told[offset]).toBeCloseTo(share, 12);
    }
  });

  it('with closing TCP flows in the way, which only the last 32 probes of a round may take over', () => {
    // A round of 64 probes: the first 32 pass over closing flows, the others take the first they meet.
    const wall = Array.from({ length: 60 }, (_, i) => i);
    for (const closing of [[], [55], [40, 55], [10], [0, 59]]) {
      const table: Table = {
        release: '6.18',
        flag: 'random-fully',
        size: 64,
        taken: wall.filter((offset) => !closing.includes(offset)),
        closing,
        protocol: TCP,
      };
      const told = chances(table, 62);
      const ends = endsByStart(table);
      for (const [offset, share] of ends.entries()) {
        if (!table.taken.includes(offset) && !closing.includes(offset)) {
          expect(told[offset]).toBeCloseTo(share, 12);
        }
      }
    }
  });

  it('in a range that does not divide 65536: low offsets have a start more', () => {
    const table: Table = { release: '6.18', flag: 'random-fully', size: 48, taken: [] };
    const told = chances(table, 3);
    // 65536 = 1365 * 48 + 16.
    expect(told).toEqual([...Array(16).fill(1366 / STARTS), ...Array(32).fill(1365 / STARTS)]);
  });
});

describe('in a range of more than 128 ports', () => {
  const wall = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);
  const chanceAt = (
    taken: readonly number[],
    offset: number,
    start: number,
    later: readonly number[] = [],
  ) => {
    const table: Table = { release: '6.18', flag: 'random-fully', size: 512, taken };
    const { bench, packet, range } = searched(table, start, later);
    return { chance: chanceOfSearch(bench.netfilter, packet, range, BASE + offset), packet };
  };

  it('a round gets no further than its probes: 127 taken ports before the free one can be crossed', () => {
    expect(chanceAt(wall(100), 100, 300).chance).toBeCloseTo(101 / 512, 12);
    expect(chanceAt(wall(127), 127, 300).chance).toBeCloseTo(128 / 512, 12);
    expect(chanceAt(wall(200), 200, 300).chance).toBeCloseTo(128 / 512, 12);
  });

  it('each round that was reached adds its own starts', () => {
    // The first round starts in the wall and ends in it, 128 probes later; the second and third draw anew.
    const second = chanceAt(wall(200), 200, 0, [300]);
    expect(second.packet.probes).toBe(129);
    expect(second.chance).toBeCloseTo((128 + 64) / 512, 12);
    const third = chanceAt(wall(200), 200, 0, [0, 300]);
    expect(third.packet.probes).toBe(193);
    expect(third.chance).toBeCloseTo((128 + 64 + 32) / 512, 12);
    const last = chanceAt(wall(200), 200, 0, [0, 0, 0, 0]);
    expect(last.packet.searchGaveUp).toBe(true);
    expect(last.chance).toBeCloseTo((128 + 64 + 32 + 16 + 8) / 512, 12);
  });
});

describe('a search that draws nothing', () => {
  it.each([
    ['4.14.96', 'random'],
    ['4.14.265', 'random'],
  ] as const)('on %s with --%s ended where it had to', (release, flag) => {
    const { bench, packet, range } = searched({ release, flag, size: 16, taken: [] }, 0);
    expect(chanceOfSearch(bench.netfilter, packet, range, packet.chosenPort)).toBe(1);
    expect(chanceOfSearch(bench.netfilter, packet, range, packet.chosenPort + 1)).toBe(0);
  });

  it('found nothing if it gave up', () => {
    const table: Table = { release: '4.14.96', flag: 'preserve', size: 8, taken: [0, 1, 2, 3, 4, 5, 6, 7] };
    const { bench, packet, range } = searched(table, 0);
    expect(packet.searchGaveUp).toBe(true);
    expect(chanceOfSearch(bench.netfilter, packet, range, packet.chosenPort)).toBe(0);
  });

  it('has no chance at all if it was not made, or outside of its range', () => {
    const { bench, packet, range } = searched(
      { release: '6.18', flag: 'random-fully', size: 16, taken: [] },
      0,
    );
    expect(chanceOfSearch(bench.netfilter, packet, range, BASE - 1)).toBe(0);
    expect(chanceOfSearch(bench.netfilter, packet, range, BASE + 16)).toBe(0);
    expect(chanceOfSearch(bench.netfilter, packet, range, BASE + 15)).toBe(1 / 16);
    packet.probes = 0;
    expect(chanceOfSearch(bench.netfilter, packet, range, BASE)).toBe(0);
  });
});

describe('which rules keep a port, and which then start at the rover', () => {
  it.each([
    ['3.10', 'preserve', true, true],
    ['3.10', 'random', false, false],
    // The kernel does not know the flag.
    ['3.10', 'random-fully', true, true],
    ['4.14.96', 'random-fully', false, false],
    ['4.14.96', 'preserve', true, true],
    ['4.14.265', 'preserve', true, false],
    ['6.18', 'preserve', true, false],
    ['6.18', 'random', false, false],
  ] as const)('%s --%s', (release, flag, keeps, starts) => {
    const { netfilter } = new Bench(release);
    expect(keepsPorts(netfilter, masquerade(flag))).toBe(keeps);
    expect(startsAtRover(netfilter, masquerade(flag))).toBe(starts);
  });
});

describe('the holder of a port', () => {
  it('is the live entry that answers from the server would reach, at the NAT address asked for', () => {
    const { bench, packet } = searched({ release: '6.18', flag: 'random-fully', size: 8, taken: [3] }, 0);
    const { netfilter } = bench;
    expect(holderOf(netfilter, packet, BASE + 3) >> 1).toBeGreaterThan(0);
    expect(holderOf(netfilter, packet, BASE + 4)).toBe(NONE);
    expect(holderOf(netfilter, packet, BASE + 3, packet.chosenSource + 1)).toBe(NONE);
    occupy(bench, BASE + 5, { lifeMs: 1000 });
    expect(holderOf(netfilter, packet, BASE + 5)).not.toBe(NONE);
    bench.advance(1000);
    expect(holderOf(netfilter, packet, BASE + 5)).toBe(NONE);
  });
});

describe('the end of a search from the rover', () => {
  it.each([
    [0, []],
    [7, []],
    [3, [3, 4, 5]],
    [6, [6, 7, 0, 1]],
    [65535, [7]],
    [2, [0, 1, 2, 3, 4, 5, 6]],
  ] as const)('that stands at %i, past %j, is where the search itself ends', (rover, taken) => {
    const bench = new Bench('4.14.96');
    for (let n = 1; n <= 3; n++) occupy(bench, n);
    for (const offset of taken) occupy(bench, BASE + offset);
    bench.netfilter.rovers[UDP] = rover;
    const range = masquerade('preserve', { min: BASE, max: BASE + 7 });
    const packet = packetOf(UDP, '10.1.0.1:40000', SERVER);
    bench.path.lookup(packet, 0);
    bench.path.keepDestination(packet, 0);
    packet.chosenSource = range.addresses[0] as number;
    const told = endFromRover(bench.netfilter, packet, range);
    bench.path.searchSource(packet, range, 0);
    expect(told).toBe(packet.searchGaveUp ? -1 : packet.chosenPort);
  });

  it('is nowhere if every port that is tested is taken', () => {
    const { bench, packet, range } = searched(
      { release: '4.14.96', flag: 'preserve', size: 4, taken: [0, 1, 2] },
      0,
    );
    bench.netfilter.rovers[UDP] = 0;
    expect(endFromRover(bench.netfilter, packet, range)).toBe(-1);
  });
});

describe('a rule without --to-ports', () => {
  const range = masquerade('random-fully');

  it.each([
    [500, 1, 511],
    [900, 600, 424],
    [40000, 1024, 64512],
  ])('looks in the class of the own port %i: from %i on, %i ports', (own, base, size) => {
    const bench = new Bench('6.18');
    for (let n = 1; n <= 3; n++) occupy(bench, n, { remote: '203.0.113.9:53' });
    const packet = packetOf(UDP, `10.1.0.1:${own}`, SERVER);
    bench.path.lookup(packet, 0);
    bench.path.searchSource(packet, range, 0);
    const starts = (offset: number) => Math.ceil((STARTS - offset) / size) / STARTS;
    expect(chanceOfSearch(bench.netfilter, packet, range, base)).toBe(starts(0));
    expect(chanceOfSearch(bench.netfilter, packet, range, base + size - 1)).toBe(starts(size - 1));
    expect(chanceOfSearch(bench.netfilter, packet, range, base - 1)).toBe(0);
    expect(chanceOfSearch(bench.netfilter, packet, range, base + size)).toBe(0);
    bench.netfilter.rovers[UDP] = size + 2;
    expect(endFromRover(bench.netfilter, packet, range)).toBe(base + 2);
  });
});

describe('the port that a packet would have got without a search', () => {
  /** Flows of the pod to other servers, by own port: their mapping. */
  const known: readonly (readonly [own: number, mapped: number])[] = [
    [30001, 20001],
    [30002, 20002],
    [30003, 29999],
    [30004, 20004],
    [20006, 20007],
  ];

  function bench(): Bench {
    const made = new Bench('6.18');
    for (let n = 1; n <= 3; n++) occupy(made, n);
    for (const [own, mapped] of known) {
      occupy(made, mapped, { pod: `10.1.0.1:${own}`, remote: '203.0.113.9:53' });
    }
    made.table.forEachConfirmed((entry) => {
      if (entry >= 3) made.table.bySource.add(entry);
    });
    // Flows that have expired and stand in the table: to another server, and to this one.
    for (const [own, mapped, remote] of [
      [30007, 20011, '203.0.113.8:53'],
      [30008, 20012, SERVER],
    ] as const) {
      made.table.bySource.add(occupy(made, mapped, { pod: `10.1.0.1:${own}`, remote, lifeMs: 1000 }));
    }
    made.advance(2000);
    // Towards the server 20002 and 20009 are taken, by others.
    occupy(made, 20002);
    occupy(made, 20009);
    return made;
  }

  const range = masquerade('preserve', { min: 20000, max: 20015 });

  /** What the kernel's steps do with a packet from this port. */
  function granted(port: number): { readonly packet: Packet; readonly bench: Bench } {
    const made = bench();
    const packet = packetOf(UDP, `10.1.0.1:${port}`, SERVER);
    made.path.lookup(packet, 0);
    made.path.keepDestination(packet, 0);
    made.path.searchSource(packet, range, 0);
    return { packet, bench: made };
  }

  it.each([30001, 30002, 30003, 30004, 30005, 30007, 30008, 20000, 20009, 20010, 20015, 20016, 19999])(
    'from %i is what the steps grant it',
    (port) => {
      const { packet } = granted(port);
      const other = granted(40000);
      expect(other.packet.probes).toBeGreaterThan(0);
      expect(portWithoutSearch(other.bench.netfilter, other.packet, range, port)).toBe(
        packet.probes === 0 ? packet.chosenPort : NONE,
      );
    },
  );

  it('is not that of the packet itself, once its own mapping is published', () => {
    const { packet, bench: made } = granted(40000);
    made.path.grantSource(packet);
    expect(portWithoutSearch(made.netfilter, packet, range, 40000)).toBe(NONE);
  });
});
