/** A queue of c servers, first in, first out, built of the engine's ordinary parts alone. */
import { type Distribution, quantileOf } from '../../src/engine/distribution.ts';
import { EventLoop } from '../../src/engine/eventLoop.ts';
import { RandomStreams } from '../../src/engine/randomStreams.ts';

const ARRIVAL = 0;
const DEPARTURE = 1;
/** Later than any event. */
const FOREVER = 2 ** 50;

export interface QueueOptions {
  readonly servers: number;
  readonly gap: Distribution;
  readonly service: Distribution;
  readonly customers: number;
  readonly seed: string;
  readonly replication: number;
}

/** All of it in whole nanoseconds, customers in the order of their arrival. */
export interface QueueRun {
  readonly gaps: readonly number[];
  readonly services: readonly number[];
  readonly waits: readonly number[];
  readonly departures: readonly number[];
  /** Time integral of the number of customers in the system, until the last has left. */
  readonly area: number;
  /** The same up to the last arrival, from the arrival of customer `settled` on; and that span. */
  readonly settledArea: number;
  readonly settledSpan: number;
}

/** Customers that are served before `settledArea` begins: ample for loads up to .8. */
export const SETTLED = 2000;

/** Runs the queue from its first customer until the last has left. */
export function runQueue({ servers, gap, service, customers, seed, replication }: QueueOptions): QueueRun {
  const loop = new EventLoop();
  const streams = new RandomStreams(seed, replication);
  const [gapDraws, serviceDraws] = [streams.stream('gaps'), streams.stream('services')];
  const [gapOf, serviceOf] = [quantileOf(gap), quantileOf(service)];
  // Departures of a constant service wait in a lane, others in the heap.
  if (service.kind === 'constant') loop.addLane(service.valueNs);

  const gaps: number[] = [];
  const services: number[] = [];
  const waits: number[] = [];
  const departures: number[] = [];
  const arrivedAt: number[] = [];
  let firstWaiting = 0;
  let idle = servers;
  let inSystem = 0;
  let lastChange = 0;
  let area = 0;
  let settledFrom = 0;
  let areaBefore = 0;
  let settledSpan = 0;
  let settledArea = 0;

  function changed(by: number): void {
    area += inSystem * (loop.now - lastChange);
    lastChange = loop.now;
    inSystem += by;
  }
  function nextArrival(): void {
    const drawn = gapOf(gapDraws.uniform(0, gaps.length));
    gaps.push(drawn);
    loop.schedule(loop.now + drawn, ARRIVAL, gaps.length - 1);
  }
  function begin(customer: number): void {
    idle -= 1;
    waits[customer] = loop.now - (arrivedAt[customer] as number);
    const drawn = serviceOf(serviceDraws.uniform(0, customer));
    services[customer] = drawn;
    loop.startTimer(drawn, DEPARTURE, customer, 0);
  }
  nextArrival();
  loop.run(FOREVER, (kind, customer) => {
    if (kind === ARRIVAL) {
      changed(1);
      arrivedAt.push(loop.now);
      if (customer === SETTLED) {
        settledFrom = loop.now;
        areaBefore = area;
      }
      if (customer + 1 < customers) nextArrival();
      else {
        settledSpan = loop.now - settledFrom;
        settledArea = area - areaBefore;
      }
      if (idle > 0) {
        firstWaiting += 1;
        begin(customer);
      }
    } else {
      changed(-1);
      departures[customer] = loop.now;
      idle += 1;
      if (firstWaiting < arrivedAt.length) begin(firstWaiting++);
    }
  });
  return { gaps, services, waits, departures, area, settledArea, settledSpan };
}

/**
 * The same waits without events (Lindley, 1952; Kiefer and Wolfowitz, 1955): the work that each server still
 * has, as an arrival meets it, the least first.
 */
export function waitsByRecursion(
  gaps: readonly number[],
  services: readonly number[],
  servers: number,
): number[] {
  let work = new Array<number>(servers).fill(0);
  return services.map((service, i) => {
    if (i > 0) work = work.map((left) => Math.max(0, left - (gaps[i] as number)));
    const wait = work[0] as number;
    work[0] = wait + service;
    work.sort((a, b) => a - b);
    return wait;
  });
}
