/** The schema of a scenario file for editors and other tools: completion, hover texts, validation. */
import { z } from 'zod';
import { scenarioFile } from './schema/file.ts';

/**
 * JSON Schema (draft 2020-12) of what may stand in a scenario file. It says the shape: what `loadScenario`
 * refuses beyond that takes arithmetic, two values at once, or the catalogues of kernels and libraries.
 */
export function scenarioJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(scenarioFile, { io: 'input' });
  return {
    $schema,
    title: 'snatrace scenario',
    description:
      'A node, its pods and what they do: a question about packets lost to the conntrack NAT race. ' +
      'Durations (5s, 20us), rates (50/s), sizes (8GiB) have their units; probabilities are 0 to 1 or 2%.',
    ...schema,
  };
}
