/** Events of a variant beside the baseline's, per operation started, and the verdict on them. */
import type { OperationResult } from '../simulation/result.ts';
import { type PairedContrast, pairedMeans, pairedRates } from '../statistics/paired.ts';
import { type Correction, judge, type Verdict } from '../statistics/verdict.ts';
import { kindOf, perStarted } from './operations.ts';

/** Null if either side started nothing. `correction` null: the verdict describes, and stands for itself alone. */
export function contrastEvents(
  baseline: readonly OperationResult[],
  variant: readonly OperationResult[],
  events: (run: OperationResult) => number,
  confidence: number,
  correction: Correction | null,
): { contrast: PairedContrast; verdict: Verdict } | null {
  const a = perStarted(baseline, events);
  const b = perStarted(variant, events);
  const contrast = kindOf(a, b) === 'rate' ? pairedRates(a, b, confidence) : pairedMeans(a, b, confidence);
  return contrast === null ? null : { contrast, verdict: judge(contrast, { correction }) };
}
