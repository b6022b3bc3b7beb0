/**
 * The bounded port search of kernels since 5.0, computed instead of drawn (lab-6.18 section 5, kernel
 * reference 2.3): rounds of at most 128, 64, 32, 16 and 8 ports in a row, each from a start uniform over 16
 * bits; the port of start s is s modulo R, and s + 1 wraps at 16 bits, not at R. A range of at most 128 ports
 * has one round of R probes.
 *
 * For a given occupancy all of it is exact: count the starts. Written from the rules above and apart from
 * `netfilter/portAllocator.ts`, which it judges.
 */

export const STARTS = 65536;

/** Probes of each round. */
export function roundsOf(ports: number): number[] {
  return ports <= 128 ? [ports] : [128, 64, 32, 16, 8];
}

/** `used[i]`: port i of the range is taken. */
export class LinearProbe {
  private readonly used: readonly boolean[];
  private readonly rounds: readonly number[];
  /** Taken ports from each start on, up to the longest round. */
  private readonly runs: Uint8Array;

  constructor(used: readonly boolean[]) {
    this.used = used;
    this.rounds = roundsOf(used.length);
    const longest = this.rounds[0] as number;
    this.runs = new Uint8Array(STARTS);
    // Backwards, and past the wrap once more, so that runs across it are seen.
    let run = 0;
    for (let back = STARTS + longest; back > 0; back--) {
      const start = (back - 1) % STARTS;
      run = used[start % used.length] ? Math.min(longest, run + 1) : 0;
      this.runs[start] = run;
    }
  }

  /** Probability that the search finds no free port. */
  get failure(): number {
    return this.rounds.reduce((all, probes) => all * this.failureOfRound(probes), 1);
  }

  /** Probability that it ends at a free port. */
  endsAt(port: number): number {
    let chance = 0;
    let reached = 1;
    for (const probes of this.rounds) {
      chance += reached * this.roundEndsAt(port, probes);
      reached *= this.failureOfRound(probes);
    }
    return chance;
  }

  /** Of one round: share of starts whose next `probes` ports are all taken. */
  failureOfRound(probes: number): number {
    return this.shareOfStarts((start) => (this.runs[start] as number) >= probes);
  }

  /** Of one round: share of starts that end at this free port. */
  roundEndsAt(port: number, probes: number): number {
    return this.shareOfStarts((start) => {
      const run = this.runs[start] as number;
      return run < probes && this.portOf(start + run) === port;
    });
  }

  /**
   * Where a search from these starts ends, one for each round; null: nowhere. And the ports that it tested.
   */
  walk(starts: readonly number[]): { readonly port: number | null; readonly probes: number } {
    let tested = 0;
    for (const [round, probes] of this.rounds.entries()) {
      for (let i = 0; i < probes; i++) {
        const port = this.portOf((starts[round] as number) + i);
        tested += 1;
        if (!this.used[port]) return { port, probes: tested };
      }
    }
    return { port: null, probes: tested };
  }

  private portOf(start: number): number {
    return (start % STARTS) % this.used.length;
  }

  private shareOfStarts(has: (start: number) => boolean): number {
    let count = 0;
    for (let start = 0; start < STARTS; start++) if (has(start)) count += 1;
    return count / STARTS;
  }
}

/**
 * The search up to 4.20: every port in turn from the start, the last of them without a test. `probes`: ports
 * tested.
 */
export function walkWholeRange(used: readonly boolean[], start: number): { port: number; probes: number } {
  const ports = used.length;
  for (let i = 0; i + 1 < ports; i++) {
    const port = ((start + i) % STARTS) % ports;
    if (!used[port]) return { port, probes: i + 1 };
  }
  return { port: ((start + ports - 1) % STARTS) % ports, probes: ports - 1 };
}

/**
 * The same of a range that fills up, whose size divides 65536: every port is then a start equally often, and
 * one turn of the range is enough to look at. A run of L taken ports holds L - m + 1 starts whose next m are
 * taken.
 */
export class FillingProbe {
  private readonly used: Uint8Array;
  private readonly rounds: readonly number[];
  private readonly failingStarts: number[];

  constructor(ports: number) {
    if (STARTS % ports !== 0) throw new Error('the size must divide 65536');
    this.used = new Uint8Array(ports);
    this.rounds = roundsOf(ports);
    this.failingStarts = this.rounds.map(() => 0);
  }

  /** Probability that the next search finds no free port. */
  get failure(): number {
    return this.failingStarts.reduce((all, starts) => all * (starts / this.used.length), 1);
  }

  /** A free port is taken: the runs on either side of it become one. */
  take(port: number): void {
    if (this.used[port] !== 0) throw new Error(`port ${port} is taken already`);
    const before = this.runFrom(port, -1);
    const after = this.runFrom(port, 1);
    this.used[port] = 1;
    const ports = this.used.length;
    this.rounds.forEach((probes, r) => {
      const starts = (run: number) => (run === ports ? ports : Math.max(0, run - probes + 1));
      const parts = before + after + 1 === ports ? starts(ports - 1) : starts(before) + starts(after);
      this.failingStarts[r] += starts(before + after + 1) - parts;
    });
  }

  private runFrom(port: number, step: 1 | -1): number {
    const ports = this.used.length;
    let run = 0;
    for (let at = port + step; run < ports - 1; at += step) {
      if (this.used[(at + ports) % ports] === 0) break;
      run += 1;
    }
    // The last free port has one run around it, seen from both sides.
    return run === ports - 1 && step === 1 ? 0 : run;
  }
}
