/** Names as Kubernetes pods see them: the search list of their resolv.conf, and what a short name stands for. */

/**
 * kubelet's list for a pod of namespace `default` (`dnsPolicy: ClusterFirst`), then what the node's own
 * resolv.conf adds: a cloud's domain, and domains of a site.
 */
const SEARCH_LIST: readonly string[] = [
  'default.svc.cluster.local',
  'svc.cluster.local',
  'cluster.local',
  'eu-west-1.compute.internal',
  'ec2.internal',
  'corp.example.com',
];

/** The longest list that a number stands for. */
export const LONGEST_NUMBERED_SEARCH = SEARCH_LIST.length;

/** The first `count` elements of the usual list; 0 to `LONGEST_NUMBERED_SEARCH`. */
export function kubernetesSearchList(count: number): readonly string[] {
  return SEARCH_LIST.slice(0, count);
}

/**
 * Top-level domains that nobody names a namespace after: `github.com` is a host, `redis.cache` a service in
 * the namespace `cache`. Whoever has a namespace `com` writes the `fqdn`.
 */
const TOP_LEVEL_DOMAINS = new Set(['com', 'net', 'org', 'edu', 'gov', 'io', 'cn', 'de', 'eu', 'uk']);

/**
 * The absolute name (no trailing dot) that an application most likely means: `redis` is a service of the pod's
 * namespace, `redis.cache` one of another, `redis.cache.svc` too; all else is absolute already. The last two
 * need a search list of Kubernetes' shape.
 */
export function absoluteName(name: string, search: readonly string[]): string {
  if (name.endsWith('.')) return name.slice(0, -1);
  const labels = name.split('.');
  const [namespaceDomain, serviceDomain, clusterDomain] = search;
  if (labels.length === 1) return namespaceDomain === undefined ? name : `${name}.${namespaceDomain}`;
  if (labels.length === 2) {
    const isService = serviceDomain?.startsWith('svc.') && !TOP_LEVEL_DOMAINS.has(labels[1]!.toLowerCase());
    return isService ? `${name}.${serviceDomain}` : name;
  }
  if (labels.length === 3 && labels[2] === 'svc' && serviceDomain?.startsWith('svc.')) {
    return clusterDomain === undefined ? name : `${name}.${clusterDomain}`;
  }
  return name;
}
