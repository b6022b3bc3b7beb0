/** Judges of draws raise a false alarm with a probability of 1e-5; seeds are fixed. */
import { describe, expect, it } from 'vitest';
import { type ArrivalProcess, arrivalSource } from '../../src/clients/arrivals.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { MILLISECOND, SECOND } from '../../src/engine/time.ts';
import { expectDistributed } from '../network/randomness.ts';

const STREAM = new RandomStreams('arrival tests', 0).stream('arrivals');

interface Pod {
  readonly pod?: number;
  readonly entity?: number;
  readonly fromNs?: number;
  readonly logStartNs?: number;
}

/** The first `n` starts of a pod, in nanoseconds. */
function starts(process: ArrivalProcess, n: number, of: Pod = {}): number[] {
  const { pod = 0, entity = pod, fromNs = 0, logStartNs = 0 } = of;
  const source = arrivalSource(process, pod, entity, STREAM, { fromNs, logStartNs });
  return Array.from({ length: n }, () => source.next());
}

function gaps(times: readonly number[], fromNs = 0): number[] {
  return times.map((time, i) => time - (times[i - 1] ?? fromNs));
}

/** Starts within the first `seconds`. */
function within(process: ArrivalProcess, seconds: number, of: Pod = {}): number {
  const source = arrivalSource(process, 0, of.entity ?? 0, STREAM, { fromNs: 0, logStartNs: 0 });
  let count = 0;
  while (source.next() < seconds * SECOND) count += 1;
  return count;
}

const exponential = (meanNs: number) => (x: number) => 1 - Math.exp(-x / meanNs);
const sorted = (times: readonly number[]) => [...times].sort((a, b) => a - b);

const POISSON = { process: 'poisson', ratePerSecond: 50 } as const;
const PERIODIC = { process: 'periodic', ratePerSecond: 10, jitterNs: 0 } as const;
const BURSTS = {
  process: 'bursts',
  ratePerSecond: 40,
  size: 8,
  spreadNs: MILLISECOND,
  spacing: 'poisson',
} as const;
const CRON = { process: 'cron', everyNs: SECOND, size: 3, spreadNs: 100 * MILLISECOND } as const;

describe('Poisson arrivals', () => {
  it('have exponential gaps of the mean that the rate gives, the first one from the start', () => {
    expectDistributed(gaps(starts(POISSON, 10_000)), exponential(SECOND / 50));
    const first = Array.from({ length: 2000 }, (_, entity) => starts(POISSON, 1, { entity })[0] as number);
    expectDistributed(first, exponential(SECOND / 50));
  });

  it('have gaps that know nothing of each other', () => {
    const each = gaps(starts(POISSON, 10_000)).map((gap) => Math.exp(-gap / (SECOND / 50)) - 0.5);
    const product = each.slice(1).reduce((sum, value, i) => sum + value * (each[i] as number), 0);
    // 4.4 standard errors of a correlation.
    expect(Math.abs((12 * product) / each.length)).toBeLessThan(0.044);
  });
});

describe('periodic arrivals', () => {
  it('come at one distance, from a phase of the pod that is uniform over it', () => {
    expect(new Set(gaps(starts(PERIODIC, 50)).slice(1))).toEqual(new Set([SECOND / 10]));
    const phases = Array.from({ length: 3000 }, (_, entity) => starts(PERIODIC, 1, { entity })[0] as number);
    expectDistributed(phases, (x) => Math.min(1, Math.max(0, x / (SECOND / 10))));
  });

  it('are moved by up to their jitter, without changing the rate', () => {
    const jitterNs = 20 * MILLISECOND;
    const still = starts(PERIODIC, 1000);
    const moved = starts({ ...PERIODIC, jitterNs }, 1000);
    for (const [i, time] of moved.entries()) {
      const shift = time - (still[i] as number);
      expect(shift).toBeGreaterThanOrEqual(0);
      expect(shift).toBeLessThan(jitterNs);
    }
  });
});

