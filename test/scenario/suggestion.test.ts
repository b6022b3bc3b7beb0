import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/scenario/suggestion.ts';

describe('the distance of two words', () => {
  it.each([
    ['masquerade', 'masqerade', 1],
    ['ports', 'prots', 1],
    ['kernel', 'kernel', 0],
    ['', 'abc', 3],
    ['abcd', 'acbd', 1],
    ['kitten', 'sitting', 3],
  ])('%s and %s is %d, a swap of neighbours counting as one', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('the nearest word', () => {
  const known = ['maxTtl', 'negativeTtl', 'families', 'kube-proxy'];

  it('forgives case, dashes and underscores', () => {
    expect(nearest('MAX_TTL', known)).toBe('maxTtl');
    expect(nearest('kubeproxy', known)).toBe('kube-proxy');
  });

  it('forgives a plural that was left out', () => {
    expect(nearest('family', known)).toBe('families');
  });

  it('is none when nothing is near', () => {
    expect(nearest('bandwidth', known)).toBeNull();
    expect(nearest('x'.repeat(100_000), known)).toBeNull();
  });
});
