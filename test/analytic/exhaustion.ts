/** Port ranges that run out, judged by the exact linear probe (`linearProbe.ts`). */
import type { NatRange } from '../../src/netfilter/natRange.ts';
import type { Packet } from '../../src/netfilter/packet.ts';
import { normalQuantile } from '../../src/statistics/distributions.ts';
import { jackknifeRatio, standardError } from '../../src/statistics/replications.ts';
import { Bench, masquerade, occupy, SERVER, udp } from '../netfilter/builders.ts';
import { FillingProbe, LinearProbe } from './linearProbe.ts';
import { type Check, proportion, sum } from './withinAlpha.ts';

/** First port of every range here. */
export const BASE = 10_000;

export function rangeOf(ports: number, flag: NatRange['flag'] = 'preserve'): NatRange {
  return masquerade(flag, { min: BASE, max: BASE + ports - 1 });
}

/** A bench whose range has these ports taken, and nothing else. */
export function occupied(used: readonly boolean[], seed: string, release = '6.18'): Bench {
  const bench = new Bench(release, { seed });
  used.forEach((taken, i) => {
    if (taken) occupy(bench, BASE + i);
  });
  return bench;
}

/**
 * One search of a new flow, whose own port is not in the range, up to where a port would be granted: the next
 * one meets the same table.
 */
export function search(bench: Bench, range: NatRange, entity: number): Packet {
  const packet = udp('10.1.0.1:5000', SERVER, { entity });
  bench.path.lookup(packet, 0);
  bench.path.keepDestination(packet, 0);
  bench.path.searchSource(packet, range, 0);
  return packet;
}

/** Drawn searches over one occupancy: those that fail, and those that end at the likeliest port. */
export function searchChecks(what: string, used: readonly boolean[], draws: number, seed: string): Check[] {
  const probe = new LinearProbe(used);
  const bench = occupied(used, seed);
  const range = rangeOf(used.length);
  const likeliest = likeliestPort(used);
  let failed = 0;
  let ended = 0;
  for (let i = 0; i < draws; i++) {
    const packet = search(bench, range, i + 1);
    if (packet.searchGaveUp) failed += 1;
    else if (packet.chosenPort - BASE === likeliest) ended += 1;
  }
  return [
    proportion(`${what}: search fails`, failed, draws, probe.failure),
    proportion(`${what}: search ends behind the longest run`, ended, draws, probe.endsAt(likeliest)),
  ];
}

/** The free port with the longest run of taken ones before it. */
export function likeliestPort(used: readonly boolean[]): number {
  const ports = used.length;
  let best = -1;
  let longest = -1;
  for (let port = 0; port < ports; port++) {
    if (used[port]) continue;
    let run = 0;
    while (run < ports && used[(port - run - 1 + ports) % ports]) run += 1;
    if (run > longest) [best, longest] = [port, run];
  }
  return best;
}

/**
 * What the lab counted in four fills of 4096 ports, by occupancy: flows that failed, flows in all, and the
 * failures per flow of its own copy of the probe loop (lab-6.18 section 5 and lab-6.18-e4-model.csv).
 */
export const LAB_BINS = [
  { from: 0.9, to: 0.95, failed: 19, flows: 839, model: 0.016 },
  { from: 0.95, to: 0.98, failed: 63, flows: 555, model: 0.131 },
  { from: 0.98, to: 0.99, failed: 95, flows: 259, model: 0.348 },
  { from: 0.99, to: 1, failed: 408, flows: 568, model: 0.749 },
] as const;
const LAB_FILLS = 4;

/** Fills of a range by new flows, one after the other, to one destination. */
export interface Fills {
  readonly ports: number;
  readonly fills: number;
  /** Share of the ports in use at the first failure, by fill. */
  readonly firstFailures: readonly number[];
  /**
   * Flows, failures, and the failures' exact expectation and variance: of each fill by the lab's bins, and of
   * all.
   */
  readonly bins: readonly (readonly Tally[])[];
  readonly all: Tally;
}

export interface Tally {
  tried: number;
  failed: number;
  expected: number;
  variance: number;
}

const tally = (): Tally => ({ tried: 0, failed: 0, expected: 0, variance: 0 });

/** `ports` divides 65536. As in the lab, twice as many flows are tried as there are ports. */
export function fillRange(ports: number, fills: number, seed: string, release = '6.18'): Fills {
  const range = rangeOf(ports);
  const bins: Tally[][] = [];
  const all = tally();
  const firstFailures: number[] = [];
  for (let fill = 0; fill < fills; fill++) {
    const bench = new Bench(release, { seed: `${seed} ${fill}` });
    const probe = new FillingProbe(ports);
    const own = LAB_BINS.map(tally);
    bins.push(own);
    let held = 0;
    let first = -1;
    for (let n = 1; n <= 2 * ports && held < ports; n++) {
      const occupancy = held / ports;
      const chance = probe.failure;
      const { word, packet } = bench.pass(udp(`10.1.${n >> 8}.${n & 255}:5000`, SERVER), {
        masquerade: range,
      });
      const failed = word === 'DROP';
      const bin = LAB_BINS.findIndex(({ from, to }) => occupancy >= from && occupancy < to);
      for (const one of bin === -1 ? [all] : [all, own[bin] as Tally]) {
        one.tried += 1;
        one.failed += failed ? 1 : 0;
        one.expected += chance;
        one.variance += chance * (1 - chance);
      }
      if (!failed) {
        probe.take(packet.chosenPort - BASE);
        held += 1;
      } else if (first === -1) first = held;
    }
    firstFailures.push((first === -1 ? ports : first) / ports);
  }
  return { ports, fills, firstFailures, bins, all };
}

/** Failures against the sum of their exact probabilities, each given all that came before it. */
export function fillCheck({ ports, fills, all }: Fills): Check {
  const what = `${fills} fills of ${ports} ports: failures`;
  return sum(what, all.failed, all.expected, all.variance, all.tried);
}

/**
 * The lab's failures per flow, by occupancy, against the exact probabilities on the way of our fills. The
 * flows of one fill hang together, so the spread is that between fills: z is the distance in standard errors
 * of the difference between four fills and ours. 95 % of four fills would lie between `low` and `high`.
 */
export function labBinChecks({ bins, fills }: Fills): Check[] {
  return LAB_BINS.map(({ from, to, failed, flows }, i) => {
    const own = bins.map((fill) => fill[i] as Tally);
    const jackknife = jackknifeRatio({
      numerators: own.map(({ expected }) => expected),
      denominators: own.map(({ tried }) => tried),
    });
    if (jackknife === null) throw new Error('the fills passed through every bin');
    const { ratio, influences, replications } = jackknife;
    const error = standardError(influences, replications) * Math.sqrt(1 + fills / LAB_FILLS);
    const half = -normalQuantile(0.025) * error;
    const expected = failed / flows;
    return {
      what: `4096 ports, ${from} to ${to} in use: failures per flow`,
      expected,
      estimate: ratio,
      low: ratio - half,
      high: ratio + half,
      z: (ratio - expected) / error,
      n: fills,
    };
  });
}

/** New flows that get a port before one is dropped. */
export function accepted(release: string, ports: number, flag: NatRange['flag'], seed: string): number {
  const bench = new Bench(release, { seed });
  const rules = { masquerade: rangeOf(ports, flag) };
  for (let n = 0; n <= ports; n++) {
    const from = `10.1.${(n + 1) >> 8}.${(n + 1) & 255}:5000`;
    if (bench.pass(udp(from, SERVER), rules).word === 'DROP') return n;
  }
  return ports + 1;
}
