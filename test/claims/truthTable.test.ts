/**
 * The scope that every mitigation states is what the simulation shows, and where the reference says otherwise there
 * is an explanation. A comparison calls equal rates different with a probability of 0.5 % at most; seeds are fixed.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { MITIGATIONS, mitigation } from '../../src/mitigations/catalogue.ts';
import { type Mitigation, RACES, type Race } from '../../src/mitigations/mitigation.ts';
import { expectDoc } from './docs.ts';
import { EXPLAINED } from './explainedDifferences.ts';
import { compareWithReference } from './referenceComparison.ts';
import { type Judgement, judgeAll } from './truthTable.ts';
import { truthTableDocument } from './truthTableDocument.ts';
import { UNSEEN } from './unseenScopes.ts';
import { WORLDS } from './worlds.ts';

let all: readonly Judgement[] = [];
// About a minute on two busy cores.
beforeAll(() => {
  all = judgeAll();
}, 600_000);

const lineOf = (each: Judgement) =>
  `${each.race}, ${each.world}: stated ${each.stated} (${each.when ?? 'always'}, ${each.application}), ` +
  `${each.eventsBefore} of ${each.startedBefore} became ${each.eventsAfter} of ${each.startedAfter}`;

describe.each(MITIGATIONS.map(({ name, scope }) => [name, scope] as const))('%s', (name, scope) => {
  it('does to each race what its scope states', () => {
    const contradicted = all.filter(
      ({ mitigation, agrees }) => mitigation === name && agrees === 'contradicted',
    );
    expect(contradicted.map(lineOf)).toEqual([]);
  });

  it('shows each race that it is said to change, in some world, or it is known why not', () => {
    const races = Object.keys(RACES) as Race[];
    const unseen = races.filter((race) => {
      const each = scope[race];
      const effects = each.effect === 'depends' ? each.cases.map(({ effect }) => effect) : [each.effect];
      const changes = effects.some((effect) => effect !== 'leaves alone');
      return changes && !all.some(isChange(name, race));
    });
    const known = UNSEEN.filter(({ mitigations }) => mitigations.includes(name)).map(({ race }) => race);
    expect(unseen.sort()).toEqual(known.sort());
  });

  it('is judged by each race that it is said to leave alone', () => {
    const races = (Object.keys(RACES) as Race[]).filter((race) => scope[race].effect === 'leaves alone');
    const judged = (race: Race) => all.some((each) => each.mitigation === name && each.race === race);
    expect(races.filter((race) => !judged(race))).toEqual([]);
  });
});

function isChange(name: string, race: Race) {
  return (each: Judgement): boolean =>
    each.mitigation === name &&
    each.race === race &&
    each.agrees === 'shown' &&
    each.stated !== 'leaves alone';
}

describe('a wrong scope', () => {
  const contradicted = (name: string, scope: Partial<Mitigation['scope']>, world: string) => {
    const real = mitigation(name) as Mitigation;
    const wrong = { ...real, scope: { ...real.scope, ...scope } };
    const there = WORLDS.filter((each) => each.name === world);
    const effects = Object.keys(scope).map((race) =>
      judgeAll([wrong], there).find((each) => each.race === race),
    );
    return effects.map((each) => each?.agrees);
  };

  it.each([
    ['kernel-5.1', { sameSocketOtherBackend: { effect: 'removes' } }, 'pairs to two backends, 4.14, glibc'],
    [
      'kernel-5.6',
      { sameSocketOtherBackend: { effect: 'leaves alone' } },
      'pairs to three backends, 5.4, musl',
    ],
    [
      'random-fully',
      { portRaceTcp: { effect: 'worsens' } },
      'connects that search from the hash, 4.14, --random',
    ],
    [
      'connection-pooling',
      { portRaceTcp: { effect: 'leaves alone' } },
      'connects that search from the rover, 4.14',
    ],
  ] as const)('of %s is found out: %o', (name, scope, world) => {
    expect(contradicted(name, scope, world)).toEqual(['contradicted']);
  });
});

describe('the reference', () => {
  it('agrees, or there is an explanation; and there is no explanation without a difference', () => {
    const key = ({ mitigation, race }: { mitigation: string; race: Race }) => `${mitigation} ${race}`;
    const differences = compareWithReference(all).filter(({ agrees }) => !agrees);
    expect(EXPLAINED.map(key).sort()).toEqual(differences.map(key).sort());
  });
});

describe('docs/truth-table.md', () => {
  it('says what was found', () => {
    expectDoc('truth-table.md', truthTableDocument(all));
  });
});
