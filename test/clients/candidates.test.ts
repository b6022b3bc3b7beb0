import { describe, expect, it } from 'vitest';
import { candidateAt, muslOrder, NO_CANDIDATE, usualOrder } from '../../src/clients/candidates.ts';
import { TestLookup } from './support/scriptedHost.ts';

function namesOf(order: typeof usualOrder, dots: number, ndots: number, trailingDot = false): number[] {
  const lookup = Object.assign(new TestLookup(0), { dots, trailingDot });
  const names = [];
  for (let step = 0; ; step++) {
    const candidate = candidateAt(order(lookup, ndots), step, 3);
    if (candidate === NO_CANDIDATE) return names;
    names.push(candidate);
  }
}

describe('a name with fewer dots than ndots', () => {
  it('is tried with the search list, then as it is, by all libraries', () => {
    expect(namesOf(usualOrder, 2, 5)).toEqual([1, 2, 3, 0]);
    expect(namesOf(muslOrder, 2, 5)).toEqual([1, 2, 3, 0]);
  });
});

describe('a name with ndots dots or more', () => {
  it('is tried as it is, then with the list, by glibc and Go', () => {
    expect(namesOf(usualOrder, 5, 5)).toEqual([0, 1, 2, 3]);
    expect(namesOf(usualOrder, 0, 0)).toEqual([0, 1, 2, 3]);
  });

  it('is tried as it is and no other way by musl', () => {
    expect(namesOf(muslOrder, 5, 5)).toEqual([0]);
    expect(namesOf(muslOrder, 6, 5)).toEqual([0]);
  });
});

it('a name that ends in a dot is tried as it is alone', () => {
  expect(namesOf(usualOrder, 1, 5, true)).toEqual([0]);
  expect(namesOf(muslOrder, 1, 5, true)).toEqual([0]);
});

it('without a search list there is but the bare name', () => {
  const lookup = new TestLookup(0);
  expect(candidateAt(usualOrder(lookup, 5), 0, 0)).toBe(0);
  expect(candidateAt(usualOrder(lookup, 5), 1, 0)).toBe(NO_CANDIDATE);
  expect(candidateAt(usualOrder(lookup, 1), 1, 0)).toBe(NO_CANDIDATE);
});
