/** The collector by its smaller rules: time that has passed, tables without a limit, packets on their way. */
import { describe, expect, it } from 'vitest';
import { ASSURED, IN_FLIGHT, TCP_STATE_SHIFT } from '../../src/netfilter/entry.ts';
import { TCP_STATES } from '../../src/netfilter/tcpTracker.ts';
import { Bench, occupyAll } from './builders.ts';

describe('the averaged interval', () => {
  it('is the mean of what is left now, whatever the clock says', () => {
    const bench = new Bench('6.18');
    bench.advance(100_000);
    occupyAll(bench, 1001, 1100, { lifeMs: 40_000 });
    bench.advance(15_000);
    expect(bench.path.collect() / 1e9).toBe(25);
  });

  it('counts what has expired, and is not collected yet, as nothing left', () => {
    const bench = new Bench('6.18');
    occupyAll(bench, 1001, 1050, { lifeMs: 10_000 });
    occupyAll(bench, 2001, 2050, { lifeMs: 50_000 });
    bench.advance(10_000);
    expect(bench.path.collect() / 1e9).toBe(40);
  });
});

describe('eviction by the collector', () => {
  const left = (max: number, status: number) => {
    const bench = new Bench('6.18', { max });
    occupyAll(bench, 1, 100, { status });
    bench.netfilter.evictionWanted = true;
    bench.path.collect();
    expect(bench.netfilter.evictionWanted).toBe(false);
    return bench.table.count;
  };

  it('takes no more than brings the table below 95 %', () => {
    expect(left(100, 0)).toBe(94);
    expect(left(105, 0)).toBe(99);
    expect(left(106, 0)).toBe(100);
    expect(left(1000, 0)).toBe(100);
  });

  it('takes no assured flow, and none whose first packet is on its way', () => {
    expect(left(100, ASSURED)).toBe(100);
    expect(left(100, IN_FLIGHT)).toBe(100);
  });

  it('takes closing TCP flows though they are assured, from the first FIN on', () => {
    const taken = TCP_STATES.filter((_, state) => left(100, ASSURED | (state << TCP_STATE_SHIFT)) < 100);
    expect(taken.map(({ name }) => name)).toEqual([
      ...['FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE'],
    ]);
  });

  it('takes nothing from a table without a limit', () => {
    expect(left(0, 0)).toBe(100);
  });
});
