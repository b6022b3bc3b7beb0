/** Conntrack zones: each is a tuple space of its own; `--zone-orig` separates one direction only. */
import { describe, expect, it } from 'vitest';
import { Bench, masquerade, NAT_ADDRESS, OVERLAP, SERVER, udp } from './builders.ts';

const plain = { masquerade: masquerade() };

describe('two zones', () => {
  it('hold the same tuples side by side', () => {
    const bench = new Bench('6.18');
    const outcomes = [0, 1].map((zone) => bench.pass(udp('10.1.0.1:40000', SERVER, { zone }), plain));
    expect(outcomes.map(({ source }) => source)).toEqual(Array(2).fill(`${NAT_ADDRESS}:40000`));
    expect(bench.table.count).toBe(2);
    expect(bench.counters()).toEqual({});
  });

  it('do not race', () => {
    const bench = new Bench('4.4.155');
    const sent = [0, 1].map((zone) => ({ packet: udp('10.1.0.1:40000', SERVER, { zone }), rules: plain }));
    expect(bench.run(sent, OVERLAP).map(({ word }) => word)).toEqual(['PASS', 'PASS']);
  });

  it('do not share the mappings of a socket', () => {
    const bench = new Bench('6.18');
    const narrow = { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) };
    bench.pass(udp('10.1.0.1:40000', '203.0.113.1:53', { zone: 1 }), narrow);
    expect(bench.pass(udp('10.1.0.1:40000', '203.0.113.2:53', { zone: 2 }), plain).source).toMatch(/:40000$/);
    expect(bench.pass(udp('10.1.0.1:40000', '203.0.113.2:53', { zone: 1 }), plain).source).toMatch(/:20000$/);
  });

  it('that differ in the original direction only compete for ports', () => {
    const bench = new Bench('6.18');
    const [first, second] = [1, 2].map((zone) =>
      bench.pass(udp('10.1.0.1:40000', SERVER, { zone, replyZone: 0 }), plain),
    );
    expect(first?.source).toBe(`${NAT_ADDRESS}:40000`);
    expect(second?.source).not.toBe(first?.source);
    expect(bench.counters()).toEqual({ found: 1 });
    expect(bench.answer(second!).reaches).toBe('10.1.0.1:40000');
  });

  it('and race for them', () => {
    const bench = new Bench('6.18');
    const sent = [1, 2].map((zone) => ({
      packet: udp('10.1.0.1:40000', SERVER, { zone, replyZone: 0 }),
      rules: plain,
    }));
    // Not one flow: the original tuples differ by their zone, so there is nothing to merge.
    expect(bench.run(sent, OVERLAP)[1]?.word).toBe('DROP');
  });
});
