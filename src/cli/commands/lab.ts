/** `snatrace lab`: a scenario's races on this machine's own kernel, beside the model. */
import type { LabDocument, LabVerdict } from '../../lab/labDocument.ts';
import type { LabExperiment } from '../../scenario/labExperiment.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { VERSION } from '../../version.ts';
import type { Command } from '../command.ts';
import { INTERRUPTED, OK, REFUTED, UNDECIDED, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import { interruptible } from '../interruptible.ts';
import * as messages from '../messages.ts';
import { DEFAULT_SEED, scenarioPath, seedOf, wholeNumber, withJson } from '../options.ts';
import { outputWidth, printData, printJson, printTalk, wantsColour } from '../output.ts';
import { startProgress } from '../progress.ts';

export const labCommand: Command = {
  builder: (argv) =>
    withJson(argv)
      .positional('scenario', {
        type: 'string',
        describe: 'a scenario file, YAML or JSON; - for standard input. Not needed to calibrate',
      })
      .option('with', {
        type: 'string',
        describe: 'a mitigation to apply first; "a+b" applies both',
        requiresArg: true,
      })
      .option('pairs', { type: 'string', describe: "pairs of each race; default: the file's" })
      .option('only', { choices: ['race', 'fill'] as const, describe: 'one kind of experiment' })
      .option('backend', {
        choices: ['nft', 'iptables'] as const,
        describe: 'what writes the rules; default: nft where it works',
      })
      .option('seed', { type: 'string', describe: "seed of the model's draws" })
      .option('calibrate', {
        type: 'boolean',
        default: false,
        describe: 'measure step times and settings of this machine, and write them as a node profile',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'with --calibrate: file for the profile; default: standard output',
      })
      .option('quiet', { alias: 'q', type: 'boolean', default: false, describe: 'no progress' })
      .example('$0 lab experiments/lab-two-pods.yaml', 'see the race happen here, next to its prediction')
      .example('$0 lab a.yaml --with random-fully', 'and without it')
      .example('$0 lab a.yaml --pairs 20000 --only race', 'narrower intervals')
      .example('$0 lab --calibrate --out worker.yaml', 'for `node: { profile: worker.yaml }` of a scenario'),
  handler: async (args) => {
    if (args.calibrate === true) return calibration(args);
    if (args.out !== undefined) throw new Failure(messages.outWithoutCalibrate(), USAGE);
    if (args.scenario === undefined) {
      throw new Failure(`${messages.missingArgument('lab')}\n${messages.seeHelp('lab ')}`, USAGE);
    }
    const path = scenarioPath(args);
    const { readScenario } = await import('../scenarioFile.ts');
    const { scenario: asWritten, experiment } = readScenario(path, 'lab');
    const scenario = await mitigated(asWritten, args.with);
    const seed = seedOf(args.seed) ?? experiment.seed ?? DEFAULT_SEED;
    const pairs = wholeNumber('pairs', args.pairs, 1, 1_000_000);
    const { examine } = await import('../../lab/doctor.ts');
    const { machineFacts, planLab, runLab } = await import('../../lab/lab.ts');
    const labMessages = await import('../../lab/messages.ts');
    const { verdictOf } = await import('../../lab/verdicts.ts');
    const machine = machineFacts(await examine(), (args.backend as 'nft' | 'iptables' | undefined) ?? null);
    if ('missing' in machine) throw new Failure(labMessages.notPossible(machine.missing), USAGE);
    const only = (args.only as LabExperiment['kind'] | undefined) ?? null;
    const plan = planLab(scenario, experiment.lab, machine, { pairs, only });
    if (plan.experiments.length === 0) throw new Failure(labMessages.nothingLeft(plan.leftOut), USAGE);
    const progress = startProgress('lab, %', 100, args.quiet === true);
    const { result: experiments, interrupted } = await interruptible((signal) =>
      runLab(plan, machine, {
        seed,
        signal,
        onProgress: (done) => progress.update(Math.floor((100 * done) / plan.experiments.length)),
      }),
    ).finally(() => progress.stop());
    if (interrupted) printTalk(labMessages.interrupted(experiments.length, plan.experiments.length));
    if (experiments.length === 0) return INTERRUPTED;
    const { contentHash } = await import('../../scenario/canonical.ts');
    const document: LabDocument = {
      schemaVersion: 1,
      kind: 'lab',
      version: VERSION,
      seed,
      file: path,
      machine,
      scenario,
      scenarioHash: contentHash(scenario),
      inLab: plan.scenario,
      experiments,
      leftOut: plan.leftOut,
      verdict: verdictOf(experiments),
    };
    if (args.json === true) {
      printJson(document);
    } else {
      const { renderLab } = await import('../../report/labTable.ts');
      printData(renderLab(document, { width: outputWidth(), colour: wantsColour() }));
    }
    return interrupted ? INTERRUPTED : EXIT_CODES[document.verdict];
  },
};

async function calibration(args: Readonly<Record<string, unknown>>): Promise<number> {
  const { CALIBRATION_PAIRS, calibrateThisNode } = await import('./labCalibrate.ts');
  const { readScenario } = await import('../scenarioFile.ts');
  return calibrateThisNode({
    scenario: args.scenario === undefined ? null : readScenario(scenarioPath(args), 'lab').scenario,
    // Ports of the masquerade rule end with more.
    pairs: wholeNumber('pairs', args.pairs, 100, 16_000) ?? CALIBRATION_PAIRS,
    backend: (args.backend as 'nft' | 'iptables' | undefined) ?? null,
    out: args.out === undefined ? null : String(args.out),
    json: args.json === true,
    quiet: args.quiet === true,
  });
}

const EXIT_CODES: Readonly<Record<LabVerdict, number>> = {
  agrees: OK,
  disagrees: REFUTED,
  undecided: UNDECIDED,
};

async function mitigated(scenario: Scenario, flag: unknown): Promise<Scenario> {
  if (flag === undefined) return scenario;
  const { applyCombination, combination, MITIGATIONS } = await import('../../mitigations/catalogue.ts');
  const found = combination(String(Array.isArray(flag) ? flag[flag.length - 1] : flag));
  if ('unknown' in found) {
    const known = MITIGATIONS.map(({ name }) => name);
    throw new Failure(messages.unknownMitigation(found.unknown, known), USAGE);
  }
  return applyCombination(scenario, found).scenario;
}
