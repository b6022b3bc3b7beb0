/** The key `pods`: who looks up and connects, with which resolver, and what brings a pair onto two CPUs. */
import { z } from 'zod';
import { LONGEST_NUMBERED_SEARCH } from '../clusterNames.ts';
import { DEFAULTS, LIMITS } from '../defaults.ts';
import {
  DEFERRED_OVERLAP,
  DISPATCH_PRESETS,
  HAND_OVER,
  NEIGHBOUR_HOLD,
  SEND_GAP,
  THREAD_MOVED,
} from '../dispatchPresets.ts';
import { dnsTrafficFile, hostName, tcpTrafficFile } from './traffic.ts';
import {
  choice,
  distribution,
  duration,
  flag,
  optional,
  probability,
  text,
  word,
  written,
} from './values.ts';

const { pod, resolver } = DEFAULTS;

const resolverOptions = z.array(text('resolverOption', /^[a-z0-9][a-z0-9:_-]{0,63}$/)).max(32);

const resolverFile = z.strictObject({
  libc: optional(
    text('libc', /^[a-z][a-z0-9.+-]{0,63}$/),
    'Library with version: `musl-1.1.20`, `glibc-2.36`, `go-1.19`, `c-ares-1.34`.',
    resolver.libc,
  ),
  options: optional(
    resolverOptions,
    'Words of the `options` line of resolv.conf: `ndots:5`, `single-request-reopen`.',
    '[ndots:5], with hostNetwork none',
  ),
  optionsAfter: optional(
    z
      .array(
        z.strictObject({
          options: resolverOptions.describe('The words that are appended.'),
          after: duration.describe(
            'They hold for lookups that start later than this after the pod did; 0s: from the start.',
          ),
        }),
      )
      .max(32),
    'Options that a postStart hook appends to resolv.conf.',
  ),
  search: optional(
    choice('searchList', [z.int().min(0).max(LONGEST_NUMBERED_SEARCH), z.array(hostName).max(32)]),
    'The search list, or how many elements the usual Kubernetes list has (3, and 4 with the domain of a cloud).',
    `${resolver.searchCount}, with hostNetwork 0`,
  ),
  nameServers: optional(
    z
      .array(word(['service', 'external']))
      .min(1)
      .max(256),
    "The `nameserver` lines: the DNS service's cluster address, or a resolver outside the cluster. Libraries read the first three.",
    '[service], with hostNetwork [external]',
  ),
  threads: optional(
    z.int().min(1).max(2),
    '2: A and AAAA are sent by two threads on one socket.',
    String(resolver.threads),
  ),
  family: optional(word(['unspec', 'ipv4']), '`unspec`: A and AAAA; `ipv4`: A alone.', resolver.family),
});

const presets = DISPATCH_PRESETS.map((preset) => preset.name) as [string, ...string[]];

export const dispatchFile = choice('dispatch', [
  word(presets).describe(DISPATCH_PRESETS.map((preset) => `${preset.name}: ${preset.summary}`).join('. ')),
  z.strictObject({
    name: optional(text('dispatchName', /^[a-z0-9][a-z0-9.+-]{0,63}$/), 'What reports call it.', 'custom'),
    queueHandOver: optional(
      z.strictObject({
        busy: optional(probability, 'Share of time in which another CPU of the pod is sending.', '0'),
        handOver: optional(probability, 'Probability of a hand-over then.', String(HAND_OVER)),
      }),
      "A queue discipline on the pod's interface hands A to another CPU.",
    ),
    deferredAndMoved: optional(
      z.strictObject({
        softirqShare: optional(probability, 'Share of time in which ksoftirqd is runnable.', '0'),
        moved: optional(probability, 'The thread changes its CPU between A and B.', String(THREAD_MOVED)),
        overlap: optional(probability, 'The two runs overlap then.', String(DEFERRED_OVERLAP)),
      }),
      'ksoftirqd holds A, the thread moves, B overtakes into an overlap: the product of the three.',
    ),
    heldBeforeConfirm: optional(
      z.strictObject({
        probability: optional(probability, 'Probability per pair.', '0'),
        hold: optional(distribution, 'How long.', written(NEIGHBOUR_HOLD)),
      }),
      'Both wait between lookup and insertion (unresolved neighbour on a bridged path).',
    ),
    reported: optional(
      probability,
      'A stated probability per pair, fitted to field reports and derived from no mechanism.',
      '0',
    ),
    independent: optional(flag, 'Every packet goes to a CPU of its own choice: the worst case.', 'false'),
    gap: optional(
      distribution,
      "From A's send to B's where A is not processed inside its own send.",
      written(SEND_GAP),
    ),
  }),
]);

const podGroupFile = z.strictObject({
  name: text('podName', /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/).describe('Name of the group, unique.'),
  count: optional(z.int().min(0).max(LIMITS.pods), 'Pods in the group; 0 leaves it out.', String(pod.count)),
  hostNetwork: optional(
    flag,
    "The processes live in the node's own network namespace.",
    String(pod.hostNetwork),
  ),
  localPorts: optional(
    text('portRange', /^\d{1,5}-\d{1,5}$/),
    'net.ipv4.ip_local_port_range of each pod, e.g. `1024-65535`; not with hostNetwork.',
    `${pod.localPorts.min}-${pod.localPorts.max}`,
  ),
  workers: optional(
    z.int().min(1).max(10_000),
    'Threads per pod that look up and connect; each keeps its own resolver state.',
    String(pod.workers),
  ),
  cpuAffinity: optional(
    word(['drawn', 'sticky']),
    '`drawn`: each lookup runs on a CPU drawn for it; `sticky`: each worker keeps one.',
    pod.cpuAffinity,
  ),
  process: optional(
    word(['long-lived', 'per-lookup']),
    '`long-lived` threads keep what their resolver learnt; `per-lookup` starts a new process each time.',
    pod.process,
  ),
  resolver: optional(resolverFile, 'The stub resolver and its resolv.conf.'),
  dispatch: optional(
    dispatchFile,
    "What brings one thread's A and AAAA onto two CPUs, as probabilities per pair that add up. The most sensitive assumption of all.",
    DEFAULTS.dispatch.name,
  ),
  dns: optional(choice('dns', [word(['none']), dnsTrafficFile]), 'Lookups of each pod.', 'none'),
  tcp: optional(choice('tcp', [word(['none']), tcpTrafficFile]), 'TCP connections of each pod.', 'none'),
});

export const podsFile = z.array(podGroupFile).min(1).max(1000);

export type ResolverFile = z.infer<typeof resolverFile>;
export type DispatchFile = z.infer<typeof dispatchFile>;
export type PodGroupFile = z.infer<typeof podGroupFile>;
