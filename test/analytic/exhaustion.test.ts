/** Port ranges that run out: the search, its probabilities and whole fills against the exact linear probe. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/engine/randomStreams.ts';
import { FIRST_ROUND } from '../../src/netfilter/portAllocator.ts';
import { chanceOfSearch } from '../../src/netfilter/portChance.ts';
import {
  accepted,
  BASE,
  fillCheck,
  fillRange,
  labBinChecks,
  occupied,
  rangeOf,
  search,
  searchChecks,
} from './exhaustion.ts';
import { FillingProbe, LinearProbe, roundsOf, STARTS, walkWholeRange } from './linearProbe.ts';
import { AlphaFamily } from './withinAlpha.ts';

const SEED = 20_244;
const family = new AlphaFamily(26);

const seeds = fc.nat().map((n) => `exhaustion ${n}`);
const powers = fc.integer({ min: 0, max: 11 }).map((n) => 2 ** n);
const sizes = fc.oneof(powers, fc.integer({ min: 1, max: 2000 }));

/** Runs of taken ports and runs of free ones, as linear probing makes them; at least one port is free. */
function occupancies(ports: fc.Arbitrary<number>): fc.Arbitrary<boolean[]> {
  return fc
    .record({ ports, share: fc.double({ min: 0.3, max: 1, noNaN: true }), id: fc.nat() })
    .map(({ ports: size, share, id }) => {
      const draws = new RandomStream(id, 1, 2, 3);
      const used: boolean[] = [];
      for (let run = 0; used.length < size; run++) {
        const taken = draws.uniform(0, run) < share;
        const length = 1 + draws.integer(1, run, taken ? 200 : 4);
        for (let i = 0; i < length && used.length < size; i++) used.push(taken);
      }
      used[draws.integer(2, 0, size)] = false;
      return used;
    });
}

