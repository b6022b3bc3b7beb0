/**
 * When lookups or connects start. A source hands out one start after the other; each draw is keyed by the pod and
 * the number of the start, so a pod's starts are the same under every variant of a scenario.
 */
import { ln } from '../engine/fixedMath.ts';
import { exponentialVariate, type RandomStream } from '../engine/randomStreams.ts';
import { type Nanoseconds, NO_TIME, SECOND } from '../engine/time.ts';

/** See `Arrivals` in the scenario. */
export type ArrivalProcess =
  | { readonly process: 'poisson'; readonly ratePerSecond: number }
  | { readonly process: 'periodic'; readonly ratePerSecond: number; readonly jitterNs: number }
  | {
      readonly process: 'bursts';
      readonly ratePerSecond: number;
      readonly size: number;
      readonly spreadNs: number;
      readonly spacing: 'poisson' | 'periodic';
    }
  | { readonly process: 'cron'; readonly everyNs: number; readonly size: number; readonly spreadNs: number }
  | {
      readonly process: 'replay';
      readonly log: readonly { readonly atNs: number; readonly pod: number; readonly name: number }[];
    };

/** Starts of one pod. */
export abstract class ArrivalSource {
  /** Absolute time of the start just handed out; Infinity when there was none. Times never go back. */
  at: Nanoseconds = NO_TIME;
  /** Index of the name that this start asks for; -1 leaves the choice to the client. */
  name = -1;

  /** On to the next start. */
  abstract advance(): void;

  /** The same; returns its time, which is a double, and boxed where this call is not inlined. */
  next(): Nanoseconds {
    this.advance();
    return this.at;
  }
}

/**
 * `pod`: index within the group; `entity` keys the draws. Nothing starts before `fromNs`; a replayed log's time 0
 * is `logStartNs`.
 */
export function arrivalSource(
  process: ArrivalProcess,
  pod: number,
  entity: number,
  stream: RandomStream,
  { fromNs, logStartNs }: { readonly fromNs: number; readonly logStartNs: number },
): ArrivalSource {
  switch (process.process) {
    case 'poisson':
      return new PoissonSource(SECOND / process.ratePerSecond, entity, stream, fromNs);
    case 'periodic':
      return new GroupedSource(
        {
          everyNs: SECOND / process.ratePerSecond,
          size: 1,
          spreadNs: process.jitterNs,
          spacing: 'periodic',
          ownPhase: true,
        },
        entity,
        stream,
        fromNs,
      );
    case 'bursts':
      return new GroupedSource(
        {
          everyNs: (SECOND * process.size) / process.ratePerSecond,
          size: process.size,
          spreadNs: process.spreadNs,
          spacing: process.spacing,
          // Bursts at random have no phase: the first comes an exponential gap after the start.
          ownPhase: process.spacing === 'periodic',
        },
        entity,
        stream,
        fromNs,
      );
    case 'cron':
      return new GroupedSource({ ...process, spacing: 'periodic', ownPhase: false }, entity, stream, fromNs);
    case 'replay':
      return new ReplaySource(
        process.log.filter((start) => start.pod === pod),
        logStartNs,
      );
  }
}

class PoissonSource extends ArrivalSource {
  private readonly meanNs: number;
  private readonly entity: number;
  private readonly stream: RandomStream;
  private drawn = 0;

  constructor(meanNs: number, entity: number, stream: RandomStream, fromNs: number) {
    super();
    this.at = fromNs;
    this.meanNs = meanNs;
    this.entity = entity;
    this.stream = stream;
  }

  override advance(): void {
    this.stream.exponential(this.entity, this.drawn++);
    this.at += Math.round(this.meanNs * exponentialVariate[0]);
  }
}

interface Groups {
  readonly everyNs: number;
  readonly size: number;
  readonly spreadNs: number;
  readonly spacing: 'poisson' | 'periodic';
  /** A phase of the pod's own; else periodic groups of all pods start at multiples of `everyNs`. */
  readonly ownPhase: boolean;
}

/** Groups of starts: periodic single starts, bursts, cron jobs. Within a group the starts are sorted. */
class GroupedSource extends ArrivalSource {
  private readonly groups: Groups;
  private readonly entity: number;
  private readonly stream: RandomStream;
  private readonly offsets: Float64Array;
  private groupAt: number;
  private group = 0;
  private inGroup: number;
  private drawn = 0;

  constructor(groups: Groups, entity: number, stream: RandomStream, fromNs: number) {
    super();
    this.at = fromNs;
    this.groups = groups;
    this.entity = entity;
    this.stream = stream;
    this.offsets = new Float64Array(groups.size);
    this.inGroup = groups.size;
    const phase = groups.ownPhase ? this.draw() : 1;
    this.groupAt = fromNs + (phase - 1) * groups.everyNs;
  }

  override advance(): void {
    const { size, spreadNs, spacing, everyNs } = this.groups;
    if (this.inGroup === size) {
      this.groupAt += spacing === 'periodic' ? everyNs : -everyNs * ln(1 - this.draw());
      this.group += 1;
      for (let i = 0; i < size; i++) this.offsets[i] = this.draw() * spreadNs;
      this.offsets.sort();
      this.inGroup = 0;
    }
    // Groups may overlap; the clock does not go back.
    this.at = Math.max(this.at, Math.round(this.groupAt + (this.offsets[this.inGroup++] as number)));
  }

  private draw(): number {
    return this.stream.uniform(this.entity, this.drawn++);
  }
}

class ReplaySource extends ArrivalSource {
  private readonly log: readonly { readonly atNs: number; readonly name: number }[];
  private readonly shiftNs: number;
  private position = 0;

  constructor(log: readonly { readonly atNs: number; readonly name: number }[], shiftNs: number) {
    super();
    this.log = log;
    this.shiftNs = shiftNs;
  }

  override advance(): void {
    const start = this.log[this.position++];
    if (start === undefined) {
      this.at = Number.POSITIVE_INFINITY;
    } else {
      this.at = start.atNs + this.shiftNs;
      this.name = start.name;
    }
  }
}
