/** Scenario files for tests, and what loading them gives. */
import { formatScenarioError } from '../../src/scenario/formatErrors.ts';
import { InvalidScenario } from '../../src/scenario/invalidScenario.ts';
import { type LoadedScenario, type LoadOptions, loadScenario } from '../../src/scenario/load.ts';
import type { ScenarioError } from '../../src/scenario/problems.ts';
import type { PodGroup, Scenario } from '../../src/scenario/scenario.ts';

/** The shortest file that is worth a run: four lines, so that a test's own keys begin in line 5. */
export const MINIMAL = `kernel: "4.14.96"
pods:
  - name: php
    dns: { rate: 5/s, names: [api.example.com] }
`;

/** The example of the design page. */
export const DESIGN_EXAMPLE = `kernel: "4.14.96"
node: { cpus: 8, rps: false, conntrack: { max: 262144 } }
nat: { masquerade: { ports: preserve } }              # preserve | random | random-fully; optional range
services: { dns: { proxy: iptables, endpoints: 2 } }  # iptables | ipvs (scheduler) | none
pods:
  - name: php
    count: 40
    resolver: { libc: musl-1.1.20, options: [ndots:5], search: 4 }   # Alpine 3.9
    dispatch: as-reported                                           # what brings one thread's pair onto two CPUs
    dns: { rate: 5/s, names: [api.example.com] }
    tcp: { rate: 5/s, to: ["203.0.113.10:443"], reuse: 1 }
duration: 60s
warmUp: 30s
`;

export function load(text: string, options: Partial<LoadOptions> = {}): LoadedScenario {
  return loadScenario(text, { path: 'x.yaml', ...options });
}

/** The scenario of `MINIMAL` and more keys at the top level. */
export function scenarioWith(keys: string): Scenario {
  return load(MINIMAL + keys).scenario;
}

/** The first group of `MINIMAL` with more keys, each line indented by four blanks. */
export function podWith(keys: string): PodGroup {
  return load(`${MINIMAL}${keys.replace(/^/gm, '    ')}\n`).scenario.pods[0]!;
}

/** The first group with other DNS traffic than `MINIMAL`'s. */
export function podLookingUp(dns: string): PodGroup {
  return load(MINIMAL.replace('{ rate: 5/s, names: [api.example.com] }', dns)).scenario.pods[0]!;
}

/** What a file is refused with; fails if it is accepted, or if anything else is thrown. */
export function invalid(text: string, options: Partial<LoadOptions> = {}): InvalidScenario {
  try {
    load(text, options);
  } catch (error) {
    if (error instanceof InvalidScenario) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

export function errorsOf(text: string, options: Partial<LoadOptions> = {}): readonly ScenarioError[] {
  return invalid(text, options).errors;
}

/** `code line:column: path: message (fix)` of each error. */
export function errorLines(text: string, options: Partial<LoadOptions> = {}): string[] {
  return errorsOf(text, options).map((error) => {
    const line = formatScenarioError(error);
    return `${error.code} ${line.replace(/^x\.yaml:/, '')}`;
  });
}
