/**
 * Closed forms of queues with Poisson arrivals. Kleinrock, Queueing Systems 1 (1975), is meant by K; every
 * time in the unit of the caller.
 */

/**
 * Probability that an arrival of an M/M/c queue waits, at an offered load of `erlangs` < c (Erlang C; K
 * 3.4.3).
 */
export function erlangC(servers: number, erlangs: number): number {
  // Erlang B by its recursion, which does not overflow.
  let blocking = 1;
  for (let c = 1; c <= servers; c++) blocking = (erlangs * blocking) / (c + erlangs * blocking);
  const load = erlangs / servers;
  return blocking / (1 - load + load * blocking);
}

/** Mean wait of an M/M/c queue. */
export function waitOfMMc(servers: number, arrivalRate: number, meanService: number): number {
  const erlangs = arrivalRate * meanService;
  return (erlangC(servers, erlangs) * meanService) / (servers - erlangs);
}

/** Mean wait of an M/G/1 queue (Pollaczek and Khinchine; K 5.6). M/D/1: `cv` 0; M/M/1: `cv` 1. */
export function waitOfMG1(arrivalRate: number, meanService: number, cv: number): number {
  const load = arrivalRate * meanService;
  return (load * meanService * (1 + cv * cv)) / (2 * (1 - load));
}

/**
 * Share of arrivals that an M/G/1 queue of `capacity` places, the one in service included, turns away: 1 - 1
 * / (p0 + load), where p0 is the probability that a departure leaves the queue empty. `arrivals(j)` is the
 * probability of j arrivals during one service. (Cooper, Introduction to Queueing Theory, 2nd ed., 1981, 5.9:
 * the departures' chain is that of the unlimited queue, cut off at capacity - 1.)
 */
export function blockingOfMG1K(load: number, capacity: number, arrivals: (j: number) => number): number {
  // Weights of 0, 1, ..., capacity - 1 customers left behind, from the balance of the chain.
  const weights = [1];
  for (let k = 0; k + 1 < capacity; k++) {
    let rest = weights[k] - weights[0] * arrivals(k);
    for (let i = 1; i <= k; i++) rest -= weights[i] * arrivals(k - i + 1);
    weights.push(rest / arrivals(0));
  }
  const total = weights.reduce((all, weight) => all + weight, 0);
  return 1 - 1 / (weights[0] / total + load);
}

/** Arrivals during a constant service at this load. */
export function poissonArrivals(load: number): (j: number) => number {
  return (j) => {
    let p = Math.exp(-load);
    for (let i = 1; i <= j; i++) p *= load / i;
    return p;
  };
}

/** Arrivals during an exponential service at this load. */
export function geometricArrivals(load: number): (j: number) => number {
  return (j) => (load / (1 + load)) ** j / (1 + load);
}

/** Share of arrivals that an M/M/1 queue of `capacity` places turns away (K 3.6). */
export function blockingOfMM1K(load: number, capacity: number): number {
  let states = 0;
  for (let k = 0; k <= capacity; k++) states += load ** k;
  return load ** capacity / states;
}
