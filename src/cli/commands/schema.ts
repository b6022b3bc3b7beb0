/** `snatrace schema`: the JSON Schema of scenario files, for editors. */

import type { Command } from '../command.ts';
import { OK } from '../exitCodes.ts';
import { printJson } from '../output.ts';

export const schemaCommand: Command = {
  builder: (argv) =>
    argv
      .option('json', { type: 'boolean', default: true, hidden: true })
      .example('$0 schema > scenario.schema.json', 'then put this at the top of a scenario file:')
      .example('# yaml-language-server: $schema=./scenario.schema.json', ''),
  handler: async () => {
    const { scenarioJsonSchema } = await import('../../scenario/jsonSchema.ts');
    printJson(scenarioJsonSchema());
    return OK;
  },
};
