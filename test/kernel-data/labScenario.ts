/**
 * The recorded labs as scenarios: one node with two CPUs, its kernel, its NAT rules; step times are the
 * defaults.
 */
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';

export interface Lab {
  /** As the recording names it. */
  readonly kernel: string;
  /** MASQUERADE and its flag; by default no such rule. */
  readonly masquerade?: 'preserve' | 'random' | 'random-fully';
  /** `--to-ports`. */
  readonly toPorts?: readonly [first: number, last: number];
  /** Backends of the service; by default there is no service. */
  readonly backends?: number;
  /** False: no NAT table. Default true, be there a rule or not. */
  readonly natTable?: boolean;
  readonly notrack?: boolean;
  readonly rps?: boolean;
  /**
   * Lookups of each pod's resolver for a second (one thread, A and AAAA on one socket); default: next to
   * none.
   */
  readonly lookups?: { readonly pods: number; readonly perSecond: number; readonly dispatch: string };
  /** `nf_conntrack_max` and `nf_conntrack_buckets`. */
  readonly table?: { readonly max: number; readonly buckets: number };
}

export function labScenario(lab: Lab): Scenario {
  const {
    kernel,
    masquerade,
    toPorts,
    backends,
    natTable = true,
    notrack = false,
    rps = false,
    table,
    lookups,
  } = lab;
  const { pods, perSecond, dispatch } = lookups ?? { pods: 1, perSecond: 1, dispatch: 'clean-veth' };
  const rule =
    masquerade === undefined
      ? 'none'
      : '{ all: true, ports: ' +
        `${masquerade}${toPorts === undefined ? '' : `, range: "${toPorts.join('-')}"`} }`;
  const limits = table === undefined ? '' : `, max: ${table.max}, buckets: ${table.buckets}`;
  const service =
    backends === undefined
      ? '{ proxy: none, endpointsOn: same-node }'
      : `{ proxy: iptables, endpoints: ${backends}, endpointsOn: same-node }`;
  const dns = `{ rate: ${perSecond}/s, names: [x.example.com.] }`;
  return loadScenario(
    [
      `kernel: "${kernel}"`,
      `node: { cpus: 2, rps: ${rps}, conntrack: { notrackDns: ${notrack}${limits} } }`,
      `nat: { hooks: ${natTable}, masquerade: ${rule} }`,
      `services: { dns: ${service} }`,
      'pods:',
      `  - { name: pod, count: ${pods}, dispatch: ${dispatch}, dns: ${dns} }`,
      'duration: 1s',
    ].join('\n'),
    { path: 'lab.yaml' },
  ).scenario;
}
