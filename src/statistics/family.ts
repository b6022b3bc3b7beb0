/**
 * Paired contrasts that are judged together: corrected for being many, and for being looked at repeatedly.
 *
 * At each look a contrast that is still open gets p / share; the least over its looks is its p-value
 * (`looks.ts`). It can only fall, so what Holm's method once rejected stays rejected. Sameness (a difference
 * within the resolution) is corrected likewise, in a family of its own. So with probability 1 - alpha no
 * `lower` or `higher` is wrong, and with probability 1 - alpha no sameness is.
 */
import { holm } from './holm.ts';
import type { Look } from './looks.ts';
import type { Replicated } from './replications.ts';
import { type Significance, significance } from './significance.ts';
import { type Correction, RESOLUTION } from './verdict.ts';

export interface Observation {
  readonly kind: 'rate' | 'mean';
  readonly baseline: Replicated;
  /** As many replications as the baseline. */
  readonly variant: Replicated;
}

export class Family {
  private readonly alpha: number;
  private readonly pValues = new Map<string, Significance>();
  private corrections: ReadonlyMap<string, Correction> = new Map();

  /** `confidence` of the family as a whole. */
  constructor(confidence: number) {
    this.alpha = 1 - confidence;
  }

  /** Contrasts that are judged together. */
  get size(): number {
    return this.pValues.size;
  }

  /** A look at a contrast. Corrections are as before until `correct`. */
  observe(id: string, { kind, baseline, variant }: Observation, { share }: Look): void {
    const before = this.pValues.get(id) ?? { difference: 1, sameness: 1 };
    const { difference, sameness } = significance(kind, baseline, variant, RESOLUTION);
    this.pValues.set(id, {
      difference: Math.min(before.difference, difference / share),
      sameness: Math.min(before.sameness, sameness / share),
    });
  }

  correct(): void {
    const all = [...this.pValues.values()];
    const differences = holm(all.map(({ difference }) => difference));
    const samenesses = holm(all.map(({ sameness }) => sameness));
    this.corrections = new Map(
      [...this.pValues].map(([id, { difference }], i) => [
        id,
        {
          pValue: difference,
          adjusted: differences[i],
          adjustedSameness: samenesses[i],
          alpha: this.alpha,
          sameByConstruction: false,
        },
      ]),
    );
  }

  /** Null for what was never observed. */
  correctionOf(id: string): Correction | null {
    return this.corrections.get(id) ?? null;
  }

  /** Of a variant that is the baseline itself: nothing can differ, and it is no member of the family. */
  sameByConstruction(): Correction {
    return { pValue: 1, adjusted: 1, adjustedSameness: 0, alpha: this.alpha, sameByConstruction: true };
  }
}
