/** Replications of one small scenario under as many seeds: variants that are equal, with all that a simulation has. */
import { stallsOf } from '../../src/experiment/operations.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import type { Replicated } from '../../src/statistics/replications.ts';
import { pod, scenario } from '../simulation/scenarios.ts';
import type { Table } from './coverage.ts';
import type { Uniform } from './draws.ts';

const SCENARIO: Scenario = scenario(
  {
    kernel: '"4.14.96"',
    node: '{ cpus: 4 }',
    nat: '{ iptables: "1.6.1", plugin: flannel-0.10.0 }',
    duration: '1s',
  },
  pod({
    count: '4',
    dispatch: 'as-reported',
    resolver: '{ libc: musl-1.1.20, options: [ndots:5] }',
    dns: '{ rate: 100/s, names: [{ name: api.example.com, families: [ipv4, ipv6] }] }',
  }),
);

export interface Pool {
  readonly stalls: readonly number[];
  readonly lookups: readonly number[];
}

/** One run each of `runs` seeds. */
export function simulatedPool(runs: number): Pool {
  const results = Array.from({ length: runs }, (_, i) => {
    const lookups = simulate(SCENARIO, { seed: `coverage ${i}` }).groups[0]?.lookups;
    if (!lookups) throw new Error('the scenario looks up');
    return lookups;
  });
  return { stalls: results.map(stallsOf), lookups: results.map(({ started }) => started) };
}

/** A family of equals: every replication drawn from the pool, with replacement. */
export function tableFrom(pool: Pool, uniform: Uniform, variants: number, replications: number): Table {
  const draw = (): Replicated => {
    const picks = Array.from({ length: replications }, () => Math.floor(uniform() * pool.stalls.length));
    return {
      numerators: picks.map((i) => pool.stalls[i] as number),
      denominators: picks.map((i) => pool.lookups[i] as number),
    };
  };
  return {
    baseline: draw(),
    variants: Array.from({ length: variants }, draw),
    ratios: Array(variants).fill(1),
  };
}
