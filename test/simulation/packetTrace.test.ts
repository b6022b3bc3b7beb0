import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/engine/invariant.ts';
import { PacketTrace } from '../../src/simulation/packetTrace.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { pod, scenario } from './scenarios.ts';

const small = () => scenario({ kernel: '"4.14.96"' }, pod({ count: '4' }));

describe('a trace of packets', () => {
  it('changes nothing in the results', () => {
    const observed = simulate(small(), { seed: 'trace', observer: new PacketTrace(10) });
    expect(observed).toEqual(simulate(small(), { seed: 'trace' }));
  });

  it('has the steps of a new flow in their order, and its header as NAT rewrites it', () => {
    const trace = new PacketTrace(100_000);
    simulate(small(), { seed: 'trace', observer: trace });
    const all = [...trace.steps()];
    expect(all).toHaveLength(trace.seen);
    const first = all[0];
    const steps = all.filter(({ pod, packet }) => pod === first?.pod && packet === first.packet);
    expect(steps.map(({ step }) => step)).toEqual([
      'lookup',
      'destination',
      'port search',
      'grant',
      'confirm',
      'leave',
      'left',
    ]);
    expect(steps[0]?.header).toMatch(/^udp 10\.244\.0\.\d+:\d+ > 10\.96\.0\.10:53$/);
    expect(steps.at(-1)?.header).toMatch(/^udp 10\.244\.0\.\d+:\d+ > 10\.245\.0\.\d+:53$/);
    for (let i = 1; i < all.length; i++)
      expect(all[i]?.atNs).toBeGreaterThanOrEqual(all[i - 1]?.atNs as number);
  });

  it('tells why a packet was lost', () => {
    const trace = new PacketTrace(100_000);
    const result = simulate(small(), { seed: 'trace', observer: trace });
    const lost = result.groups[0]?.lookups?.lost;
    const traced = [...trace.steps()].filter(({ step }) => step === 'lost');
    expect(traced.length).toBeGreaterThan(0);
    expect(traced.filter(({ cause }) => cause === 'same-socket-other-backend').length).toBe(
      lost?.['same-socket-other-backend'],
    );
  });

  it('keeps the last steps', () => {
    const whole = new PacketTrace(100_000);
    const short = new PacketTrace(7);
    for (const observer of [whole, short]) simulate(small(), { seed: 'trace', observer });
    expect([...short.steps()]).toEqual([...whole.steps()].slice(-7));
    expect(() => new PacketTrace(0)).toThrow(InvariantError);
  });
});
