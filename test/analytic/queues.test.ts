/**
 * The engine, a node and a DNS server as queues. What theory says of one run, whatever was drawn, is checked
 * exactly; what it says of the mean, at ALPHA (`withinAlpha.ts`).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Distribution } from '../../src/engine/distribution.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { SECOND } from '../../src/engine/time.ts';
import { nodeTraffic } from './nodeTraffic.ts';
import { runQueue, waitsByRecursion } from './queueModel.ts';
import {
  dnsServer,
  dnsServerCheck,
  LONG_STEPS,
  LONG_WINDOW_NS,
  NODE_SERVICE_NS,
  nodeCheck,
  queueChecks,
  simulatedServerCheck,
  takenOfBurst,
  total,
} from './queues.ts';
import { AlphaFamily } from './withinAlpha.ts';

const SEED = 20_241;
/** 3 for each of 12 queues, 14 servers, 8 nodes. */
const family = new AlphaFamily(58);

const seeds = fc.nat().map((n) => `queue ${n}`);
const loads = fc.double({ min: 0.2, max: 0.8, noNaN: true });

/** Short times too, so that many events share a nanosecond. */
const times: fc.Arbitrary<Distribution> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), valueNs: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('exponential' as const), meanNs: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({
    kind: fc.constant('uniform' as const),
    minNs: fc.constant(0),
    maxNs: fc.integer({ min: 1, max: 60 }),
  }),
);

