/** `snatrace samples`: how many lookups one must sample to show that a change helped. */
import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import * as messages from '../messages.ts';
import { withJson } from '../options.ts';
import { printData, printJson } from '../output.ts';

export const samplesCommand: Command = {
  builder: (argv) =>
    withJson(argv)
      .positional('before', { type: 'string', describe: 'rate before the change, 2% or 0.02' })
      .positional('after', { type: 'string', describe: 'rate after it, 0.5% or 0.005' })
      .option('confidence', { type: 'string', default: '95%', describe: 'of the two-sided test' })
      .option('power', { type: 'string', default: '90%', describe: 'probability to find the difference' })
      .option('design-effect', {
        type: 'string',
        default: '1',
        describe: 'variance of the counts over that of independent events: stalls come in clusters',
      })
      .example('$0 samples 2% 0.5%', 'how many lookups before, and how many after')
      .example('$0 samples 2% 0.5% --design-effect 5', 'the same where stalls come in clusters'),
  handler: async (args) => {
    const { parseProbability } = await import('../../scenario/units.ts');
    const { sampleSize } = await import('../../statistics/sampleSize.ts');
    const share = (name: string, low: number, high: number): number => {
      const text = String(args[name]);
      const value = parseProbability(/^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : text);
      if (value === null || value < low || value > high) {
        throw new Failure(
          messages.notInRange(name, text, `a share from ${low} to ${high}, such as 2% or 0.02`),
          USAGE,
        );
      }
      return value;
    };
    const before = share('before', 0, 1);
    const after = share('after', 0, 1);
    const confidence = share('confidence', 0.5, 0.9999);
    const power = share('power', 0.5, 0.9999);
    const designEffect = Number(args['design-effect']);
    if (!(designEffect >= 1 && designEffect <= 1e6)) {
      throw new Failure(
        messages.notInRange('--design-effect', args['design-effect'], 'a number from 1 to 1000000'),
        USAGE,
      );
    }
    if (before === after) throw new Failure(messages.equalRates(), USAGE);
    const n = sampleSize(before, after, { confidence, power, designEffect });
    if (args.json === true) {
      printJson({ schemaVersion: 1, kind: 'samples', before, after, confidence, power, designEffect, n });
      return OK;
    }
    const percent = (value: number) => `${Number((100 * value).toPrecision(6))} %`;
    printData(
      `${n} lookups before the change and ${n} after it: then a change from ${percent(before)} to ${percent(after)} is found ` +
        `with a probability of ${percent(power)}, at a confidence of ${percent(confidence)}.\n` +
        (designEffect === 1
          ? 'This takes lookups as independent. Stalls come in clusters: sample over several runs, compare their spread with that of\nindependent events, and give the quotient of the variances as --design-effect.'
          : `Lookups are taken as worth 1/${designEffect} of an independent one each (design effect).`),
    );
    return OK;
  },
};
