/** A claim in a test: fails with a message that says what was found and how to see it again. */
import type { CheckOptions, Claim } from './claim.ts';
import type { ClaimReport } from './claimReport.ts';
import type { Tally } from './subject.ts';

/**
 * Checks a claim, and throws unless it holds. A vacuous claim fails too.
 *
 * @throws Error whose message has the claim, the counterexample as a scenario file, and the commands to replay it.
 * @example
 * test('fully random ports end the port race', () =>
 *   assertClaim(
 *     claim({
 *       name: 'random-fully',
 *       text: 'With --random-fully a port race is at least ten times rarer',
 *       given: { ...RACE_WORLDS.portRaceTcp, kernels: ['5.4.286'] },
 *       mitigation: 'random-fully',
 *       of: 'portRaceTcp',
 *       says: 'fewer',
 *       leaving: 0.1,
 *     }),
 *   ));
 */
export function assertClaim(claim: Claim, options: CheckOptions = {}): ClaimReport {
  const report = claim.check(options);
  if (report.verdict !== 'holds') throw new Error(explain(report));
  return report;
}

/** The report of a check, in words; for one that holds, a line. */
export function explain(report: ClaimReport): string {
  const { name, text, verdict, says, of, runs, seed, counterexample, hint } = report;
  const lines = [`Claim ${name} ${verdict === 'holds' ? 'holds' : `is ${verdict}`}: ${text}`];
  lines.push(`Claimed: ${says} (${of}); ${runs} scenarios, seed ${seed}`);
  lines.push(`Without the mitigation ${rate(report.without)}, with it ${rate(report.with)}${pooled(report)}`);
  if (verdict === 'holds') return lines.join('\n');
  lines.push('', ...advice(report));
  if (hint !== null) lines.push(`Hint: ${hint}`);
  if (counterexample !== null) {
    const { file, command, path, without, with: after } = counterexample;
    lines.push(
      '',
      path === null
        ? 'The scenario that speaks most against it, counterexample.yaml:'
        : 'Counterexample, shrunk, counterexample.yaml:',
      '',
      ...file
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
      '',
      `There: without the mitigation ${rate(without)}, with it ${rate(after)}`,
      `Replay it: ${command}`,
    );
  }
  const from = counterexample?.path == null ? '' : `, path: '${counterexample.path}'`;
  lines.push(`Replay the check: assertClaim(claim, { seed: ${seed}${from} })`);
  return lines.join('\n');
}

function advice({ verdict, struck, runs, exposures }: ClaimReport): string[] {
  switch (verdict) {
    case 'vacuous':
      return [
        `Nothing was tested: the race struck in ${struck} of ${runs} scenarios${
          exposures === null ? '' : `, and its window opened ${exposures} times`
        }.`,
        'Hint: take bounds in which it strikes, e.g. RACE_WORLDS, or lower `guard`.',
      ];
    case 'undecided':
      return ['These scenarios are too few to tell.', 'Hint: raise `runs`, or the rates in the bounds.'];
    default:
      return [];
  }
}

function rate({ events, started }: Tally): string {
  return `${events} in ${started} operations`;
}

function pooled({ contrast }: ClaimReport): string {
  if (contrast?.ratio == null) return '';
  const { estimate, low, high } = contrast.ratio;
  const digits = (value: number | null) => (value === null ? '?' : value.toPrecision(3));
  return ` (ratio ${digits(estimate)} [${digits(low)}, ${digits(high)}] at ${100 * contrast.confidence} %)`;
}
