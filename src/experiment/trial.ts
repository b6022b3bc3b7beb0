/** The sequential state of one context: which variants are still open, and at which look the others closed. */
import { kernelOf } from '../simulation/assembly.ts';
import type { RunResult } from '../simulation/result.ts';
import { Family } from '../statistics/family.ts';
import { confidenceAt, type Look } from '../statistics/looks.ts';
import type { Correction, Outcome } from '../statistics/verdict.ts';
import { behaviourHash } from './behaviour.ts';
import { cellOf } from './cells.ts';
import type { Cell } from './comparison.ts';
import { contrastEvents } from './contrastEvents.ts';
import {
  counterpart,
  kindOf,
  type Observed,
  operationsOf,
  perStarted,
  resultOf,
  stallsOf,
} from './operations.ts';
import type { Variant } from './plan.ts';
import { amplificationOf, type ComputedRuns, DRAWN_ENOUGH } from './rare.ts';

function drawnIn({ runs }: Observed): number {
  return runs.reduce((total, run) => total + stallsOf(run), 0);
}

/** By behaviour, in order of replication. */
export type Runs = ReadonlyMap<string, readonly RunResult[]>;

/** Where a behaviour stands: the look that its intervals belong to, and the replications that it has. */
interface Standing {
  readonly look: Look;
  readonly replications: number;
  readonly decided: boolean;
}

/**
 * Variants that come down to the same runs have one behaviour, and share its verdicts. A hypothesis of the family
 * is one kind of operation of one group under one behaviour that is not the baseline's.
 */
export class Trial {
  private readonly variants: readonly Variant[];
  /** Of each variant, its behaviour. */
  private readonly keys: readonly string[];
  private readonly baselineKey: string;
  private readonly confidence: number;
  private readonly family: Family;
  private readonly standings = new Map<string, Standing>();

  /** The baseline first. */
  constructor(variants: readonly Variant[], confidence: number) {
    this.variants = variants;
    this.keys = variants.map(({ scenario }) => behaviourHash(scenario));
    this.baselineKey = this.keys[0] as string;
    this.confidence = confidence;
    this.family = new Family(confidence);
  }

  get familySize(): number {
    return this.family.size;
  }

  /** Every behaviour of the context, with a scenario that has it; the baseline's first. */
  get scenarios(): ReadonlyMap<string, Variant['scenario']> {
    return new Map(this.keys.map((key) => [key, this.variantOf(key).scenario]));
  }

  /** Behaviours that need more replications: the undecided, and with them the baseline, first. */
  get open(): readonly string[] {
    const open = [...new Set(this.keys)].filter((key) => this.standings.get(key)?.decided !== true);
    return open.length === 0 || open[0] === this.baselineKey ? open : [this.baselineKey, ...open];
  }

  /**
   * Judges what is open after `replications`, at `look`. Decided is a behaviour whose verdicts on stalls are all
   * decided. Where neither side had an event the verdict is decided from `most` / 2 replications on: by the rule
   * of three there would hardly be more than six in `most`, and six are the fewest that decide anything.
   */
  judge(runs: Runs, look: Look, replications: number, most: number, keys = this.open): void {
    for (const key of keys) {
      this.standings.set(key, { look, replications, decided: false });
      for (const { id, observed, baseline } of this.pairsOf(key, runs)) {
        if (key === this.baselineKey) continue;
        const a = perStarted(baseline?.runs ?? [], stallsOf);
        const b = perStarted(observed.runs, stallsOf);
        // Without an event there is nothing that could be told apart, and no hypothesis to pay for (Tarone, 1990).
        if (drawnIn(observed) + (baseline === undefined ? 0 : drawnIn(baseline)) === 0) continue;
        this.family.observe(id, { kind: kindOf(a, b), baseline: a, variant: b }, look);
      }
    }
    this.family.correct();
    for (const key of keys) {
      const decided =
        key === this.baselineKey ||
        this.outcomesOf(key, runs).every((outcome) =>
          outcome === 'nothing to compare' ? 2 * replications >= most : outcome !== 'undecided',
        );
      this.standings.set(key, { look, replications, decided });
    }
  }