describe('bursts', () => {
  it('are of their size and within their spread', () => {
    const times = starts(BURSTS, 800);
    for (let i = 0; i < times.length; i += BURSTS.size) {
      const burst = times.slice(i, i + BURSTS.size);
      expect((burst[BURSTS.size - 1] as number) - (burst[0] as number)).toBeLessThanOrEqual(MILLISECOND);
    }
  });

  it('keep the rate: it counts starts, not bursts', () => {
    // 1000 bursts; 4.4 standard deviations of their number.
    expect(Math.abs(within(BURSTS, 200) / BURSTS.size - 1000)).toBeLessThan(4.4 * Math.sqrt(1000));
    expect(Math.abs(within({ ...BURSTS, spacing: 'periodic' }, 200) - 8000)).toBeLessThanOrEqual(BURSTS.size);
  });

  it('at random have exponential gaps, the first one from the start: no pod bursts at once', () => {
    const instant = { ...BURSTS, spreadNs: 0 };
    const meanNs = (SECOND * BURSTS.size) / BURSTS.ratePerSecond;
    const bursts = starts(instant, 8 * 2000).filter((_, i) => i % BURSTS.size === 0);
    expectDistributed(gaps(bursts), exponential(meanNs));
    const first = Array.from({ length: 2000 }, (_, entity) => starts(instant, 1, { entity })[0] as number);
    expectDistributed(first, exponential(meanNs));
  });

  it('evenly spaced come at one distance, from a phase of the pod', () => {
    const even = { ...BURSTS, spacing: 'periodic', spreadNs: 0 } as const;
    const bursts = starts(even, 80).filter((_, i) => i % BURSTS.size === 0);
    expect(new Set(gaps(bursts).slice(1))).toEqual(new Set([SECOND / 5]));
    expect(starts(even, 1, { entity: 1 })).not.toEqual(starts(even, 1, { entity: 2 }));
  });
});

describe('cron jobs', () => {
  it('start at the same moments in every pod, spread out in each its own way', () => {
    const moments = (entity: number) => starts({ ...CRON, spreadNs: 0 }, 9, { entity });
    expect(moments(1)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3].map((second) => second * SECOND));
    expect(moments(2)).toEqual(moments(1));
    const spread = [1, 2].map((entity) => starts(CRON, 3, { entity }));
    expect(spread[0]).not.toEqual(spread[1]);
    for (const time of spread.flat()) {
      expect(time).toBeGreaterThanOrEqual(SECOND);
      expect(time).toBeLessThanOrEqual(1.1 * SECOND);
    }
  });
});

describe('a replayed log', () => {
  const log = [
    { atNs: 0, pod: 0, name: 2 },
    { atNs: 5, pod: 1, name: 0 },
    { atNs: 7, pod: 0, name: 0 },
  ];
  const replay = { process: 'replay', log } as const;

  it("is exact: each pod starts what the log says, since the log's own beginning, and then no more", () => {
    expect(starts(replay, 3, { pod: 0, logStartNs: 100 })).toEqual([100, 107, Number.POSITIVE_INFINITY]);
    expect(starts(replay, 2, { pod: 1, logStartNs: 100 })).toEqual([105, Number.POSITIVE_INFINITY]);
  });

  it('says which name each start asks for', () => {
    const source = arrivalSource(replay, 0, 0, STREAM, { fromNs: 0, logStartNs: 0 });
    const names = [0, 1].map(() => {
      source.next();
      return source.name;
    });
    expect(names).toEqual([2, 0]);
  });
});

describe('every process but a log', () => {
  it.each([
    ['poisson', POISSON],
    ['periodic', { ...PERIODIC, jitterNs: 90 * MILLISECOND }],
    ['bursts', { ...BURSTS, spreadNs: 500 * MILLISECOND }],
    ['cron', CRON],
  ] as const)('%s: starts nothing before its time, never goes back, and names nothing', (_, process) => {
    const times = starts(process, 300, { fromNs: 7 * SECOND });
    expect(times[0]).toBeGreaterThanOrEqual(7 * SECOND);
    expect(times).toEqual(sorted(times));
    expect(times.every(Number.isInteger)).toBe(true);
    expect(arrivalSource(process, 0, 0, STREAM, { fromNs: 0, logStartNs: 0 }).name).toBe(-1);
  });

  it.each([
    ['poisson', POISSON],
    ['bursts', BURSTS],
    ['cron', CRON],
  ] as const)('%s: a pod starts the same whatever the others have drawn', (_, process) => {
    const alone = starts(process, 50, { entity: 3 });
    const sources = [2, 3, 4].map((entity) =>
      arrivalSource(process, 0, entity, STREAM, { fromNs: 0, logStartNs: 0 }),
    );
    const mixed = Array.from({ length: 50 }, () => sources.map((source) => source.next())[1]);
    expect(mixed).toEqual(alone);
  });
});