describe('a queue of engine parts', () => {
  it('serves every customer when Kiefer and Wolfowitz’ recursion says, to the nanosecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), times, times, seeds, (servers, gap, service, seed) => {
        const run = runQueue({ servers, gap, service, customers: 300, seed, replication: 0 });
        expect(run.waits).toEqual(waitsByRecursion(run.gaps, run.services, servers));
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('obeys L = lambda W exactly over a finished busy period', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), times, times, seeds, (servers, gap, service, seed) => {
        const { gaps, departures, area } = runQueue({
          servers,
          gap,
          service,
          customers: 300,
          seed,
          replication: 0,
        });
        let arrival = 0;
        let sojourns = 0;
        gaps.forEach((step, i) => {
          arrival += step;
          sojourns += (departures[i] as number) - arrival;
        });
        expect(area).toBe(sojourns);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it.each([
    ['M/M/c (Erlang C)', 'exponential', 5],
    ['M/D/1 (Pollaczek and Khinchine)', 'constant', 4],
    ['M/G/1, lognormal', 'lognormal', 3],
  ] as const)('waits as theory says: %s', (_, service, numRuns) => {
    const servers = service === 'exponential' ? fc.integer({ min: 1, max: 8 }) : fc.constant(1);
    const cv = fc.double({ min: 0.1, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(servers, loads, cv, seeds, (count, load, variation, seed) => {
        const queue = { servers: count, load, service, cv: variation, customers: 12_000, seed };
        for (const check of queueChecks(queue)) family.withinAlpha(check);
      }),
      { seed: SEED, numRuns, endOnFailure: true },
    );
  });
});

describe('a DNS server of limited capacity', () => {
  it('answers each query when Lindley’s recursion says, if a service is of whole nanoseconds', () => {
    fc.assert(
      fc.property(fc.constantFrom(1000, 62_500, 250_000_000), seeds, (perSecond, seed) => {
        const serviceNs = SECOND / perSecond;
        const draws = new RandomStreams(seed, 0).stream('gaps');
        const server = dnsServer(new RandomStreams(seed, 0), perSecond, 1e9);
        const gaps = Array.from({ length: 300 }, (_, i) => draws.integer(0, i, 3 * serviceNs));
        let now = 0;
        const waits = gaps.map((gap, i) => {
          now += gap;
          return server.serve(0, i, now) - serviceNs;
        });
        expect(waits).toEqual(
          waitsByRecursion(
            gaps,
            gaps.map(() => serviceNs),
            1,
          ),
        );
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('takes queue + 1 of a burst, if a service is a whole number of nanoseconds', () => {
    const capacities = fc.constantFrom(1, 8, 1000, 3125, 500_000);
    fc.assert(
      fc.property(capacities, fc.integer({ min: 0, max: 500 }), fc.nat(1e12), (perSecond, queue, at) => {
        expect(takenOfBurst(perSecond, queue, at)).toBe(queue + 1);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('keeps queries waiting as M/D/1 does', () => {
    fc.assert(
      fc.property(loads, seeds, (load, seed) => {
        family.withinAlpha(dnsServerCheck({ load, queue: null, queries: 20_000, seed }));
      }),
      { seed: SEED, numRuns: 6, endOnFailure: true },
    );
  });

  it('keeps lookups of a whole simulation waiting so', () => {
    for (const load of [0.5, 0.75]) family.withinAlpha(simulatedServerCheck({ load, seed: 'simulated' }));
  });

  it('loses queries as M/D/1/K does, beyond its capacity too', () => {
    const offered = fc.double({ min: 0.6, max: 2, noNaN: true });
    fc.assert(
      fc.property(offered, fc.integer({ min: 0, max: 8 }), seeds, (load, queue, seed) => {
        family.withinAlpha(dnsServerCheck({ load, queue, queries: 20_000, seed }));
      }),
      { seed: SEED, numRuns: 6, endOnFailure: true },
    );
  });
});

describe('a CPU of a node', () => {
  const flows = fc.constantFrom('untracked' as const, 'new' as const);

  it('serves each packet when Lindley’s recursion says, to the nanosecond, and is busy for no more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), loads, flows, seeds, (cpus, load, kind, seed) => {
        const run = nodeTraffic({
          cpus,
          backlog: 1e6,
          steps: { ...LONG_STEPS, spread: 0 },
          windowNs: LONG_WINDOW_NS,
          flows: kind,
          packets: 500,
          meanGapNs: NODE_SERVICE_NS / (cpus * load),
          seed,
          replication: 0,
        });
        for (let cpu = 0; cpu < cpus; cpu++) {
          const [gaps, sojourns] = packetsOf(run, cpu);
          const services = gaps.map(() => NODE_SERVICE_NS);
          expect(sojourns.map((sojourn) => sojourn - NODE_SERVICE_NS)).toEqual(
            waitsByRecursion(gaps, services, 1),
          );
        }
        expect(run.busyNs).toBe(500 * NODE_SERVICE_NS);
        expect(run.backlogDrops).toBe(0);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('drops what a full input queue must drop, packet by packet', () => {
    const overload = fc.double({ min: 0.8, max: 3, noNaN: true });
    fc.assert(
      fc.property(overload, fc.integer({ min: 0, max: 6 }), flows, seeds, (load, backlog, kind, seed) => {
        const { gaps, sojourns, backlogDrops, busyNs } = nodeTraffic({
          cpus: 1,
          backlog,
          steps: { ...LONG_STEPS, spread: 0 },
          windowNs: LONG_WINDOW_NS,
          flows: kind,
          packets: 500,
          meanGapNs: NODE_SERVICE_NS / load,
          seed,
          replication: 0,
        });
        expect(sojourns).toEqual(sojournsOfFiniteQueue(gaps, NODE_SERVICE_NS, backlog + 1));
        const dropped = sojourns.filter((ns) => ns === -1).length;
        expect(dropped).toBeGreaterThan(0);
        expect([backlogDrops, busyNs]).toEqual([dropped, (500 - dropped) * NODE_SERVICE_NS]);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('keeps packets waiting as M/G/1 does, at any spread of its steps', () => {
    // At a spread above .5 the steps' tabulated quantiles fall short of it: see the validation table.
    const spreads = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        loads,
        spreads,
        flows,
        seeds,
        (cpus, load, spread, kind, seed) => {
          family.withinAlpha(
            nodeCheck({ cpus, load, spread, backlog: null, flows: kind, packets: 12_000, seed }),
          );
        },
      ),
      { seed: SEED, numRuns: 5, endOnFailure: true },
    );
  });

  it('drops packets as M/D/1/K does', () => {
    const offered = fc.double({ min: 0.7, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(offered, fc.integer({ min: 0, max: 6 }), flows, seeds, (load, backlog, kind, seed) => {
        family.withinAlpha(
          nodeCheck({ cpus: 2, load, spread: 0, backlog, flows: kind, packets: 12_000, seed }),
        );
      }),
      { seed: SEED, numRuns: 3, endOnFailure: true },
    );
  });
});

it('makes as many checks as its false-alarm rate was stated for', () => {
  expect(family.made).toBe(family.size);
});

/** Gaps between, and sojourns of, the packets of one CPU. */
function packetsOf(
  { gaps, cpus, sojourns }: ReturnType<typeof nodeTraffic>,
  cpu: number,
): readonly [number[], number[]] {
  const own = cpus.flatMap((served, i) => (served === cpu ? [i] : []));
  const between = own.map((i, n) => total(gaps.slice((own[n - 1] ?? -1) + 1, i + 1)));
  return [between, own.map((i) => sojourns[i] as number)];
}

/** By the departures alone: a packet that finds `places` others still there is dropped. */
function sojournsOfFiniteQueue(gaps: readonly number[], serviceNs: number, places: number): number[] {
  const departures: number[] = [];
  let now = 0;
  return gaps.map((gap) => {
    now += gap;
    const present = departures.filter((at) => at > now).length;
    if (present === places) return -1;
    const departure = Math.max(now, departures[departures.length - 1] ?? 0) + serviceNs;
    departures.push(departure);
    return departure - now;
  });
}
