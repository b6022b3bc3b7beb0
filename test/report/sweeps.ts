/** Sweeps without a simulation. */
import type { Sweep, SweepFactor } from '../../src/experiment/sweep.ts';
import { comparisonOf, type RunCounts, scenarioOf } from './comparisons.ts';

const SPREAD = [0.92, 1.05, 1, 0.97, 1.06];

function sweepOf(factors: readonly SweepFactor[], stallsAt: (levels: readonly number[]) => number): Sweep {
  const grid = factors.reduce<number[][]>(
    (points, { levels }) => points.flatMap((point) => levels.map((_, level) => [...point, level])),
    [[]],
  );
  const runs = (stalls: number): RunCounts[] =>
    SPREAD.map((factor) => ({
      groups: {
        php: {
          lookups: { started: 10_000, stalls: [['2.5 s', 'same-socket', Math.round(stalls * factor)]] },
        },
      },
      windows: { 'same-socket': 9 },
    }));
  return {
    schemaVersion: 1,
    kind: 'sweep',
    version: '0.1.0',
    seed: 'fixed',
    confidence: 0.95,
    file: 'experiments/endpoints.yaml',
    command: 'snatrace sweep experiments/endpoints.yaml --seed fixed --replications 5',
    title: 'Endpoints',
    question: 'How many endpoints are too many?',
    factors,
    points: grid.map((levels) => {
      const stalls = stallsAt(levels);
      return {
        levels,
        labels: levels.map((level, f) => factors[f]!.levels[level]!),
        comparison: comparisonOf(scenarioOf(['php']), [
          { id: 'baseline', title: 'as it is', runs: runs(stalls) },
          { id: 'kernel-5.1', title: 'kernel 5.1', runs: runs(stalls / 2) },
          { id: 'ipvs', title: 'IPVS', runs: runs(stalls * 2) },
        ]),
      };
    }),
  };
}

/** Stalls grow with the endpoints, and are gone at and above 50 lookups a second. */
export function endpointsByRate(): Sweep {
  return sweepOf(
    [
      { name: 'proxy', keys: ['services.dns.proxy'], levels: ['iptables', 'ipvs'] },
      { name: 'rate', keys: ['pods.php.dns.rate'], levels: ['1/s', '10/s', '50/s', '100/s'] },
    ],
    ([proxy = 0, rate = 0]) => (rate >= 2 ? 0 : 100 * (1 + proxy) * (1 + rate)),
  );
}

/** One factor, and its levels are names. */
export function kernelsAlone(): Sweep {
  return sweepOf(
    [{ name: 'kernel', keys: ['kernel'], levels: ['4.14', '5.1', '5.6'] }],
    ([kernel = 0]) => 100 * (2 - kernel),
  );
}
