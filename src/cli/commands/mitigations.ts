/** `snatrace mitigations`: the catalogue, one of it explained, or what it does to a scenario. */

import type { Application, Effect, Mitigation, Race, Scope } from '../../mitigations/mitigation.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { withJson } from '../options.ts';
import { outputWidth, printData, printJson } from '../output.ts';
import { readScenario } from '../scenarioFile.ts';
import { plainTable } from '../table.ts';
import { wrapped } from '../wrapped.ts';

export const mitigationsCommand: Command = {
  builder: (argv) =>
    withJson(argv)
      .positional('name', { type: 'string', describe: 'one mitigation, or kernel-RELEASE' })
      .option('scenario', {
        type: 'string',
        requiresArg: true,
        describe: 'tell which apply to this scenario, and what they do there',
      })
      .example('$0 mitigations', 'the catalogue')
      .example('$0 mitigations random-fully', 'scope, prerequisites, cost, how to turn it on, sources')
      .example(
        '$0 mitigations --scenario experiments/php-on-alpine.yaml',
        'which apply, which cannot, and why',
      ),
  handler: async (args) => {
    const catalogue = await import('../../mitigations/catalogue.ts');
    const { effectIn, EFFORTS, RACES } = await import('../../mitigations/mitigation.ts');
    const facts: Facts = { effectIn, efforts: EFFORTS, races: RACES };
    const json = args.json === true;
    const scenario =
      args.scenario === undefined ? null : readScenario(String(args.scenario), 'mitigations').scenario;
    if (args.name !== undefined) {
      const found = catalogue.mitigation(String(args.name));
      if (found === undefined) {
        const known = catalogue.MITIGATIONS.map(({ name }) => name);
        throw new Failure(messages.unknownMitigation(String(args.name), known), USAGE);
      }
      if (json) printJson({ schemaVersion: 1, kind: 'mitigation', ...documentOf(found, scenario, facts) });
      else printData(explained(found, scenario, facts));
      return OK;
    }
    const { MITIGATIONS } = catalogue;
    if (json) {
      const mitigations = MITIGATIONS.map((each) => documentOf(each, scenario, facts));
      printJson({ schemaVersion: 1, kind: 'mitigations', mitigations });
    } else {
      printData(scenario === null ? listed(MITIGATIONS, facts) : appliedTo(MITIGATIONS, scenario, facts));
    }
    return OK;
  },
};

/** What the catalogue knows beside its entries; loaded when the command runs. */
interface Facts {
  readonly effectIn: (scope: Scope, scenario: Scenario) => { effect: Effect; when: string | null };
  readonly efforts: Readonly<Record<string, string>>;
  readonly races: Readonly<Record<Race, string>>;
}

const SYMBOLS = {
  removes: '●',
  reduces: '◐',
  'leaves alone': '·',
  worsens: '▲',
} as const;

/** Column heads of the races, in the order of `RACES`. */
const HEADS: Readonly<Record<Race, string>> = {
  sameSocket: 'same',
  sameSocketOtherBackend: 'other',
  portRaceUdp: 'udp',
  portRaceTcp: 'tcp',
  portsExhausted: 'ports',
  tableFull: 'table',
};

const symbols = (facts: Facts, symbol: (race: Race) => string): readonly string[] =>
  (Object.keys(facts.races) as Race[]).map(symbol);

/** Of a scope that depends: the best that it can do, and whether it can do harm. */
function symbolOf(scope: Scope): string {
  if (scope.effect !== 'depends') return SYMBOLS[scope.effect];
  const effects = scope.cases.map(({ effect }) => effect);
  const best = (['removes', 'reduces'] as const).find((effect) => effects.includes(effect));
  const worst = effects.includes('worsens') ? SYMBOLS.worsens : '';
  return `${best === undefined ? '' : SYMBOLS[best]}${worst}?`;
}

function legend({ races }: Facts, marks: readonly string[]): string {
  const columns = Object.entries(races).map(([race, text]) => `${HEADS[race as Race]}: ${text}`);
  const pairs = [0, 2, 4].map((at) => columns.slice(at, at + 2).join('; '));
  return [marks.join('   '), ...pairs].join('\n');
}

const MARKS = (['removes', 'reduces', 'leaves alone', 'worsens'] as const).map(
  (effect) => `${SYMBOLS[effect]} ${effect}`,
);

