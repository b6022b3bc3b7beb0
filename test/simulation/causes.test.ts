import { describe, expect, it } from 'vitest';
import { isDropped, VERDICTS } from '../../src/netfilter/verdict.ts';
import { CAUSE_TEXTS, causeOfVerdict, LOSS_CAUSES, NO_LOSS } from '../../src/simulation/causes.ts';

const verdicts = Array.from({ length: VERDICTS }, (_, verdict) => verdict);

describe('the causes of losses', () => {
  it('has one of its own for every verdict that drops a packet, and none for the others', () => {
    const dropped = verdicts.filter(isDropped).map(causeOfVerdict);
    expect(new Set(dropped).size).toBe(dropped.length);
    expect(dropped).not.toContain(NO_LOSS);
    for (const verdict of verdicts) {
      if (!isDropped(verdict)) expect(causeOfVerdict(verdict)).toBe(NO_LOSS);
    }
  });

  it('says each in words that tell it from the others', () => {
    expect(new Set(Object.values(CAUSE_TEXTS)).size).toBe(LOSS_CAUSES.length);
  });
});
