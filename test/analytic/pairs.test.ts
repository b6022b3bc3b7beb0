/** How many chances of the same-socket race a lookup has: the resolvers against a closed form. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposuresInSimulation, overlapsOfIndependentPackets, pairsByFormula, pairsSent } from './pairs.ts';
import { AlphaFamily, proportion } from './withinAlpha.ts';

const SEED = 20_243;
const family = new AlphaFamily(3);

const LIBCS = [
  'glibc-2.10',
  'glibc-2.25',
  'glibc-2.36',
  'glibc-2.39',
  'musl-1.1.12',
  'musl-1.1.20',
  'musl-1.2.5',
  'go-1.12',
  'go-1.19',
  'c-ares-1.34',
];

const lookups = fc
  .record({
    libc: fc.constantFrom(...LIBCS),
    ndots: fc.integer({ min: 0, max: 6 }),
    searchLength: fc.integer({ min: 0, max: 9 }),
    dots: fc.integer({ min: 0, max: 6 }),
    trailingDot: fc.boolean(),
  })
  .chain((asked) =>
    fc.option(fc.integer({ min: 0, max: asked.searchLength })).map((existing) => ({ ...asked, existing })),
  );

describe('a lookup', () => {
  it('sends as many pairs as ndots, dots and the search list say', () => {
    fc.assert(
      fc.property(lookups, (asked) => {
        expect(pairsSent(asked).pairs).toBe(pairsByFormula(asked));
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('sends nothing but pairs, or, from Go, nothing that is one', () => {
    fc.assert(
      fc.property(lookups, (asked) => {
        const { pairs, queries } = pairsSent(asked);
        if (asked.libc.startsWith('go')) expect([pairs, queries % 2]).toEqual([0, 0]);
        else expect(queries).toBe(2 * pairs);
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  it('has the window of the race open as often in the simulation, where every pair overlaps', () => {
    const simulated = fc.record({
      libc: fc.constantFrom('glibc-2.36', 'musl-1.1.20', 'go-1.19'),
      ndots: fc.integer({ min: 1, max: 5 }),
      searchLength: fc.integer({ min: 0, max: 5 }),
      dots: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(simulated, (asked) => {
        expect(exposuresInSimulation(asked)).toBe(
          pairsByFormula({ ...asked, trailingDot: false, existing: 0 }),
        );
      }),
      { seed: SEED, numRuns: 25 },
    );
  });

  it.each([2, 4, 8])(
    'has its two packets on two of %i CPUs in 1 - 1/c of pairs, if each is drawn',
    (cpus) => {
      const { overlaps, pairs } = overlapsOfIndependentPackets(cpus);
      family.withinAlpha(proportion(`${cpus} CPUs`, overlaps, pairs, 1 - 1 / cpus));
    },
  );
});

it('makes as many checks as its false-alarm rate was stated for', () => {
  expect(family.made).toBe(family.size);
});
