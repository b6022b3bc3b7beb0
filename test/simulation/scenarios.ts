/** Small scenarios for tests, as files say them: every key a piece of YAML, and defaults that leave nothing to chance. */
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import type { GroupResult, OperationResult, RunResult } from '../../src/simulation/result.ts';
import { simulate } from '../../src/simulation/simulate.ts';

/** Keys of a file, each with its YAML; `pods` come from `pod`. */
export type FileParts = Readonly<Record<string, string>>;

const FILE: FileParts = {
  kernel: '"5.10.0"',
  node: '{ cpus: 2 }',
  services: '{ dns: { proxy: iptables, endpoints: 2, endpointsOn: same-node } }',
  links: '{ cluster: 200us, external: 2ms }',
  dnsServers: '{ latency: 1ms }',
  duration: '2s',
  warmUp: '0s',
};

/** One name, one pair of queries. */
export const LOOKUPS = '{ rate: 50/s, names: [{ name: api.example.com., families: [ipv4, ipv6] }] }';

const POD: FileParts = {
  name: 'php',
  resolver: '{ libc: musl-1.1.20 }',
  dispatch: 'worst-case',
  dns: LOOKUPS,
};

const CONNECTING: FileParts = {
  name: 'php',
  dispatch: 'clean-veth',
  tcp: '{ rate: 50/s, to: ["203.0.113.10:443"] }',
};

/** A group of pods that look up; `parts` replace the keys of the same name. */
export function pod(parts: FileParts = {}): string {
  return flow({ ...POD, ...parts });
}

/** A group of pods that connect. */
export function connectingPod(parts: FileParts = {}): string {
  return flow({ ...CONNECTING, ...parts });
}

/** A scenario of these groups; `parts` replace the keys of the same name. */
export function scenario(parts: FileParts = {}, ...pods: readonly string[]): Scenario {
  const groups = pods.length === 0 ? [pod()] : pods;
  const keys = Object.entries({ ...FILE, ...parts }).map(([key, value]) => `${key}: ${value}`);
  const text = [...keys, 'pods:', ...groups.map((group) => `  - ${group}`)].join('\n');
  return loadScenario(text, { path: 'x.yaml' }).scenario;
}

/** One run of such a scenario. */
export function run(parts: FileParts = {}, ...pods: readonly string[]): RunResult {
  return simulate(scenario(parts, ...pods), { seed: 'simulation tests' });
}

/** The lookups of one group. */
export function lookups(result: RunResult, group = 0): OperationResult {
  return operations(result, 'lookups', group);
}

/** The connects of one group. */
export function connects(result: RunResult, group = 0): OperationResult {
  return operations(result, 'connects', group);
}

function operations(result: RunResult, kind: 'lookups' | 'connects', group: number): OperationResult {
  const found = (result.groups[group] as GroupResult)[kind];
  if (found === null) throw new Error(`group ${group} has no ${kind}`);
  return found;
}

/** The causes that lost packets, with their numbers; those without are left out. */
export function lossesOf({ lost }: OperationResult): Partial<OperationResult['lost']> {
  return present(lost);
}

/** The stalls that occurred, by cause. */
export function stallsByCauseOf({
  stallsByCause,
}: OperationResult): Partial<OperationResult['stallsByCause']> {
  return present(stallsByCause);
}

/** The stalls that occurred, by length. */
export function stallsOf({ stalls }: OperationResult): Partial<OperationResult['stalls']> {
  return present(stalls);
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function present<Counts extends Readonly<Record<string, number>>>(counts: Counts): Partial<Counts> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)) as Partial<Counts>;
}

function flow(parts: FileParts): string {
  return `{ ${Object.entries(parts)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;
}
