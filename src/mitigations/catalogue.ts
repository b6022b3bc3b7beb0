/** Every mitigation, in the order in which they are listed. To add one: a file, and a line here. */

import type { Scenario } from '../scenario/scenario.ts';
import { autopath } from './autopath.ts';
import { cilium } from './cilium.ts';
import { cilium1_16 } from './cilium-1.16.ts';
import { connectionPooling } from './connection-pooling.ts';
import { conntrackMax } from './conntrack-max.ts';
import { conntrackTimeouts } from './conntrack-timeouts.ts';
import { consistentHashDnat } from './consistent-hash-dnat.ts';
import { delayAaaa } from './delay-aaaa.ts';
import { dnsPolicyDefault } from './dns-policy-default.ts';
import { glibcImage } from './glibc-image.ts';
import { hostNetwork } from './host-network.ts';
import { iptables1_6_2 } from './iptables-1.6.2.ts';
import { ipv4Only } from './ipv4-only.ts';
import { ipvs } from './ipvs.ts';
import { ipvsSourceHash } from './ipvs-source-hash.ts';
import { kernel4_14_316 } from './kernel-4.14.316.ts';
import { kernel4_15_azure } from './kernel-4.15.0-1030-azure.ts';
import { kernel4_19_29 } from './kernel-4.19.29.ts';
import { kernel4_19 } from './kernel-4.19.ts';
import { kernel5_1 } from './kernel-5.1.ts';
import { kernel5_4_286 } from './kernel-5.4.286.ts';
import { kernel5_6 } from './kernel-5.6.ts';
import { kernel5_10 } from './kernel-5.10.ts';
import { kernel6_1 } from './kernel-6.1.ts';
import { kernel6_5 } from './kernel-6.5.ts';
import { kernel6_12 } from './kernel-6.12.ts';
import { kernelByName } from './kernelUpgrade.ts';
import type { Application, Mitigation } from './mitigation.ts';
import { moreDestinations } from './more-destinations.ts';
import { moreDnsReplicas } from './more-dns-replicas.ts';
import { moreNatAddresses } from './more-nat-addresses.ts';
import { narrowNatPorts } from './narrow-nat-ports.ts';
import { ndots1 } from './ndots-1.ts';
import { ndots2 } from './ndots-2.ts';
import { noAaaa } from './no-aaaa.ts';
import { nodeDnsDaemonSet } from './node-dns-daemonset.ts';
import { nodeLocalDns } from './node-local-dns.ts';
import { notrackDns } from './notrack-dns.ts';
import { oneDnsReplica } from './one-dns-replica.ts';
import { random } from './random.ts';
import { randomFully } from './random-fully.ts';
import { routablePods } from './routable-pods.ts';
import { rps } from './rps.ts';
import { sequentialWarmUp } from './sequential-warm-up.ts';
import { sessionAffinity } from './session-affinity.ts';
import { shortTimeouts } from './short-timeouts.ts';
import { singleRequest } from './single-request.ts';
import { singleRequestReopen } from './single-request-reopen.ts';
import { trailingDots } from './trailing-dots.ts';
import { useVc } from './use-vc.ts';
import { widerLocalPorts } from './wider-local-ports.ts';
import { withoutNdots } from './without-ndots.ts';
import { zones } from './zones.ts';

export const MITIGATIONS: readonly Mitigation[] = [
  // The DNS service and its servers.
  oneDnsReplica,
  moreDnsReplicas,
  sessionAffinity,
  autopath,
  // The rules of plugins.
  iptables1_6_2,
  randomFully,
  random,
  // The node.
  conntrackMax,
  conntrackTimeouts,
  rps,
  delayAaaa,
  notrackDns,
  zones,
  narrowNatPorts,
  // The pods.
  singleRequest,
  singleRequestReopen,
  useVc,
  noAaaa,
  ndots2,
  ndots1,
  withoutNdots,
  shortTimeouts,
  widerLocalPorts,
  hostNetwork,
  dnsPolicyDefault,
  // A name server per node.
  nodeLocalDns,
  nodeDnsDaemonSet,
  // Images and applications.
  ipv4Only,
  trailingDots,
  glibcImage,
  connectionPooling,
  sequentialWarmUp,
  // Kernels, oldest first.
  kernel4_14_316,
  kernel4_15_azure,
  kernel4_19,
  kernel4_19_29,
  kernel5_1,
  kernel5_4_286,
  kernel5_6,
  kernel5_10,
  kernel6_1,
  kernel6_5,
  kernel6_12,
  // The network of the cluster.
  ipvs,
  ipvsSourceHash,
  consistentHashDnat,
  cilium1_16,
  cilium,
  routablePods,
  moreDestinations,
  moreNatAddresses,
];

/** Of the catalogue, or the upgrade to any kernel that is known: `kernel-5.15.85`. */
export function mitigation(name: string): Mitigation | undefined {
  return MITIGATIONS.find((candidate) => candidate.name === name) ?? kernelByName(name);
}

/** A mitigation, or several joined by `+`, applied in order: `kernel-5.1+random-fully`. */
export interface Combination {
  readonly id: string;
  readonly parts: readonly Mitigation[];
}

export interface UnknownMitigation {
  readonly unknown: string;
}

/** Reads `a+b`; the first name that is not in the catalogue is returned instead. */
export function combination(id: string): Combination | UnknownMitigation {
  const parts: Mitigation[] = [];
  for (const name of id.split('+').map((part) => part.trim())) {
    const found = mitigation(name);
    if (found === undefined) return { unknown: name };
    parts.push(found);
  }
  return { id: parts.map(({ name }) => name).join('+'), parts };
}

export interface AppliedPart {
  readonly mitigation: Mitigation;
  readonly application: Application;
}

/** Applies the parts one after the other. */
export function applyCombination(
  scenario: Scenario,
  { parts }: Combination,
): { readonly scenario: Scenario; readonly applied: readonly AppliedPart[] } {
  const applied: AppliedPart[] = [];
  let current = scenario;
  for (const part of parts) {
    const application = part.apply(current);
    applied.push({ mitigation: part, application });
    current = application.scenario;
  }
  return { scenario: current, applied };
}
