/** The part of a scenario that the lab can build on this machine, and what it leaves out. */
import type { LabExperiment } from '../scenario/labExperiment.ts';
import type { Scenario } from '../scenario/scenario.ts';
import * as messages from './messages.ts';

/** What the lab must know of the machine to say what would happen on it. */
export interface LabMachine {
  /** `os.release()`. */
  readonly release: string;
  /** Whether the model knows that kernel. */
  readonly releaseKnown: boolean;
  readonly cpus: number;
  /** `nf_conntrack_max`, which belongs to the whole machine; 0: no limit. */
  readonly conntrackMax: number;
  readonly conntrackBuckets: number;
}

/** Something of the file that is not in the lab. */
export interface LeftOut {
  /** A key of the scenario, or an experiment. */
  readonly what: string;
  readonly why: string;
}

export interface LabScenario {
  /** What the kernel is made to do, and the model predicts for. */
  readonly scenario: Scenario;
  readonly leftOut: readonly LeftOut[];
}

/** Without what the lab cannot build, on this machine's kernel, CPUs and table. Pure. */
export function labScenario(scenario: Scenario, machine: LabMachine): LabScenario {
  const { node, nat, services, nodeLocalDns } = scenario;
  const leftOut: LeftOut[] = [];
  const leave = (condition: boolean, what: string, why: string): void => {
    if (condition) leftOut.push({ what, why });
  };
  leave(
    machine.releaseKnown && !isOf(machine.release, scenario.kernel),
    `kernel ${scenario.kernel}`,
    messages.otherKernel(),
  );
  leave(!machine.releaseKnown, `kernel ${machine.release}`, messages.unmodelledKernel(scenario.kernel));
  leave(nat.engine !== 'netfilter', `nat.engine ${nat.engine}`, messages.noCilium());
  leave(node.conntrack.zones !== 'none', `node.conntrack.zones ${node.conntrack.zones}`, messages.noZones());
  leave(
    typeof node.conntrack.max === 'number',
    `node.conntrack.max ${node.conntrack.max}`,
    messages.tableIsShared(),
  );
  leave(
    typeof node.conntrack.buckets === 'number',
    `node.conntrack.buckets ${node.conntrack.buckets}`,
    messages.tableIsShared(),
  );
  leave(node.rps, 'node.rps', messages.noRps());
  leave(node.verdictQueue.probability > 0, 'node.verdictQueue', messages.noVerdictQueue());
  leave(
    services.dns.endpointsOn === 'other-node',
    'services.dns.endpointsOn other-node',
    messages.noSecondNode(),
  );
  leave(nodeLocalDns.enabled, 'nodeLocalDns', messages.noCache());
  const own = scenario.pods.find(({ hostNetwork }) => !hostNetwork);
  leave(own === undefined, 'pods[].hostNetwork', messages.noHostNetwork());
  const [first] = scenario.pods;
  return {
    scenario: {
      ...scenario,
      kernel: machine.releaseKnown ? machine.release : scenario.kernel,
      node: {
        ...node,
        cpus: Math.max(2, Math.min(1024, machine.cpus)),
        rps: false,
        conntrack: {
          ...node.conntrack,
          max: machine.conntrackMax,
          buckets: machine.conntrackBuckets,
          zones: 'none',
        },
        verdictQueue: { ...node.verdictQueue, probability: 0 },
      },
      services: {
        dns: {
          ...services.dns,
          endpointsOn: services.dns.endpointsOn === 'other-node' ? 'same-node' : services.dns.endpointsOn,
        },
      },
      nodeLocalDns: { ...nodeLocalDns, enabled: false },
      pods: [own ?? { ...(first as NonNullable<typeof first>), hostNetwork: false }],
    },
    leftOut,
  };
}

/** Whether a release is one of the version that a file names: 6.18.44-generic of 6.18. */
function isOf(release: string, version: string): boolean {
  return release === version || release.startsWith(`${version}.`) || release.startsWith(`${version}-`);
}

/** Ports that a masquerade rule grants to one destination: from 1024 up where no range stands. */
const IMPLICIT_PORTS = 64512;
/** A table of more entries takes longer to fill than the first of them live. */
const FILLABLE = 600_000;

/** Why an experiment cannot be made with this scenario (as `labScenario` left it), or null. */
export function inapplicable(
  experiment: LabExperiment,
  scenario: Scenario,
  { backend }: { readonly backend: 'nft' | 'iptables' },
): string | null {
  const { nat, services, node } = scenario;
  const { dns } = services;
  const { masquerade } = nat;
  if (nat.engine !== 'netfilter') return messages.noCilium();
  if (experiment.kind === 'fill') {
    if (experiment.what === 'ports') {
      return !masquerade.enabled || masquerade.range === null ? messages.noRangeToFill() : null;
    }
    const { max } = node.conntrack;
    if (max === 0) return messages.tableWithoutLimit();
    return typeof max === 'number' && max > FILLABLE ? messages.tableTooLarge(max, FILLABLE) : null;
  }
  if (experiment.to === 'external') return null;
  if (dns.proxy === 'ipvs') return messages.noIpvs();
  if (dns.proxy === 'iptables' && !nat.hooks) return messages.noServiceRules();
  if (dns.choice === 'client-ip') return messages.noClientIp();
  if (dns.choice === 'hash' && backend === 'iptables') return messages.noHashInIptables();
  if (masqueradesService(scenario)) {
    const { range } = masquerade;
    const ports = range === null ? IMPLICIT_PORTS : range.max - range.min + 1;
    // Each pair keeps up to two ports of each endpoint until its entries expire.
    if (4 * experiment.pairs > ports) return messages.tooManyPairsForPorts(experiment.pairs, ports);
  }
  return null;
}

/** Whether packets to the service are masqueraded: all of them, or because its endpoints are outside. */
export function masqueradesService({ nat, services }: Scenario): boolean {
  const { enabled, all } = nat.masquerade;
  return nat.hooks && enabled && (all || services.dns.endpointsOn === 'external');
}

/** What is done with a file that says nothing of a lab. */
export const USUAL_EXPERIMENTS: readonly LabExperiment[] = [
  { kind: 'race', senders: 'same-socket', protocol: 'udp', to: 'service', pairs: 2000, answerAfterNs: null },
  { kind: 'race', senders: 'two-pods', protocol: 'udp', to: 'external', pairs: 2000, answerAfterNs: null },
  { kind: 'race', senders: 'two-pods', protocol: 'tcp', to: 'external', pairs: 500, answerAfterNs: null },
];
