/** What is wrong with names that a plan did not understand, and where they stand. */
import type { UnknownName } from '../experiment/plan.ts';
import type { ExperimentSettings } from '../scenario/experimentSettings.ts';
import type { ScenarioSource } from '../scenario/load.ts';
import { USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

/** Kinds of names that flags gave in place of the file. */
export type FromFlags = ReadonlySet<UnknownName['kind']>;

/** Names that came from flags are named as such; those from the file with their line and column. */
export async function unknownNames(
  unknown: readonly UnknownName[],
  { experiment, source }: { readonly experiment: ExperimentSettings; readonly source: ScenarioSource },
  fromFlags: FromFlags,
): Promise<Failure> {
  const { MITIGATIONS } = await import('../mitigations/catalogue.ts');
  const { DISPATCH_PRESET_NAMES } = await import('../scenario/dispatchPresets.ts');
  const { kernelProblem } = await import('./scenarioFile.ts');
  const known = MITIGATIONS.map((each) => each.name);
  const kinds = {
    mitigation: {
      key: 'with',
      list: experiment.with ?? [],
      text: (name: string) => messages.unknownMitigation(name, known),
    },
    kernel: { key: 'kernels', list: experiment.kernels, text: (name: string) => kernelProblem(name) ?? '' },
    dispatch: {
      key: 'dispatches',
      list: experiment.dispatches,
      text: (name: string) => messages.unknownDispatch(name, DISPATCH_PRESET_NAMES),
    },
    load: { key: 'loads', list: experiment.loads.map(String), text: messages.loadOfReplay },
  };
  const lines = unknown.map(({ kind, name }) => {
    const { key, list, text } = kinds[kind];
    if (fromFlags.has(kind)) return text(name);
    const index = list.findIndex((item) => item.split('+').includes(name));
    const { line, column } = source.locate(['compare', key, index]);
    return `${source.file}:${line}:${column}: ${text(name)}`;
  });
  return new Failure(lines.join('\n'), USAGE);
}
