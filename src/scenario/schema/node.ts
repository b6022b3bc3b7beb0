/** The keys `kernel` and `node`: the machine on which the race happens. */
import { z } from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { LAB_6_18 } from '../nodeProfile.ts';
import { formatDuration, formatSize } from '../units.ts';
import {
  choice,
  distribution,
  duration,
  flag,
  optional,
  probability,
  size,
  text,
  word,
  written,
} from './values.ts';

const { node } = DEFAULTS;
const { steps } = node;

/** What `uname -r` prints; the kernel catalogue judges it. */
export const kernel = text('kernel', /^[0-9A-Za-z][0-9A-Za-z.+_~-]{0,99}$/);

const step = (description: string, ns: number) => optional(duration, description, formatDuration(ns));

const stepTimes = z.strictObject({
  receive: step('From the input queue to the conntrack lookup.', steps.receiveNs),
  conntrackOnly: step('Lookup to confirm, no NAT hooks.', steps.conntrackOnlyNs),
  dnat: step('Lookup to confirm where DNAT applies.', steps.dnatNs),
  masquerade: step('Lookup to confirm where masquerade applies.', steps.masqueradeNs),
  dnatMasquerade: step('Lookup to confirm where both apply.', steps.dnatMasqueradeNs),
  portCheckToConfirm: step(
    'End of the port search to confirm, inside the above.',
    steps.portCheckToConfirmNs,
  ),
  probe: step('Each port probed after the first.', steps.probeNs),
  ipvsSchedule: step('IPVS: connection lookup to insertion. Estimated.', steps.ipvsScheduleNs),
  transmit: step('Confirm to the packet having left the CPU.', steps.transmitNs),
  established: step('A packet of a known flow, its whole service.', steps.establishedNs),
  answer: optional(
    duration,
    'An answer on its way back, its whole service, the same every time.',
    'as a packet of a known flow',
  ),
  spread: optional(
    choice('spread', [z.number().min(0).max(2), word(['exponential'])]),
    'Coefficient of variation of the lognormal factor that stretches all steps of one packet; or an `exponential` one.',
    String(steps.spread),
  ),
  stall: optional(
    z.strictObject({
      probability: optional(probability, 'Probability per packet.', String(steps.stall.probability)),
      mean: step('Mean length; exponential.', steps.stall.meanNs),
    }),
    'One step of a packet stalled by an interrupt or a stolen virtual CPU.',
  ),
});

const timeouts = z.strictObject({
  udp: optional(duration, 'nf_conntrack_udp_timeout'),
  udpStream: optional(duration, 'nf_conntrack_udp_timeout_stream'),
  tcpSynSent: optional(duration, 'nf_conntrack_tcp_timeout_syn_sent'),
  tcpEstablished: optional(duration, 'nf_conntrack_tcp_timeout_established'),
  tcpFinWait: optional(duration, 'nf_conntrack_tcp_timeout_fin_wait'),
  tcpCloseWait: optional(duration, 'nf_conntrack_tcp_timeout_close_wait'),
  tcpTimeWait: optional(duration, 'nf_conntrack_tcp_timeout_time_wait'),
});

const conntrack = z.strictObject({
  max: optional(
    choice('conntrackMax', [z.int().min(0).max(100_000_000), word(['kernel', 'kube-proxy'])]),
    "nf_conntrack_max; `kernel`: the kernel's default for the memory; `kube-proxy`: max(32768 x cores, 131072); 0: no limit.",
    String(node.conntrack.max),
  ),
  buckets: optional(
    choice('conntrackBuckets', [z.int().min(1).max(100_000_000), word(['kernel'])]),
    "nf_conntrack_buckets; `kernel`: the kernel's default (max/4 where kube-proxy sets max).",
    String(node.conntrack.buckets),
  ),
  otherEntries: optional(
    z.int().min(0).max(100_000_000),
    'Established connections of other traffic that fill the table from the start and outlast the run.',
    '0',
  ),
  zones: optional(
    word(['none', 'per-pod']),
    "`per-pod`: a conntrack zone of its own for the original direction of each pod's flows (CT --zone-orig).",
    node.conntrack.zones,
  ),
  notrackDns: optional(
    flag,
    'DNS packets bypass connection tracking (raw table, NOTRACK, port 53 both ways).',
    String(node.conntrack.notrackDns),
  ),
  timeouts: optional(
    timeouts,
    "Overrides of nf_conntrack_*_timeout. A key left out keeps the kernel's value.",
  ),
});

/** What a node profile can say of a node, too. */
export const nodeSettingsFile = z.strictObject({
  cpus: optional(z.int().min(1).max(1024), 'CPUs, 1 to 1024.', String(node.cpus)),
  memory: optional(
    size,
    "Memory, e.g. `8GiB`: sets the kernel's own table defaults.",
    formatSize(node.memoryBytes),
  ),
  rps: optional(
    flag,
    "Receive packet steering on the pods' ports: a flow stays on one CPU.",
    String(node.rps),
  ),
  backlog: optional(
    z.int().min(1).max(1_000_000),
    "Length of each CPU's input queue in packets (net.core.netdev_max_backlog).",
    String(node.backlog),
  ),
  delayAaaa: optional(
    choice('delayAaaa', [word(['none']), distribution]),
    'AAAA queries of pods wait this long before they enter the node (tc netem on the side of the pods).',
    'none',
  ),
  conntrack: optional(conntrack, 'The connection tracking table.'),
  steps: optional(
    stepTimes,
    'How long the steps of a packet take on a CPU that does nothing else. A key left out has the value of `profile`.',
  ),
  verdictQueue: optional(
    z.strictObject({
      probability: optional(
        probability,
        'Probability per packet of a new flow.',
        String(node.verdictQueue.probability),
      ),
      hold: optional(distribution, 'How long it waits there.', written(node.verdictQueue.hold)),
    }),
    'A verdict program between lookup and insertion (NFQUEUE and the like).',
  ),
});

export const nodeFile = nodeSettingsFile.extend({
  interrupts: optional(
    word(['by-flow', 'any-cpu']),
    'Which CPU takes what arrives from outside: one by the hash of the flow (RSS), or any, packet by packet.',
    'by-flow',
  ),
  profile: optional(
    text('profile', /^[\s\S]{1,1000}$/),
    'What was measured of a machine: `lab-6.18` (step times of a real 6.18 kernel, hot caches, idle table), or the path of a file that `snatrace lab --calibrate` wrote, relative to this one. Keys beside it win.',
    LAB_6_18.name,
  ),
});

export type NodeSettingsFile = z.infer<typeof nodeSettingsFile>;
export type NodeFile = z.infer<typeof nodeFile>;