  /**
   * Behaviours that stopped because neither they nor the baseline had an event, where the baseline has had one
   * since: they need as many replications as the baseline got, and to be judged at its look.
   */
  overtaken(runs: Runs): {
    readonly keys: readonly string[];
    readonly look: Look;
    readonly replications: number;
  } {
    const { look, replications } = this.standing(this.baselineKey);
    const keys = [...new Set(this.keys)].filter((key) => {
      if (this.standing(key).replications >= replications) return false;
      const longer = operationsOf(
        this.variantOf(key).scenario,
        (runs.get(this.baselineKey) ?? []).slice(0, replications),
      );
      return this.outcomesOf(key, runs).some(
        (outcome, i) => outcome === 'nothing to compare' && longer[i]?.runs.some((run) => stallsOf(run) > 0),
      );
    });
    return { keys, look, replications };
  }

  /** In the order of the variants. `companions`: runs with an amplified dispatch, of behaviours that need them. */
  cells(runs: Runs, companions: Runs): readonly Cell[] {
    const applies = this.computedOperations(runs, companions);
    return this.variants.map((variant, i) => {
      const key = this.keys[i] as string;
      const { replications, look } = this.standing(key);
      const first = (of: string) => (runs.get(of) ?? []).slice(0, replications);
      const computing = (of: string, { group, operation }: Observed): ComputedRuns => {
        const companion = operation === 'lookups' ? companions.get(of) : undefined;
        return {
          runs: (companion ?? runs.get(of) ?? []).slice(0, replications),
          amplify: companion === undefined ? 1 : amplificationOf(this.variantOf(of).scenario, group),
        };
      };
      return cellOf(
        variant,
        kernelOf(variant.scenario),
        first(key),
        i === 0 ? null : first(this.baselineKey),
        confidenceAt(look, this.confidence),
        this.pairsOf(key, runs).map(({ correction }) => correction),
        (observed) =>
          applies(observed)
            ? {
                computed: computing(key, observed),
                baseline: i === 0 ? null : computing(this.baselineKey, observed),
              }
            : null,
      );
    });
  }

  /**
   * An operation's rates are computed, in all cells that drew few stalls, where the baseline drew no stall and something was integrated
   * in any cell, or where it drew few because its dispatch is rare.
   */
  private computedOperations(runs: Runs, companions: Runs): (observed: Observed) => boolean {
    const isIntegrated = (key: string, observed: Observed) =>
      (companions.get(key) ?? runs.get(key) ?? []).some((run) => {
        const result = resultOf(run, observed);
        return result !== null && result.computed.stalls !== stallsOf(result);
      });
    const baseline = operationsOf(
      this.variantOf(this.baselineKey).scenario,
      runs.get(this.baselineKey) ?? [],
    );
    const computed = baseline.filter((observed) => {
      const drawn = drawnIn(observed);
      if (drawn >= DRAWN_ENOUGH) return false;
      return drawn === 0
        ? this.keys.some((key) => isIntegrated(key, observed))
        : companions.has(this.baselineKey) && isIntegrated(this.baselineKey, observed);
    });
    return (observed) => counterpart(computed, observed) !== undefined && drawnIn(observed) < DRAWN_ENOUGH;
  }

  private outcomesOf(key: string, runs: Runs): readonly Outcome[] {
    const confidence = confidenceAt(this.standing(key).look, this.confidence);
    return this.pairsOf(key, runs).map(({ observed, baseline, correction }) => {
      const contrast = contrastEvents(baseline?.runs ?? [], observed.runs, stallsOf, confidence, correction);
      return contrast?.verdict.outcome ?? 'nothing to compare';
    });
  }

  /** The operations of a behaviour beside the baseline's, over the replications that it has. */
  private pairsOf(
    key: string,
    runs: Runs,
  ): readonly {
    readonly id: string;
    readonly observed: Observed;
    readonly baseline: Observed | undefined;
    readonly correction: Correction | null;
  }[] {
    const { replications } = this.standing(key);
    const { scenario } = this.variantOf(key);
    const first = (of: string) => operationsOf(scenario, (runs.get(of) ?? []).slice(0, replications));
    const compared = first(this.baselineKey);
    return first(key).map((observed, i) => {
      const id = `${key} ${i}`;
      const isBaseline = key === this.baselineKey;
      const correction = isBaseline ? this.family.sameByConstruction() : this.family.correctionOf(id);
      return { id, observed, baseline: counterpart(compared, observed), correction };
    });
  }

  private variantOf(key: string): Variant {
    return this.variants[this.keys.indexOf(key)] as Variant;
  }

  private standing(key: string): Standing {
    return this.standings.get(key) as Standing;
  }
}
