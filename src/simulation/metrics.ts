/** Counts for one kind of operation of one group, written by the clients, read once at the end. */
import { NO_TIME } from '../engine/time.ts';
import { causeIndex, LOSS_CAUSES, type LossCause, NO_LOSS } from './causes.ts';
import { LatencyHistogram } from './latencyHistogram.ts';
import { NO_PACKET_LOST, type OperationResult, STALL_CLASSES, type StallClass } from './result.ts';

const PORT_RACE = causeIndex('port-race');
const STALLS_FROM_NS = Float64Array.from(STALL_CLASSES, ({ fromNs }) => fromNs);

export class OperationMetrics {
  started = 0;
  succeeded = 0;
  partial = 0;
  failed = 0;
  packets = 0;
  answered = 0;
  unclaimed = 0;
  readonly lost = new Float64Array(LOSS_CAUSES.length);
  /** What losses of pairs that were struck too often count less than 1 each, summed. */
  lossesTooMany = 0;
  private stallsTooMany = 0;
  private expectedLosses = 0;
  private expectedStalls = 0;
  private readonly stalls = new Float64Array(STALL_CLASSES.length);
  /** The last element counts stalls without a loss. */
  private readonly stallsByCause = new Float64Array(LOSS_CAUSES.length + 1);
  private readonly latencies = new LatencyHistogram();
  /** Of the operation that stalled last: a field, since a call would box it. */
  private latencyNs = NO_TIME;

  /** A packet may lose the port race, with this probability, and would then make its operation stall, or not. */
  expect(losses: number, stalls: number): void {
    this.expectedLosses += losses;
    this.expectedStalls += stalls;
  }

  /** An operation ended; `lossCause` is the first loss that it met, or NO_LOSS, and `weight` what that counts. */
  finished(latencyNs: number, lossCause: number, failed: boolean, weight = 1): void {
    this.latencies.add(latencyNs);
    if (failed) this.failed += 1;
    else this.succeeded += 1;
    if (latencyNs < STALLS_FROM_NS[1] && !failed) return;
    this.latencyNs = latencyNs;
    this.stalled(lossCause, weight);
  }

  private stalled(lossCause: number, weight: number): void {
    const { latencyNs } = this;
    let length = 0;
    while (length + 1 < STALLS_FROM_NS.length && latencyNs >= STALLS_FROM_NS[length + 1]) length++;
    this.stalls[length] += 1;
    this.stallsByCause[lossCause === NO_LOSS ? LOSS_CAUSES.length : lossCause] += 1;
    this.stallsTooMany += 1 - weight;
  }

  /** `inFlight` and `packetsInFlight` are counted where the operations and packets are, not derived from the rest. */
  toResult(inFlight: number, packetsInFlight: number): OperationResult {
    return {
      started: this.started,
      succeeded: this.succeeded,
      partial: this.partial,
      failed: this.failed,
      inFlight,
      stalls: Object.fromEntries(STALL_CLASSES.map(({ name }, i) => [name, this.stalls[i]])) as Record<
        StallClass,
        number
      >,
      stallsByCause: {
        ...byCause(this.stallsByCause),
        [NO_PACKET_LOST]: this.stallsByCause[LOSS_CAUSES.length] as number,
      },
      packets: this.packets,
      answered: this.answered,
      unclaimed: this.unclaimed,
      packetsInFlight,
      lost: byCause(this.lost),
      latencySumNs: this.latencies.sumNs,
      latencies: this.latencies.toPairs(),
      computed: {
        stalls: computed(this.stallsByCause, this.expectedStalls - this.stallsTooMany),
        losses: computed(this.lost, this.expectedLosses - this.lossesTooMany),
      },
    };
  }
}

/** The counts of all causes, the port race's drawn ones replaced by what was computed. */
function computed(counts: Float64Array, instead: number): number {
  return counts.reduce((total, count) => total + count, 0) - counts[PORT_RACE] + instead;
}

function byCause(values: Float64Array): Record<LossCause, number> {
  return Object.fromEntries(LOSS_CAUSES.map((cause, i) => [cause, values[i]])) as Record<LossCause, number>;
}
