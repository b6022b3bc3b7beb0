/** The room itself: what it generates, how it judges, and what it says. False alarms: 0.1 % a comparison of rates. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertClaim, explain } from '../../src/claims/assertClaim.ts';
import { releasesOf, type ScenarioBounds } from '../../src/claims/bounds.ts';
import { type ClaimSettings, claim } from '../../src/claims/claim.ts';
import { shortestFile } from '../../src/claims/counterexample.ts';
import { RACE_MEASURES } from '../../src/claims/measure.ts';
import { RACE_WORLDS } from '../../src/claims/raceWorlds.ts';
import { scenarioArbitrary } from '../../src/claims/scenarioArbitrary.ts';
import { RACES, type Race } from '../../src/mitigations/mitigation.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';

const races = Object.keys(RACES) as Race[];
const sample = (bounds: ScenarioBounds, numRuns = 12) =>
  fc.sample(scenarioArbitrary(bounds), { seed: 7, numRuns });

const PAIRS: ClaimSettings = {
  name: 'pairs',
  text: 'No packet of a pair is lost',
  given: RACE_WORLDS.sameSocketOtherBackend,
  mitigation: 'kernel-5.6',
  of: 'sameSocketOtherBackend',
  says: 'never',
};

describe('generated scenarios', () => {
  it('are within their bounds', () => {
    const kernels = ['4.14.96', '5.4.286'];
    for (const { kernel, node, pods, services } of sample({ kernels, endpoints: { min: 2, max: 3 } }, 30)) {
      expect(kernels).toContain(kernel);
      expect(node.cpus).toBeGreaterThanOrEqual(2);
      expect([2, 3]).toContain(services.dns.endpoints);
      expect(pods[0]?.count).toBeLessThanOrEqual(4);
    }
  });

  it('have what the file and the pod of the bounds say, key by key', () => {
    const [scenario] = sample({
      file: { node: { backlog: 7 } },
      pod: { process: 'per-lookup', resolver: { search: 2 } },
    });
    expect(scenario?.node.backlog).toBe(7);
    expect(scenario?.pods[0]?.process).toBe('per-lookup');
    expect(scenario?.pods[0]?.resolver.search.length).toBe(2);
    expect(scenario?.pods[0]?.resolver.libc).toMatch(/./);
  });

  it('cover every generation of a range of kernels, newest first', () => {
    expect(releasesOf({ from: '4.7', to: '4.18.20' })).toEqual(['4.18.20', '4.12', '4.10', '4.9', '4.7']);
    expect(() => releasesOf({ from: '5.4', to: '4.14' })).toThrow(RangeError);
    expect(() => scenarioArbitrary({ libcs: [] })).toThrow('libcs is empty');
  });

  it.each(races)('strike in nearly every scenario of the world of %s', (race) => {
    const struck = sample(RACE_WORLDS[race]).filter(
      (scenario) => RACE_MEASURES[race].events(simulate(scenario, { seed: 'worlds' })) > 0,
    );
    expect(struck.length).toBeGreaterThanOrEqual(10);
  });
});

describe('a claim', () => {
  it('gives the same report for the same seed, and draws others for another', () => {
    expect(claim(PAIRS).check()).toEqual(claim(PAIRS).check());
    expect(claim(PAIRS).check({ seed: 2 }).without).not.toEqual(claim(PAIRS).check().without);
  });

  it('that speaks of what did not happen is vacuous', () => {
    const kernels = ['6.1'];
    const given = { ...RACE_WORLDS.sameSocketOtherBackend, kernels };
    for (const says of ['never', 'fewer', 'equal', 'no detectable difference', 'more'] as const) {
      expect(claim({ ...PAIRS, given, mitigation: 'kernel-6.12', says }).check().verdict).toBe('vacuous');
    }
    const serial = { ...PAIRS, given: { ...given, dispatches: ['clean-veth'] } };
    const { mitigation: _, ...asItIs } = serial;
    expect(claim(asItIs).check().verdict).toBe('vacuous');
  });

  it('that is tested in too few scenarios is vacuous, as its guard says', () => {
    const given: ScenarioBounds = {
      ...RACE_WORLDS.sameSocketOtherBackend,
      kernels: ['5.4.286', '6.1', '6.12'],
    };
    expect(claim({ ...PAIRS, given, mitigation: 'kernel-6.12', guard: 0.9 }).check().verdict).toBe('vacuous');
    expect(claim({ ...PAIRS, given, mitigation: 'kernel-6.12', guard: 0.1 }).check().verdict).toBe('holds');
  });

  it('about rates is undecided where scenarios are too few', () => {
    const few = { ...PAIRS, mitigation: 'ipvs', given: RACE_WORLDS.sameSocket, of: 'sameSocket' } as const;
    expect(claim({ ...few, says: 'fewer', runs: 2 }).check().verdict).toBe('undecided');
  });

  it('about rates tells no difference where there is none, in twenty checks', () => {
    // Draws what it drew, a microsecond later.
    const later = (scenario: Scenario): Scenario => ({
      ...scenario,
      links: { ...scenario.links, cluster: { kind: 'constant', valueNs: 201_000 } },
    });
    const same = { ...PAIRS, mitigation: later, given: RACE_WORLDS.sameSocket, of: 'sameSocket' } as const;
    for (let seed = 1; seed <= 20; seed++) {
      const { difference } = claim({ ...same, says: 'fewer', runs: 8 }).check({ seed }).contrast!;
      expect(difference.low).toBeLessThanOrEqual(0);
      expect(difference.high).toBeGreaterThanOrEqual(0);
    }
  });

  it('that could only be vacuous, or names no mitigation, is refused', () => {
    const { mitigation: _, ...asItIs } = PAIRS;
    expect(() => claim({ ...asItIs, says: 'fewer' })).toThrow('needs a mitigation');
    expect(() => claim({ ...asItIs, of: 'tableFull' })).toThrow('needs a mitigation');
    expect(() => claim({ ...PAIRS, mitigation: 'kernel-5.6+nonsense' })).toThrow('no mitigation nonsense');
    expect(() => claim({ ...PAIRS, leaving: 0.1 })).toThrow('leaving');
  });

  it('is about one scenario too, over its replications', () => {
    const [given] = sample({ ...RACE_WORLDS.sameSocketOtherBackend, kernels: ['5.4.286'] });
    const report = claim({ ...PAIRS, given: given as Scenario, runs: 20, says: 'fewer' }).check();
    expect(report).toMatchObject({ verdict: 'holds', runs: 20 });
  });
});

describe('a refuted claim', () => {
  const refuted = claim({ ...PAIRS, mitigation: 'kernel-5.1', hint: 'only 5.6 keeps these packets' });
  const report = refuted.check();

  it('has the simplest scenario that contradicts it', () => {
    const { scenario, without, with: after } = report.counterexample!;
    expect(report.verdict).toBe('refuted');
    expect(scenario.pods[0]?.count).toBe(1);
    expect(scenario.services.dns.endpoints).toBe(2);
    expect(after.events).toBeGreaterThan(0);
    expect(without.events).toBeGreaterThan(0);
  });

  it('has it as a file that loads to the same scenario and says little else', () => {
    const { scenario, file } = report.counterexample!;
    expect(loadScenario(file, { path: 'counterexample.yaml' }).scenario).toEqual(scenario);
    expect(file.split('\n').length).toBeLessThan(40);
    expect(shortestFile(scenario)).toBe(file);
  });

  it('is found again from its seed and path', () => {
    const path = report.counterexample!.path!;
    const again = refuted.check({ path });
    expect(again.counterexample?.file).toBe(report.counterexample?.file);
  });

  it('comes out of its command: the same draws give the same losses', () => {
    const { scenario, command, without } = report.counterexample!;
    const [, seed = '', replications = ''] = /--seed (\S+) --replications (\d+)/.exec(command) ?? [];
    const events = Array.from({ length: Number(replications) }, (_, replication) =>
      RACE_MEASURES.sameSocketOtherBackend.events(simulate(scenario, { seed, replication })),
    );
    expect(events).toContain(without.events);
    expect(command).toContain('compare counterexample.yaml --with kernel-5.1');
  });

  it('fails a test with a message that says all of that', () => {
    const text = explain(report);
    expect(() => assertClaim(refuted)).toThrow(text);
    for (const part of [
      'Claim pairs is refuted: No packet of a pair is lost',
      'Hint: only 5.6 keeps these packets',
      report.counterexample!.command,
      `{ seed: 1, path: '${report.counterexample!.path}' }`,
      '  kernel: 5.4.286',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('fails on what a mitigation of its own throws, as that throws it', () => {
    const broken = () => {
      throw new Error('no such key');
    };
    expect(() => claim({ ...PAIRS, mitigation: broken }).check()).toThrow('no such key');
  });
});
