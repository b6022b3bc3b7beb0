import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { MICROSECOND, SECOND } from '../../src/engine/time.ts';
import { NodeLocalCache, type NodeLocalCacheSettings } from '../../src/servers/nodeLocalCache.ts';

function cache(settings: Partial<NodeLocalCacheSettings> = {}): NodeLocalCache {
  const all: NodeLocalCacheSettings = {
    maxTtlNs: 30 * SECOND,
    negativeTtlNs: 5 * SECOND,
    hitLatency: { kind: 'constant', valueNs: 100 * MICROSECOND },
    outage: null,
    ...settings,
  };
  return new NodeLocalCache(all, 4, new RandomStreams('cache tests', 0).stream('cache latency'));
}

describe('a cache on the node', () => {
  it('knows nothing at first, and a record from its answer until its TTL is over', () => {
    const asked = cache();
    expect(asked.lookUp(0, 0)).toBe(false);
    asked.store(0, 10 * SECOND, SECOND);
    expect([
      asked.lookUp(0, 2 * SECOND),
      asked.lookUp(0, 11 * SECOND - 1),
      asked.lookUp(0, 11 * SECOND),
    ]).toEqual([true, true, false]);
    expect([asked.hits, asked.misses]).toEqual([2, 2]);
  });

  it('keeps a record no longer than its cap', () => {
    const asked = cache({ maxTtlNs: 3 * SECOND });
    asked.store(0, 1000 * SECOND, 0);
    expect([asked.lookUp(0, 3 * SECOND - 1), asked.lookUp(0, 3 * SECOND)]).toEqual([true, false]);
  });

  it('keeps a negative answer for its negative TTL', () => {
    const asked = cache();
    asked.store(0, null, 0);
    expect([asked.lookUp(0, 5 * SECOND - 1), asked.lookUp(0, 5 * SECOND)]).toEqual([true, false]);
  });

  it('tells records apart', () => {
    const asked = cache();
    asked.store(1, 10 * SECOND, 0);
    expect([0, 1, 2].map((record) => asked.lookUp(record, 1))).toEqual([false, true, false]);
  });

  it('hits as often as a name is asked within its TTL: a rate r and a TTL T give rT / (1 + rT)', () => {
    const asked = cache();
    const gaps = new RandomStreams('cache tests', 0).stream('gaps');
    const perSecond = 0.5;
    let nowNs = 0;
    for (let i = 0; i < 20_000; i++) {
      nowNs += (-SECOND / perSecond) * Math.log(1 - gaps.uniform(0, i));
      if (!asked.lookUp(0, nowNs)) asked.store(0, 4 * SECOND, nowNs);
    }
    expect(asked.hits / (asked.hits + asked.misses)).toBeCloseTo(2 / 3, 2);
  });

  it('is down during its outage, from its first moment to before its last', () => {
    const asked = cache({ outage: { fromNs: SECOND, untilNs: 3 * SECOND } });
    const moments = [SECOND - 1, SECOND, 3 * SECOND - 1, 3 * SECOND];
    expect(moments.map((now) => asked.isDown(now))).toEqual([false, true, true, false]);
    expect(cache().isDown(SECOND)).toBe(false);
  });

  it('answers hits after its hit latency', () => {
    expect(cache().latency(0, 0)).toBe(100 * MICROSECOND);
  });
});
