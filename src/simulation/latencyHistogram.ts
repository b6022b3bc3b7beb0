/**
 * Latencies in bins of constant relative width (1/64 of an octave, about 1.1 %), exact counts, any range: enough
 * for quantiles and distribution charts, added up across replications without loss.
 */
const SUB_BITS = 6;
const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
const HIGH = new Uint32Array(new Float64Array([1]).buffer)[1] === 0x3ff00000 ? 1 : 0;

/** Bin of a latency: the leading bits of its floating-point form. Nothing is rounded twice. */
export function binOf(latencyNs: number): number {
  float64[0] = latencyNs < 1 ? 1 : latencyNs;
  return (words[HIGH] >>> (20 - SUB_BITS)) - (1023 << SUB_BITS);
}

/** Lower bound of a bin in nanoseconds. */
export function binStart(bin: number): number {
  words[1 - HIGH] = 0;
  words[HIGH] = (bin + (1023 << SUB_BITS)) << (20 - SUB_BITS);
  return float64[0];
}

export class LatencyHistogram {
  count = 0;
  sumNs = 0;
  private readonly counts = new Float64Array(50 << SUB_BITS);

  add(latencyNs: number): void {
    this.counts[binOf(latencyNs)] += 1;
    this.count += 1;
    this.sumNs += latencyNs;
  }

  /** Pairs of bin and count, in order, empty bins left out. */
  toPairs(): [number, number][] {
    const pairs: [number, number][] = [];
    this.counts.forEach((count, bin) => {
      if (count > 0) pairs.push([bin, count]);
    });
    return pairs;
  }
}

/** The q-quantile of binned latencies (0 < q <= 1) as the middle of its bin; null without data. */
export function quantileOfBins(pairs: readonly (readonly [number, number])[], q: number): number | null {
  const total = pairs.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  let below = 0;
  for (const [bin, count] of pairs) {
    below += count;
    if (below >= q * total) return (binStart(bin) + binStart(bin + 1)) / 2;
  }
  return null;
}

/** Sum of several histograms. */
export function mergeBins(all: readonly (readonly (readonly [number, number])[])[]): [number, number][] {
  const sums = new Map<number, number>();
  for (const pairs of all) for (const [bin, count] of pairs) sums.set(bin, (sums.get(bin) ?? 0) + count);
  return [...sums].sort((a, b) => a[0] - b[0]);
}