function listed(mitigations: readonly Mitigation[], facts: Facts): string {
  const blocks = Object.entries(facts.efforts).map(([effort, text]) => {
    const rows = mitigations
      .filter((each) => each.effort === effort)
      .map((each) => [`  ${each.name}`, each.title, ...symbols(facts, (race) => symbolOf(each.scope[race]))]);
    return `${capital(text)}\n${plainTable(['', '', ...Object.values(HEADS)], rows)}`;
  });
  const legendText = legend(facts, [...MARKS, '? depends on the scenario: at best, at worst']);
  return `${blocks.join('\n\n')}\n\n${legendText}\n\n${messages.mitigationsHint()}`;
}

function appliedTo(mitigations: readonly Mitigation[], scenario: Scenario, facts: Facts): string {
  const tried = mitigations.map((each) => ({ each, application: each.apply(scenario) }));
  const works = tried.filter(({ application }) => application.effect !== 'ineffective');
  const not = tried.filter(({ application }) => application.effect === 'ineffective');
  const rows = works.map(({ each, application }) => [
    `  ${each.name}`,
    application.effect,
    ...symbols(facts, (race) => SYMBOLS[facts.effectIn(each.scope[race], scenario).effect]),
  ]);
  const width = outputWidth();
  const reasons = (all: readonly { each: Mitigation; application: Application }[]): string =>
    all
      .filter(({ application }) => application.notes.length > 0)
      .map(({ each, application }) => wrapped(`  ${each.name}: `, application.notes.join('; '), width))
      .join('\n');
  const blocks = [
    works.length === 0
      ? messages.nothingApplies()
      : `Apply here, and do this to races that happen:\n${plainTable(['', '', ...Object.values(HEADS)], rows)}\n\n${legend(facts, MARKS)}`,
    reasons(works) === '' ? '' : `Notes:\n${reasons(works)}`,
    not.length === 0 ? '' : `Have no effect here:\n${reasons(not)}`,
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function explained(found: Mitigation, scenario: Scenario | null, facts: Facts): string {
  const width = outputWidth();
  const list = (title: string, lines: readonly string[]): string =>
    `${title}\n${lines.map((line) => wrapped('  ', line, width)).join('\n')}`;
  const scope = (Object.keys(facts.races) as Race[]).map((race) =>
    scopeInWords(facts.races[race], found.scope[race], width),
  );
  const blocks = [
    `${found.name}: ${found.title}`,
    wrapped('', found.changes, width),
    wrapped('Effort: ', `${found.effort}, ${facts.efforts[found.effort]}`, width),
    ...(scenario === null ? [] : [inScenario(found, scenario, facts, width)]),
    `Scope\n${scope.join('\n')}`,
    list('Needs', found.prerequisites),
    list('Costs', found.cost),
    // Lines to copy are not broken.
    `How\n${found.howTo.map((line) => `  ${line}`).join('\n')}`,
    list('Sources', found.sources),
  ];
  return blocks.join('\n\n');
}

function scopeInWords(race: string, scope: Scope, width: number): string {
  const text = scope.text === undefined ? '' : `, ${scope.text}`;
  const lines = [wrapped(`  ${race}: `, `${scope.effect}${text}`, width)];
  if (scope.effect === 'depends')
    for (const { when, effect } of scope.cases) lines.push(wrapped('    - ', `${when}: ${effect}`, width));
  return lines.join('\n');
}

function inScenario(found: Mitigation, scenario: Scenario, facts: Facts, width: number): string {
  const { effect, notes } = found.apply(scenario);
  const races = (Object.keys(facts.races) as Race[]).map((race) => {
    const decided = facts.effectIn(found.scope[race], scenario);
    const why = decided.when === null || decided.when === 'otherwise' ? '' : ` (${decided.when})`;
    return wrapped(`  ${facts.races[race]}: `, `${decided.effect}${why}`, width);
  });
  const why = notes.length === 0 ? '' : `: ${notes.join('; ')}`;
  const head = wrapped('Here: ', `${effect}${why}`, width);
  return effect === 'ineffective' ? head : [head, ...races].join('\n');
}

/** The facts, with the cases of what depends but for their tests; of a scenario, what becomes of it. */
function documentOf(each: Mitigation, scenario: Scenario | null, facts: Facts): object {
  const { apply, scope, ...rest } = each;
  const plainScope = Object.fromEntries(
    Object.entries(scope).map(([race, of]) => [
      race,
      of.effect === 'depends' ? { ...of, cases: of.cases.map(({ when, effect }) => ({ when, effect })) } : of,
    ]),
  );
  if (scenario === null) return { ...rest, scope: plainScope };
  const { effect, notes } = apply(scenario);
  const here = Object.fromEntries(
    (Object.keys(facts.races) as Race[]).map((race) => [race, facts.effectIn(scope[race], scenario)]),
  );
  return { ...rest, scope: plainScope, effect, notes, here };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
