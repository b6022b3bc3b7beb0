/** A verdict as a sentence that stands without a legend. */
import type { Estimate } from '../statistics/interval.ts';
import type { PairedContrast } from '../statistics/paired.ts';
import type { Verdict } from '../statistics/verdict.ts';

/** `compared` null: the baseline itself, or a cell that is not compared. Rates are per million. */
export function verdictInWords(
  operation: 'lookups' | 'connects',
  compared: { readonly contrast: PairedContrast; readonly verdict: Verdict } | null,
  stallsPerMillion: Estimate,
): string {
  if (compared === null) {
    return stallsPerMillion.estimate > 0
      ? `${amount(stallsPerMillion.estimate)} of a million ${operation} stall`
      : `none of ${thousands(stallsPerMillion.n)} ${operation} stalled${atMost(stallsPerMillion.high)}`;
  }
  const { contrast, verdict } = compared;
  switch (verdict.outcome) {
    case 'nothing to compare':
      return `no stall with it or without it${atMost(scaled(verdict.variantAtMost))}`;
    case 'lower':
      return verdict.eliminated
        ? `no stall left${atMost(scaled(verdict.variantAtMost))}`
        : `${fewer(contrast)} stalls`;
    case 'higher':
      return contrast.ratio === null
        ? `worse: ${amount(stallsPerMillion.estimate)} per million stall, none as it is`
        : `worse: ${times(contrast.ratio)} the stalls`;
    case 'no detectable difference':
      return verdict.identical
        ? 'no difference: the same in every replication'
        : `no detectable difference (at most ±${share(verdict.differenceAtMost, contrast)})`;
    case 'undecided':
      return `undecided${doubt(contrast, verdict)}: more replications can decide`;
  }
}

function doubt({ difference }: PairedContrast, { eliminated }: Verdict): string {
  const { low, high } = difference;
  if (high !== null && high < 0) return ' (fewer by itself, not among all verdicts)';
  if (low !== null && low > 0) return ' (more by itself, not among all verdicts)';
  return eliminated ? ' (no stall seen, too few without it)' : '';
}

/** "93 % fewer [90, 95]"; 100 only where nothing is left. */
function fewer({ ratio }: PairedContrast): string {
  if (ratio === null) return 'fewer';
  const { estimate, low, high } = ratio;
  const interval =
    low === null || high === null ? '' : ` [${percentOff(Math.min(high, 1))}, ${percentOff(low)}]`;
  return `${percentOff(estimate)} % fewer${interval}`;
}

/** What a ratio takes off, in percent, with the digits that keep something of what is left. */
function percentOff(ratio: number): string {
  if (ratio >= 0.01 || ratio === 0) return ((1 - ratio) * 100).toFixed(0);
  return ((1 - ratio) * 100).toFixed(ratio >= 0.001 ? 1 : 2);
}

/** "3.1 [2.6, 3.7] times". */
function times({ estimate, low, high }: Estimate): string {
  const interval = low === null || high === null ? '' : ` [${low.toFixed(1)}, ${high.toFixed(1)}]`;
  return `${estimate.toFixed(1)}${interval} times`;
}

function atMost(perMillion: number | null): string {
  return perMillion === null ? '' : `: at most ${amount(perMillion)} per million`;
}

function scaled(rate: number | null): number | null {
  return rate === null ? null : rate * 1e6;
}

function share(difference: number | null, { baseline }: PairedContrast): string {
  if (difference === null || baseline.estimate === 0) return '?';
  return `${((100 * difference) / baseline.estimate).toPrecision(2)} %`;
}

function amount(perMillion: number): string {
  if (perMillion >= 100) return thousands(Math.round(perMillion));
  return perMillion.toPrecision(2);
}

/** 12,345; the same on every engine. */
function thousands(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
}
