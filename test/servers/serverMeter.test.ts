import { describe, expect, it } from 'vitest';
import { ServerMeter } from '../../src/servers/serverMeter.ts';

function noted(memoryNs: number, times: readonly number[]): ServerMeter {
  const meter = new ServerMeter({ measureFromNs: 100, memoryNs });
  for (const time of times) meter.note(time, 5);
  return meter;
}

describe('the meter of a server', () => {
  it('counts from the end of the warm-up on, what waited and what was refused', () => {
    const meter = new ServerMeter({ measureFromNs: 100, memoryNs: 0 });
    meter.note(99, 7);
    meter.note(100, 3);
    meter.note(101, null);
    meter.note(102, 4);
    expect([meter.queries, meter.lost, meter.waitedNs, meter.together]).toEqual([3, 1, 7, 0]);
  });

  it('weighs each pair within its memory by how near it is', () => {
    // 0 and 5 apart: 1 + 1/2 + 1/2; the last is 10 after the third, which is too late.
    expect(noted(10, [200, 200, 205, 215]).together).toBeCloseTo(1 + 0.5 + 0.5, 12);
  });

  it('forgets what is too old, however many came', () => {
    const times = Array.from({ length: 5000 }, (_, i) => 200 + 6 * i);
    expect(noted(10, times).together).toBeCloseTo(4999 * 0.4, 6);
  });
});
