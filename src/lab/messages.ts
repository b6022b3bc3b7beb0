/**
 * Every text of the lab that is not a number. A function a message: tests name the function, not its words.
 */
import type { LabExperiment } from '../scenario/labExperiment.ts';

// What is not in the lab.

export const otherKernel = (): string => 'both sides run on the kernel of this machine';
export const unmodelledKernel = (assumed: string): string =>
  `the model does not know this kernel; its predictions are those for ${assumed}`;
export const noCilium = (): string => 'eBPF NAT is not in the lab';
export const noZones = (): string => 'conntrack zones are not in the lab: both sides go without';
export const tableIsShared = (): string =>
  "the table's limits belong to the whole machine and stay as they are: both sides have the machine's";
export const noRps = (): string =>
  'packets of the lab stay on the CPU that sends them: both sides go without RPS';
export const noVerdictQueue = (): string => 'there is no verdict program in the lab: both sides go without';
export const noSecondNode = (): string =>
  'there is one node in the lab: on both sides requests do not cross a second one';
export const noCache = (): string => 'the lab sends to the service itself, not to a cache on the node';
export const noHostNetwork = (): string =>
  'pods of the lab have a namespace of their own; on both sides the first group has too';
export const noIpvs = (): string => 'IPVS is not in the lab';
export const noServiceRules = (): string => 'without NAT hooks nothing leads to the service';
export const noClientIp = (): string => 'session affinity is not in the lab';
export const noHashInIptables = (): string =>
  'a choice by hash needs nftables: iptables has no target for it (install nft)';
export const noRangeToFill = (): string => 'the scenario has no `nat.masquerade.range`';
export const tableWithoutLimit = (): string =>
  'nf_conntrack_max is 0 on this machine: the table has no limit';
export const tableTooLarge = (max: number, most: number): string =>
  `nf_conntrack_max is ${max} on this machine; up to ${most} entries are filled in here`;
export const tooManyPairsForPorts = (pairs: number, ports: number): string =>
  `${pairs} pairs to the few endpoints of the service would use up the ${ports} ports of its masquerade rule; ask for ${Math.floor(ports / 4)} at most`;

// What is missing on this machine.

export const missing = ({
  name,
  found,
  remedy,
}: {
  readonly name: string;
  readonly found: string;
  readonly remedy: string | null;
}): string => `${name}: ${found}${remedy === null ? '' : `\n  ${remedy}`}`;
export const noBackend = (backend: string): string => `${backend}: not found, and --backend asks for it`;
export const cannotRun = (): string => 'something is missing that `snatrace doctor` tells';
export const notPossible = (lines: readonly string[]): string =>
  ['the lab cannot run on this machine:', ...lines, '`snatrace doctor` looks at everything it needs.'].join(
    '\n',
  );
export const nothingLeft = (reasons: readonly { readonly what: string; readonly why: string }[]): string =>
  [
    'no experiment of this scenario can be made in the lab:',
    ...reasons.map(({ what, why }) => `${what}: ${why}`),
  ].join('\n');
export const tooSlow = (seconds: number): string => `not done after ${seconds} s, and given up`;
export const overflowed = (packets: number): string =>
  `the receiver was too slow for ${packets} packets, so nothing can be said; the machine is too busy`;

// What an experiment is called.

export function experimentName(experiment: LabExperiment): string {
  if (experiment.kind === 'fill') {
    const what = experiment.what === 'ports' ? 'the ports of the masquerade rule' : 'the conntrack table';
    return `${what} filled up by ${grouped(experiment.flows)} flows`;
  }
  const { senders, protocol, to, pairs, answerAfterNs } = experiment;
  const who = senders === 'same-socket' ? 'two threads on one socket' : 'two pods from one port';
  const where = to === 'service' ? 'the DNS service' : 'an address outside';
  const answered = answerAfterNs === null ? '' : `, answered after ${answerAfterNs / 1e9} s`;
  return `${who} to ${where}, ${protocol.toUpperCase()}, ${grouped(pairs)} pairs${answered}`;
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export const interrupted = (complete: number, asked: number): string =>
  complete === 0
    ? 'interrupted before one experiment was complete; nothing of it is left on this machine'
    : `interrupted: ${complete} of ${asked} experiments are complete, and this is their result`;
