import { describe, expect, it } from 'vitest';
import { DISPATCH_PRESETS, dispatchPreset, pairProbability } from '../../src/scenario/dispatchPresets.ts';

describe('a dispatch preset', () => {
  it.each(DISPATCH_PRESETS)('called $name stands for the probability that it states', (preset) => {
    expect(pairProbability(preset.dispatch)).toBeCloseTo(preset.perPair.probability, 12);
    expect(preset.perPair.low).toBeLessThanOrEqual(preset.perPair.probability);
    expect(preset.perPair.high).toBeGreaterThanOrEqual(preset.perPair.probability);
    expect(preset.dispatch.name).toBe(preset.name);
  });

  it('fitted to reports says so, and gives 1 to 5 % slow lookups of five pairs', () => {
    const { evidence, dispatch } = dispatchPreset('as-reported')!;
    expect(evidence).toMatch(/Fitted, not derived/);
    const slow = 1 - (1 - dispatch.reported) ** 5;
    expect(slow).toBeGreaterThan(0.01);
    expect(slow).toBeLessThan(0.05);
  });

  it('leaves the send gap at 1 to 3 microseconds', () => {
    for (const { dispatch } of DISPATCH_PRESETS) {
      expect(dispatch.gap).toEqual({ kind: 'uniform', minNs: 1_000, maxNs: 3_000 });
    }
  });
});
