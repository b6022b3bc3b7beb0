/** `services`, `nodeLocalDns`, `dnsServers` and `links` of a file, complete. */
import { DEFAULTS } from '../defaults.ts';
import type { DnsServers, DnsService, Links, NodeLocalDns } from '../scenario.ts';
import type { DnsServersFile, LinksFile, NodeLocalDnsFile, ServicesFile } from '../schema/dns.ts';
import {
  type Resolving,
  resolveDistribution,
  resolveDuration,
  resolveProbability,
  resolveRate,
} from './values.ts';

export function resolveDnsService(file: ServicesFile): DnsService {
  const defaults = DEFAULTS.dnsService;
  const dns = file.dns ?? {};
  return {
    proxy: dns.proxy ?? defaults.proxy,
    scheduler: dns.scheduler ?? defaults.scheduler,
    choice: dns.choice ?? defaults.choice,
    endpoints: dns.endpoints ?? defaults.endpoints,
    endpointsOn: dns.endpointsOn ?? defaults.endpointsOn,
  };
}

/** A mapping switches the cache on unless it says `enabled: false`. */
export function resolveNodeLocalDns(file: NodeLocalDnsFile, resolving: Resolving): NodeLocalDns {
  const defaults = DEFAULTS.nodeLocalDns;
  if (file === 'none') return defaults;
  const at = ['nodeLocalDns'];
  const outage = file.outage ?? 'never';
  return {
    enabled: file.enabled ?? true,
    notrack: file.notrack ?? defaults.notrack,
    upstream: file.upstream ?? defaults.upstream,
    maxTtlNs: resolveDuration(file.maxTtl, defaults.maxTtlNs, [...at, 'maxTtl'], resolving),
    negativeTtlNs: resolveDuration(
      file.negativeTtl,
      defaults.negativeTtlNs,
      [...at, 'negativeTtl'],
      resolving,
    ),
    hitLatency: resolveDistribution(file.hitLatency, defaults.hitLatency, [...at, 'hitLatency'], resolving),
    outage:
      outage === 'never'
        ? null
        : {
            fromNs: resolveDuration(outage.from, 0, [...at, 'outage', 'from'], resolving),
            forNs: resolveDuration(outage.for, 0, [...at, 'outage', 'for'], resolving),
          },
  };
}

export function resolveDnsServers(file: DnsServersFile, resolving: Resolving): DnsServers {
  const defaults = DEFAULTS.dnsServers;
  const capacity = file.capacity ?? 'unlimited';
  return {
    latency: resolveDistribution(file.latency, defaults.latency, ['dnsServers', 'latency'], resolving),
    capacityPerSecond:
      capacity === 'unlimited' ? null : resolveRate(capacity, ['dnsServers', 'capacity'], resolving),
    queue: file.queue ?? defaults.queue,
    loss: resolveProbability(file.loss, defaults.loss),
    servfail: resolveProbability(file.servfail, defaults.servfail),
    autopath: file.autopath ?? defaults.autopath,
  };
}

export function resolveLinks(file: LinksFile, resolving: Resolving): Links {
  const defaults = DEFAULTS.links;
  return {
    cluster: resolveDistribution(file.cluster, defaults.cluster, ['links', 'cluster'], resolving),
    external: resolveDistribution(file.external, defaults.external, ['links', 'external'], resolving),
  };
}
