/** The races against closed forms: windows that overlap, ports and backends drawn at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { chanceOfSearch } from '../../src/netfilter/portChance.ts';
import { IptablesProxy } from '../../src/network/serviceProxy.ts';
import { Bench, masquerade, udp } from '../netfilter/builders.ts';
import { chanceOfEqualPorts, chanceOfNoCollision, portWeights } from './birthdays.ts';
import { search } from './exhaustion.ts';
import {
  birthdayChecks,
  chanceOfEqualPortsInModel,
  crowdCheck,
  differentBackendCheck,
  overlapCheck,
  overlapsOf,
  sharedPortCheck,
  unequalBackendCheck,
} from './races.ts';
import { AlphaFamily, proportion } from './withinAlpha.ts';

const SEED = 20_242;
const NO_STALL = { probability: 0, meanNs: 0 };
const family = new AlphaFamily(156);

const seeds = fc.nat().map((n) => `race ${n}`);
const senders = fc.constantFrom('same-socket' as const, 'two-pods' as const);
const windows = fc.record({
  portCheckToConfirmNs: fc.integer({ min: 300, max: 3000 }),
  before: fc.integer({ min: 0, max: 3000 }),
});

describe('two packets at an offset', () => {
  it('overlap if the offset is less than their constant window, and only then', () => {
    fc.assert(
      fc.property(senders, windows, seeds, (who, { portCheckToConfirmNs, before }, seed) => {
        const windowNs = portCheckToConfirmNs + before;
        const race = { senders: who, windowNs, portCheckToConfirmNs, spread: 0, stall: NO_STALL, seed };
        const constantNs = who === 'same-socket' ? windowNs : portCheckToConfirmNs;
        for (const { offsetNs, overlapped } of overlapsOf({ ...race, reachNs: 2 * constantNs, pairs: 100 })) {
          // At one nanosecond either may come first.
          if (Math.abs(offsetNs) !== constantNs)
            expect([offsetNs, overlapped]).toEqual([offsetNs, Math.abs(offsetNs) < constantNs]);
        }
      }),
      { seed: SEED, numRuns: 20 },
    );
  });

  it('overlap with probability W / H if the offset is uniform in +-H', () => {
    const reaches = fc.double({ min: 1.1, max: 6, noNaN: true });
    fc.assert(
      fc.property(senders, windows, reaches, seeds, (who, { portCheckToConfirmNs, before }, reach, seed) => {
        const windowNs = portCheckToConfirmNs + before;
        const reachNs = Math.ceil(reach * windowNs);
        const race = { senders: who, windowNs, portCheckToConfirmNs, spread: 0, stall: NO_STALL };
        family.withinAlpha(overlapCheck({ ...race, reachNs, pairs: 3000, seed }));
      }),
      { seed: SEED, numRuns: 10, endOnFailure: true },
    );
  });

  it('overlap over an area of twice the mean window, however the steps are spread and stalled', () => {
    const spreads = fc.double({ min: 0.1, max: 0.6, noNaN: true });
    const stalls = fc.record({
      probability: fc.double({ min: 0, max: 0.4, noNaN: true }),
      meanNs: fc.integer({ min: 100, max: 2000 }),
    });
    fc.assert(
      fc.property(senders, windows, spreads, stalls, seeds, (who, window, spread, stall, seed) => {
        const { portCheckToConfirmNs, before } = window;
        const windowNs = portCheckToConfirmNs + before;
        // Beyond ten mean stalls, and where the lognormal has less than 1e-6 of its mass.
        const reachNs = Math.ceil(10 * stall.meanNs + windowNs * Math.exp(5 * spread));
        const race = { senders: who, windowNs, portCheckToConfirmNs, spread, stall };
        family.withinAlpha(overlapCheck({ ...race, reachNs, pairs: 5000, seed }));
      }),
      { seed: SEED, numRuns: 10, endOnFailure: true },
    );
  });

  it('lose a packet in q/R of pairs that search among R free ports', () => {
    const flags = fc.constantFrom('preserve' as const, 'random' as const, 'random-fully' as const);
    const reaches = fc.constantFrom(0, 1500, 4000);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), flags, reaches, seeds, (ports, flag, reachNs, seed) => {
        family.withinAlpha(sharedPortCheck({ ports, flag, reachNs, pairs: 4000, seed }));
      }),
      { seed: SEED, numRuns: 10, endOnFailure: true },
    );
  });
});

describe('Poisson flows of many pods on c CPUs', () => {
  it('overlap at rate x window x (1 - 1/c) pairs a flow, however busy the CPUs are', () => {
    // A packet takes about five windows of its CPU.
    const cases = fc.record({
      cpus: fc.integer({ min: 1, max: 8 }),
      loadPerCpu: fc.double({ min: 0.1, max: 0.6, noNaN: true }),
      spread: fc.double({ min: 0, max: 0.4, noNaN: true }),
      seed: seeds,
    });
    fc.assert(
      fc.property(cases, ({ cpus, loadPerCpu, spread, seed }) => {
        const flowsPerWindow = (cpus * loadPerCpu) / 5;
        family.withinAlpha(crowdCheck({ cpus, flowsPerWindow, spread, packets: 4000, seed }));
      }),
      { seed: SEED, numRuns: 5, endOnFailure: true },
    );
  });
});

describe('ports drawn at once', () => {
  it('meet as often as birthdays do, weighed by the starts that lead to each', () => {
    const cases = fc.record({
      flows: fc.integer({ min: 2, max: 12 }),
      ports: fc.integer({ min: 2, max: 200 }),
      seed: seeds,
    });
    fc.assert(
      fc.property(cases, ({ flows, ports, seed }) => {
        for (const check of birthdayChecks({ flows, ports, trials: 1500, seed })) family.withinAlpha(check);
      }),
      { seed: SEED, numRuns: 10, endOnFailure: true },
    );
  });

  it('have the probabilities of the formula, port by port, for a range of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 64_512 }), (ports) => {
        const bench = new Bench('6.18');
        const range = masquerade('random-fully', { min: 1024, max: 1023 + ports });
        const packet = search(bench, range, 1);
        const weights = portWeights(ports);
        expect(weights.map((_, i) => chanceOfSearch(bench.netfilter, packet, range, 1024 + i))).toEqual(
          weights,
        );
      }),
      { seed: SEED, numRuns: 6 },
    );
  });

  it('meet in 67584 of 65536^2 pairs if the range is the kernel’s own (reference, 5.3.3)', () => {
    const equal = chanceOfEqualPortsInModel();
    expect(equal).toBeCloseTo(67_584 / 65_536 ** 2, 15);
    expect(chanceOfEqualPorts(portWeights(64_512))).toBeCloseTo(equal, 15);
  });

  it('meet by the formula as by counting all outcomes', () => {
    // Three draws over five weighted values, one by one.
    const weights = [3, 3, 2, 2, 2].map((weight) => weight / 12);
    let distinct = 0;
    weights.forEach((p, i) => {
      weights.forEach((q, j) => {
        weights.forEach((r, k) => {
          if (i !== j && j !== k && i !== k) distinct += p * q * r;
        });
      });
    });
    expect(chanceOfNoCollision({ starts: 12, ports: 5 }, 3)).toBeCloseTo(distinct, 12);
    expect(portWeights(5, 12)).toEqual(weights);
  });
});

describe('backends drawn at once', () => {
  it('differ with probability 1 - 1/N', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), seeds, (endpoints, seed) => {
        family.withinAlpha(differentBackendCheck({ endpoints, pairs: 3000, seed }));
      }),
      { seed: SEED, numRuns: 6, endOnFailure: true },
    );
  });

  it('differ with probability 1 - sum of squares where they are not equally likely', () => {
    const shares = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 6 });
    const kernels = fc.constantFrom('5.10' as const, '5.4.286' as const);
    fc.assert(
      fc.property(shares, kernels, fc.nat(), (parts, kernel, seed) => {
        family.withinAlpha(unequalBackendCheck({ shares: parts, kernel, pairs: 3000, seed }));
      }),
      { seed: SEED, numRuns: 6, endOnFailure: true },
    );
  });

  it('are chosen as by the chain of `statistic` rules, rule i of n with probability 1/(n - i)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), seeds, (n, seed) => {
        const endpoints = Array.from({ length: n }, (_, i) => ({ address: i, port: 53 }));
        const proxy = new IptablesProxy(endpoints, new RandomStreams(seed, 0).stream('service'));
        const chosen = new Array<number>(n).fill(0);
        const [packet, draws] = [udp('10.1.0.1:5000'), 10_000];
        for (packet.ordinal = 0; packet.ordinal < draws; packet.ordinal++) chosen[proxy.choose(packet)]! += 1;
        let missed = 1;
        chosen.forEach((times, i) => {
          const matches = missed * (1 / (n - i));
          missed -= matches;
          family.withinAlpha(proportion(`rule ${i + 1} of ${n}`, times, draws, matches));
        });
        expect(missed).toBeCloseTo(0, 12);
      }),
      { seed: SEED, numRuns: 8, endOnFailure: true },
    );
  });
});

it('makes no more checks than its false-alarm rate was stated for', () => {
  expect(family.made).toBeGreaterThan(family.size / 2);
  expect(family.made).toBeLessThanOrEqual(family.size);
});