describe('a bounded search', () => {
  it('ends where the linear walk from its starts ends, after as many probes', () => {
    const starts = fc.array(fc.integer({ min: 0, max: STARTS - 1 }), { minLength: 5, maxLength: 5 });
    const nearTheWrap = fc.array(fc.integer({ min: STARTS - 140, max: STARTS - 1 }), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(occupancies(sizes), fc.oneof(starts, nearTheWrap), (used, offsets) => {
        const bench = occupied(used, 'walk').drawOffsets(...offsets);
        const packet = search(bench, rangeOf(used.length), 1);
        const { port, probes } = new LinearProbe(used).walk(offsets);
        expect(packet.probes).toBe(probes);
        expect(packet.searchGaveUp ? null : packet.chosenPort - BASE).toBe(port);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('fails, and ends behind the longest run, as often as the exact probability says', () => {
    fc.assert(
      fc.property(occupancies(fc.integer({ min: 129, max: 2000 })), seeds, (used, seed) => {
        for (const check of searchChecks(`${used.length} ports`, used, 2000, seed)) family.withinAlpha(check);
      }),
      { seed: SEED, numRuns: 8, endOnFailure: true },
    );
  });
});

describe('a search up to 4.20', () => {
  it('ends where the walk over the whole range ends, after as many probes', () => {
    const starts = fc.oneof(
      fc.integer({ min: 0, max: STARTS - 1 }),
      fc.integer({ min: 64_000, max: STARTS - 1 }),
    );
    fc.assert(
      fc.property(occupancies(sizes), starts, (used, start) => {
        const bench = occupied(used, 'walk', '4.14.96').drawOffsets(start);
        const packet = search(bench, rangeOf(used.length, 'random-fully'), 1);
        const { port, probes } = walkWholeRange(used, start);
        expect([packet.chosenPort - BASE, packet.probes]).toEqual([port, probes]);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});

describe('the computed chance of a search', () => {
  /** Of the rounds that a search of so many probes reaches; at most 30 free ports, the first and the last. */
  function compare(
    used: readonly boolean[],
    judge: (computed: number, exact: number, at: { port: number; probes: number }) => void,
  ) {
    const probe = new LinearProbe(used);
    const bench = occupied(used, 'chance');
    const range = rangeOf(used.length);
    const packet = search(bench, range, 1);
    const all = used.flatMap((taken, port) => (taken ? [] : [port]));
    const free = [...all.slice(0, 15), ...all.slice(15).slice(-15)];
    let tried = 0;
    const exact = free.map(() => 0);
    for (const probes of roundsOf(used.length)) {
      packet.probes = tried + 1;
      tried += probes;
      free.forEach((port, i) => {
        exact[i]! += probe.roundEndsAt(port, probes);
        judge(chanceOfSearch(bench.netfilter, packet, range, BASE + port), exact[i]!, {
          port,
          probes: tried,
        });
      });
    }
  }

  it('is exact for ranges whose size divides 65536', () => {
    fc.assert(
      fc.property(occupancies(powers), (used) => {
        compare(used, (computed, exact) => expect(computed).toBeCloseTo(exact, 14));
      }),
      { seed: SEED, numRuns: 20 },
    );
  });

  it('is exact for other ranges too, but for ports whose run may come from across the end of 16 bits', () => {
    fc.assert(
      fc.property(occupancies(fc.integer({ min: 3, max: 50_000 })), (used) => {
        compare(used, (computed, exact, { port, probes }) => {
          if (port >= FIRST_ROUND - 1) expect(computed).toBeCloseTo(exact, 14);
          else expect(Math.abs(computed - exact)).toBeLessThanOrEqual(probes / STARTS);
        });
      }),
      { seed: SEED, numRuns: 12 },
    );
  });

  it('adds up with that of failing to one, over all ports', () => {
    fc.assert(
      fc.property(occupancies(fc.integer({ min: 2, max: 150 })), (used) => {
        const probe = new LinearProbe(used);
        const ends = used.map((taken, port) => (taken ? 0 : probe.endsAt(port)));
        expect(ends.reduce((all, p) => all + p, probe.failure)).toBeCloseTo(1, 12);
      }),
      { seed: SEED, numRuns: 10 },
    );
  });
});

describe('a range that fills up', () => {
  it('has the probability of failure that the whole occupancy gives, kept up to date', () => {
    fc.assert(
      fc.property(occupancies(powers), (used) => {
        const filling = new FillingProbe(used.length);
        const order = used.flatMap((taken, port) => (taken ? [port] : []));
        for (const port of order) filling.take(port);
        expect(filling.failure).toBeCloseTo(new LinearProbe(used).failure, 12);
        used.forEach((taken, port) => {
          if (!taken) filling.take(port);
        });
        expect(filling.failure).toBe(1);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it.each([
    // Lab, section 5: mean occupancy at the first failure; tolerance .02 (section 10, row 10).
    [256, 200, 0.979],
    [4096, 40, 0.921],
  ])(
    'of %i ports fails as often as the occupancies on its way say, and first where the lab did',
    (ports, n, lab) => {
      const fills = fillRange(ports, n, 'fills');
      family.withinAlpha(fillCheck(fills));
      const first = fills.firstFailures.reduce((all, share) => all + share, 0) / n;
      expect(Math.abs(first - lab)).toBeLessThan(0.02);
      if (ports === 4096) {
        const checks = labBinChecks(fills);
        expect(checks).toHaveLength(4);
        // Of four fills, as the lab's were; the lab's own intervals take its flows as independent.
        for (const { what, z } of checks) expect(Math.abs(z), what).toBeLessThan(2.6);
      }
    },
  );

  it.each(['5.0.1', '5.4.286', '6.18'])('of 128 ports or fewer is filled to the last: %s', (release) => {
    const small = fc.integer({ min: 0, max: 7 }).map((n) => 2 ** n);
    const flags = fc.constantFrom('preserve' as const, 'random' as const, 'random-fully' as const);
    fc.assert(
      fc.property(small, flags, seeds, (ports, flag, seed) => {
        expect(accepted(release, ports, flag, seed)).toBe(ports);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it.each(['4.4.155', '4.14.96', '4.20'])('is filled to the last, however large: %s', (release) => {
    const flags = fc.constantFrom('preserve' as const, 'random' as const, 'random-fully' as const);
    const divisors = fc.integer({ min: 0, max: 10 }).map((n) => 2 ** n);
    fc.assert(
      fc.property(divisors, flags, seeds, (ports, flag, seed) => {
        expect(accepted(release, ports, flag, seed)).toBe(ports);
      }),
      { seed: SEED, numRuns: 12 },
    );
  });
});

it('makes no more checks than its false-alarm rate was stated for', () => {
  expect(family.made).toBeGreaterThan(family.size / 2);
  expect(family.made).toBeLessThanOrEqual(family.size);
});
