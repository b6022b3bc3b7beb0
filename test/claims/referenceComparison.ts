/** The truth table beside the reference's, cell by cell. */
import type { Effect, Race } from '../../src/mitigations/mitigation.ts';
import { REFERENCE } from './referenceTruthTable.ts';
import type { Judgement } from './truthTable.ts';
import { WORLDS } from './worlds.ts';

export interface ComparedCell {
  readonly row: string;
  readonly mitigation: string;
  readonly race: Race;
  readonly reference: Effect;
  readonly ours: readonly Effect[];
  readonly agrees: boolean;
}

/** What a mitigation does to a race in the worlds where it can be applied; `from`: on this kernel alone. */
export function effectsOf(
  all: readonly Judgement[],
  mitigation: string,
  race: Race,
  from?: string,
): ReadonlySet<Effect> {
  const kernels = new Map(WORLDS.map(({ name, scenario }) => [name, scenario.kernel]));
  return new Set(
    all
      .filter((each) => each.mitigation === mitigation && each.race === race)
      .filter(({ application }) => application !== 'ineffective')
      .filter(({ world }) => from === undefined || kernels.get(world) === from)
      .map(({ stated }) => stated),
  );
}

/** Where the reference says something, and a world has something to say of it. */
export function compareWithReference(all: readonly Judgement[]): readonly ComparedCell[] {
  return REFERENCE.flatMap(({ row, mitigations, cells, from }) =>
    mitigations.flatMap((mitigation) =>
      (Object.entries(cells) as [Race, Effect | null][]).flatMap(([race, reference]): ComparedCell[] => {
        const ours = effectsOf(all, mitigation, race, from);
        // Where it can be applied nowhere, it leaves things as they are.
        const shown = ours.size === 0 ? new Set<Effect>(['leaves alone']) : ours;
        const judged = all.some((each) => each.mitigation === mitigation && each.race === race);
        if (reference === null || !judged) return [];
        const agrees = agree(reference, shown);
        return [{ row, mitigation, race, reference, ours: [...shown], agrees }];
      }),
    ),
  );
}

/** The reference's effect shows in some world, and none in the other direction; `reduces` allows more than that. */
function agree(reference: Effect, ours: ReadonlySet<Effect>): boolean {
  const better = ours.has('removes') || ours.has('reduces');
  const worse = ours.has('worsens');
  switch (reference) {
    case 'leaves alone':
      return !better && !worse;
    case 'worsens':
      return worse && !better;
    case 'reduces':
      return better && !worse;
    case 'removes':
      return ours.has('removes') && !worse;
  }
}
