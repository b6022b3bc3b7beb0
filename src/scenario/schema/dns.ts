/** The keys `services`, `nodeLocalDns`, `dnsServers` and `links`: who answers, and how far away. */
import { z } from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { formatDuration, RATE } from '../units.ts';
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

const { dnsService, nodeLocalDns, dnsServers, links } = DEFAULTS;

export const servicesFile = z.strictObject({
  dns: optional(
    z.strictObject({
      proxy: optional(
        word(['iptables', 'ipvs', 'none']),
        'What kube-proxy uses; `none`: resolv.conf names the servers themselves.',
        dnsService.proxy,
      ),
      scheduler: optional(word(['rr', 'sh', 'dh', 'lc']), 'IPVS only.', dnsService.scheduler),
      choice: optional(
        word(['random', 'client-ip', 'hash']),
        'How an endpoint is chosen: `random` for each new packet, `client-ip` by sessionAffinity (IPVS: persistence), `hash` of the client address and port (iptables only).',
        dnsService.choice,
      ),
      endpoints: optional(
        z.int().min(1).max(1000),
        'DNS servers behind the cluster address, 1 to 1000.',
        String(dnsService.endpoints),
      ),
      endpointsOn: optional(
        word(['same-node', 'other-node', 'external']),
        "`other-node`: each request crosses a second node's conntrack, a race point of its own.",
        dnsService.endpointsOn,
      ),
    }),
    "The cluster's DNS service.",
  ),
});

export const nodeLocalDnsFile = choice('nodeLocalDns', [
  word(['none']),
  z.strictObject({
    enabled: optional(flag, 'false is the same as `nodeLocalDns: none`.', 'true'),
    notrack: optional(
      flag,
      'NOTRACK rules for its address, as NodeLocal DNSCache adds them; a plain DaemonSet has none.',
      String(nodeLocalDns.notrack),
    ),
    upstream: optional(word(['tcp', 'udp']), 'How it asks the DNS service.', nodeLocalDns.upstream),
    maxTtl: optional(
      duration,
      'Cap on how long a positive answer is cached.',
      formatDuration(nodeLocalDns.maxTtlNs),
    ),
    negativeTtl: optional(
      duration,
      'How long a negative answer is cached.',
      formatDuration(nodeLocalDns.negativeTtlNs),
    ),
    hitLatency: optional(
      distribution,
      "From the cache's socket to its answer on a hit.",
      written(nodeLocalDns.hitLatency),
    ),
    outage: optional(
      choice('outage', [
        word(['never']),
        z.strictObject({
          from: duration.describe('Since the start of the measured time.'),
          for: duration.describe('How long.'),
        }),
      ]),
      'The cache does not answer in this span of the measured time.',
      'never',
    ),
  }),
]);

export const dnsServersFile = z.strictObject({
  latency: optional(distribution, 'Time in the server, without the network.', written(dnsServers.latency)),
  capacity: optional(
    choice('capacity', [word(['unlimited']), text('capacity', RATE)]),
    'Answers of one server, e.g. `10000/s`.',
    'unlimited',
  ),
  queue: optional(
    z.int().min(0).max(1_000_000),
    'Queries waiting at a server with limited capacity before it drops.',
    String(dnsServers.queue),
  ),
  loss: optional(
    probability,
    'Probability that a query, or its answer, is lost between the node and the server.',
    String(dnsServers.loss),
  ),
  servfail: optional(
    probability,
    'Probability that a query is answered SERVFAIL.',
    String(dnsServers.servfail),
  ),
  autopath: optional(
    flag,
    'CoreDNS autopath: the first name of a search list is answered with what the whole list would find. Without effect behind a node-local cache or masquerading, and with hostNetwork: it needs to see who asks.',
    String(dnsServers.autopath),
  ),
});

export const linksFile = z.strictObject({
  cluster: optional(
    distribution,
    "Pod to a server in the cluster and back, without the server's time.",
    written(links.cluster),
  ),
  external: optional(distribution, 'Pod to a server outside the cluster and back.', written(links.external)),
});

export type ServicesFile = z.infer<typeof servicesFile>;
export type NodeLocalDnsFile = z.infer<typeof nodeLocalDnsFile>;
export type DnsServersFile = z.infer<typeof dnsServersFile>;
export type LinksFile = z.infer<typeof linksFile>;
