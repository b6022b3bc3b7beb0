/** `snatrace mitigations`: the catalogue, or one of it explained. */

import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { withJson } from '../options.ts';
import { printData, printJson } from '../output.ts';
import { readScenario } from '../scenarioFile.ts';
import { plainTable } from '../table.ts';

export const mitigationsCommand: Command = {
  command: 'mitigations [name]',
  describe: 'what people recommend: the catalogue, one explained, or what applies to a scenario',
  builder: (argv) =>
    withJson(argv)
      .positional('name', { type: 'string', describe: 'one mitigation' })
      .option('scenario', {
        type: 'string',
        requiresArg: true,
        describe: 'tell which apply to this scenario',
      })
      .example('$0 mitigations', 'the catalogue')
      .example('$0 mitigations random-fully', 'scope, prerequisites, cost, how to turn it on, sources')
      .example(
        '$0 mitigations --scenario experiments/php-on-alpine.yaml',
        'which apply, which cannot, and why',
      ),
  handler: async (args) => {
    const { MITIGATIONS, mitigation } = await import('../../mitigations/catalogue.ts');
    const { RACES } = await import('../../mitigations/mitigation.ts');
    const json = args.json === true;
    const { name, scenario } = args;
    if (name !== undefined) {
      const found = mitigation(String(name));
      if (found === undefined) {
        const known = MITIGATIONS.map((each) => each.name);
        throw new Failure(messages.unknownMitigation(String(name), known), USAGE);
      }
      const { apply: _, ...facts } = found;
      if (json) {
        printJson({ schemaVersion: 1, kind: 'mitigation', ...facts });
        return OK;
      }
      const list = (title: string, lines: readonly string[]) =>
        `\n\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`;
      const scope = Object.entries(RACES).map(([race, text]) => {
        const { effect, text: detail } = found.scope[race as keyof typeof RACES];
        return [`  ${text}`, effect, detail ?? ''];
      });
      printData(
        `${found.name}: ${found.title}\n\n${found.changes}\n\nScope\n${plainTable(['  race', 'effect', ''], scope)}${list('Needs', found.prerequisites)}${list('Costs', found.cost)}${list('How', found.howTo)}${list('Sources', found.sources)}`,
      );
      return OK;
    }
    const applications =
      scenario === undefined
        ? null
        : MITIGATIONS.map((each) => each.apply(readScenario(String(scenario)).scenario));
    if (json) {
      printJson({
        schemaVersion: 1,
        kind: 'mitigations',
        mitigations: MITIGATIONS.map(({ apply: _, ...facts }, i) => ({
          ...facts,
          ...(applications === null
            ? {}
            : { effect: applications[i]?.effect, notes: applications[i]?.notes }),
        })),
      });
      return OK;
    }
    printData(
      applications === null
        ? `${plainTable(
            ['name', 'title', 'race it removes'],
            MITIGATIONS.map((each) => [
              each.name,
              each.title,
              Object.entries(each.scope)
                .filter(([, { effect }]) => effect === 'removes')
                .map(([race]) => RACES[race as keyof typeof RACES])
                .join('; '),
            ]),
          )}\n\n\`snatrace mitigations NAME\` explains one.`
        : plainTable(
            ['name', 'here', 'why'],
            MITIGATIONS.map((each, i) => [
              each.name,
              applications[i]?.effect ?? '',
              (applications[i]?.notes ?? []).join('; '),
            ]),
          ),
    );
    return OK;
  },
};
