/** `docs/truth-table.md`: every mitigation by every race, as it shows, beside the reference. */
import { MITIGATIONS } from '../../src/mitigations/catalogue.ts';
import { type Effect, RACES, type Race } from '../../src/mitigations/mitigation.ts';
import { markdownTable } from '../golden/golden.ts';
import { ratioText } from './docs.ts';
import { EXPLAINED } from './explainedDifferences.ts';
import { compareWithReference, effectsOf } from './referenceComparison.ts';
import { CONFIDENCE, FEWEST, type Judgement, REPLICATIONS } from './truthTable.ts';
import { UNSEEN } from './unseenScopes.ts';
import { WORLDS } from './worlds.ts';

const HEAD = `# The truth table

What each mitigation does to each way of losing packets, in losses per lookup or request. Every cell is what the
scope in \`src/mitigations/\` says, held to the simulation in ${WORLDS.length} small worlds in which the races strike
(\`test/claims/worlds.ts\`; worst-case dispatch where the world is about pairs, so that the rates are no forecast).

- **removes**: a twentieth at most is left. **reduces**, **worsens**: the ${100 * CONFIDENCE} % interval of the difference
  excludes 0. **-**: leaves alone: the same counts, or an interval within 10 % of the rate without it, or at least
  nothing that contradicts it. Several effects in a cell: it depends, and the last table says on what.
- Judged were worlds with at least ${FEWEST} losses on either side, ${REPLICATIONS} replications each, seed \`truth table\`.
  Equal rates are called different in 0.5 % of comparisons at most; most comparisons here are of runs that are the
  same packet for packet.
- A blank cell: no world in which the race strikes and the mitigation can be applied.

Made by \`npm run claims-docs\`; a test holds it to the simulation, and the scopes to it.
`;

const SHORT: Readonly<Record<Effect, string>> = {
  removes: 'removes',
  reduces: 'reduces',
  'leaves alone': '-',
  worsens: 'worsens',
};
const ORDER: readonly Effect[] = ['removes', 'reduces', 'leaves alone', 'worsens'];
const races = Object.keys(RACES) as Race[];

export function truthTableDocument(all: readonly Judgement[]): string {
  const overview = MITIGATIONS.map(({ name }) => [
    `\`${name}\``,
    ...races.map((race) => {
      const effects = effectsOf(all, name, race);
      return ORDER.filter((effect) => effects.has(effect))
        .map((effect) => SHORT[effect])
        .join(', ');
    }),
  ]);
  const compared = compareWithReference(all);
  const differences = compared
    .filter(({ agrees }) => !agrees)
    .map(({ row, mitigation, race, reference, ours }) => {
      const explained = EXPLAINED.find((each) => each.mitigation === mitigation && each.race === race);
      return [
        row,
        `\`${mitigation}\``,
        RACES[race],
        reference,
        ours.join(', '),
        explained?.why ?? '',
        explained?.credible ?? '',
      ];
    });
  const agreeing = compared.filter(({ agrees }) => agrees).length;
  const evidence = all
    .filter(({ application, stated }) => application !== 'ineffective' && stated !== 'leaves alone')
    .map((each) => [
      `\`${each.mitigation}\``,
      RACES[each.race],
      each.world,
      each.stated,
      each.when ?? '',
      `${each.eventsBefore} of ${each.startedBefore}`,
      `${each.eventsAfter} of ${each.startedAfter}`,
      ratioText(each.ratio),
    ]);
  return [
    HEAD,
    '\n## All mitigations\n\n',
    markdownTable(['mitigation', ...races.map((race) => RACES[race])], overview),
    '\n## Beside the reference\n\n',
    `The reference's table D was derived from sources before there was a simulation. Of ${compared.length} cells that can `,
    `be compared, ${agreeing} agree: the reference's effect shows in some world (where it says "reduces", "removes" will do), `,
    'and none the other way. These do not:\n\n',
    markdownTable(
      ['row of the reference', 'mitigation', 'race', 'reference', 'here', 'why', 'more credible'],
      differences,
    ),
    '\n## Stated, and seen in no world\n\n',
    markdownTable(
      ['mitigations', 'race', 'why'],
      UNSEEN.map(({ mitigations, race, why }) => [
        mitigations.map((name) => `\`${name}\``).join(', '),
        RACES[race],
        why,
      ]),
    ),
    '\n## What showed, where something was to\n\n',
    markdownTable(
      ['mitigation', 'race', 'world', 'effect', 'case of the scope', 'losses without', 'with', 'ratio'],
      evidence,
    ),
  ].join('');
}
