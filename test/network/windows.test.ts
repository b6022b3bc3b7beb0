/**
 * The windows of the races, measured as the lab measured them on a real kernel: two packets at an offset, swept
 * (lab-6.18.md, sections 2 and 10). The area under P(offset) is twice the mean window, whatever the jitter.
 */
import { describe, expect, it } from 'vitest';
import type { RaceWatch } from '../../src/network/raceWatch.ts';
import { DEFAULTS } from '../../src/scenario/defaults.ts';
import { masquerade } from '../netfilter/builders.ts';
import { NodeBench } from './nodeBench.ts';

const { steps } = DEFAULTS.node;
const SERVER = '198.51.100.9:53';
const STEP_NS = 200;
const SAMPLES = 150;

/** Area in nanoseconds under the probability that the window was open, over offsets of the second packet. */
function area(from: readonly [string, string], exposures: (watch: RaceWatch) => number): number {
  let sum = 0;
  for (let offsetNs = 0; offsetNs <= 12_000; offsetNs += STEP_NS) {
    const bench = new NodeBench({ kernel: '6.18', steps });
    const lookupToConfirmNs = steps.masqueradeNs;
    const route = { passages: [bench.passage({ masquerade: masquerade(), lookupToConfirmNs })] };
    for (let i = 0; i < SAMPLES; i++) {
      const atNs = i * 1_000_000;
      bench.send('A', `${from[0]}:${2000 + i}`, SERVER, { route, atNs });
      bench.send('B', `${from[1]}:${2000 + i}`, SERVER, { route, cpu: 1, atNs: atNs + offsetNs });
    }
    bench.run();
    sum += (exposures(bench.watch) / SAMPLES) * STEP_NS * (offsetNs === 0 ? 0.5 : 1);
  }
  // Negative offsets give the same by symmetry.
  return 2 * sum;
}

describe('the window', () => {
  it('from lookup to confirm of one socket, and from port check to confirm of two pods, are as long as in the lab', () => {
    const socket = area(['10.244.0.1', '10.244.0.1'], ({ sameSocket }) => sameSocket);
    const pods = area(['10.244.0.1', '10.244.0.2'], ({ portSearchUdp }) => portSearchUdp);
    // Lab: 2599 and 966 (means), ratio 0.37 +- 0.1, area within 10 % of twice the mean that was configured.
    expect(Math.abs(socket / (2 * 2599) - 1)).toBeLessThan(0.1);
    expect(Math.abs(pods / (2 * 966) - 1)).toBeLessThan(0.1);
    expect(Math.abs(pods / socket - 0.37)).toBeLessThan(0.1);
  });
});
