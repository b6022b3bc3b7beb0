/**
 * Pairs of A and AAAA that one lookup sends from one socket, each a chance of the same-socket race: counted,
 * and by closed form (resolvers-mitigations.md, A.2; resolver-traces.md).
 */

import { compareVersions } from '../../src/clients/catalogue/versions.ts';
import { parseResolver } from '../../src/clients/catalogue.ts';
import { MILLISECOND } from '../../src/engine/time.ts';
import { NOERROR, NXDOMAIN } from '../../src/network/dnsAnswers.ts';
import { Pod } from '../clients/support/pod.ts';
import { lookups, pod, run } from '../simulation/scenarios.ts';

export interface LookupCase {
  readonly libc: string;
  readonly ndots: number;
  readonly searchLength: number;
  readonly dots: number;
  readonly trailingDot: boolean;
  /** The name that exists: 0 as given, k with the k-th element of the search list appended; null: none. */
  readonly existing: number | null;
}

/** Nothing is lost, and names that do not exist are answered NXDOMAIN. */
export function pairsByFormula({
  libc,
  ndots,
  searchLength,
  dots,
  trailingDot,
  existing,
}: LookupCase): number {
  const { family, version } = parseResolver(libc);
  // Go asks from a socket for each question; c-ares knows no search list here.
  if (family === 'go') return 0;
  if (family === 'c-ares') return 1;
  const isOlder = (than: string) => compareVersions(version, than) < 0;
  // glibc kept six elements up to 2.25; musl has had a list since 1.1.13.
  const listed =
    family === 'musl' && isOlder('1.1.13')
      ? 0
      : family === 'glibc' && isOlder('2.26')
        ? Math.min(6, searchLength)
        : searchLength;
  const hasEnoughDots = dots >= ndots;
  // Names asked for before the bare one, and after it.
  const before = trailingDot || hasEnoughDots ? 0 : listed;
  const after = !trailingDot && hasEnoughDots && family === 'glibc' ? listed : 0;
  if (existing === 0) return before + 1;
  if (existing !== null && existing <= before) return existing;
  if (existing !== null && existing <= after) return existing + 1;
  return before + 1 + after;
}

/** The same, by the resolver itself. */
export function pairsSent(asked: LookupCase): { readonly pairs: number; readonly queries: number } {
  const { libc, ndots, searchLength, dots, trailingDot, existing } = asked;
  const client = new Pod({ libc, options: [`ndots:${ndots}`], searchLength });
  const { packets } = client.lookup(
    ({ candidate }) => ({
      kind: 'answer',
      code: candidate === existing ? NOERROR : NXDOMAIN,
      afterNs: MILLISECOND,
    }),
    { dots, trailingDot },
  );
  return { pairs: client.host.pairsSent, queries: packets.length };
}

/** A whole simulation in which every pair overlaps: how often the window of the race was open, by lookup. */
export function exposuresInSimulation({
  libc,
  ndots,
  searchLength,
  dots,
}: Pick<LookupCase, 'libc' | 'ndots' | 'searchLength' | 'dots'>): number {
  const search = Array.from({ length: searchLength }, (_, i) => `d${i + 1}.example`);
  const name = Array.from({ length: dots + 1 }, (_, i) => `l${i}`).join('.');
  const result = run(
    {
      // Nobody else is on the node, and the two threads are apart by far less than the window.
      node: '{ cpus: 8, steps: { dnat: 20us, spread: 0, stall: { probability: 0 } } }',
      services: '{ dns: { proxy: iptables, endpoints: 1, endpointsOn: same-node } }',
      duration: '1950ms',
    },
    pod({
      resolver: `{ libc: ${libc}, threads: 2, options: ["ndots:${ndots}"], search: [${search.join(', ')}] }`,
      dispatch: 'clean-veth',
      dns: `{ arrivals: { cron: 100ms }, names: [{ name: ${name}, fqdn: ${name}, families: [ipv4, ipv6] }] }`,
    }),
  );
  const { started, succeeded } = lookups(result);
  if (started === 0 || succeeded !== started) throw new Error('every lookup succeeds');
  return result.exposures.sameSocket / started;
}

/**
 * Pairs that overlap where each packet goes to a CPU of its own choice: 1 - 1/c of them. Entries live for
 * less than the time between two lookups: a port that is drawn again would find its flow known, and no race.
 */
export function overlapsOfIndependentPackets(cpus: number): { overlaps: number; pairs: number } {
  const result = run(
    {
      node: `{ cpus: ${cpus}, steps: { dnat: 20us, spread: 0, stall: { probability: 0 } },
        conntrack: { timeouts: { udp: 8ms } } }`,
      services: '{ dns: { proxy: iptables, endpoints: 1, endpointsOn: same-node } }',
      duration: '40s',
    },
    pod({
      dispatch: 'worst-case',
      dns: '{ arrivals: { cron: 20ms }, names: [{ name: api.example.com., families: [ipv4, ipv6] }] }',
    }),
  );
  const { started, packets } = lookups(result);
  if (packets !== 2 * started) throw new Error('a lookup sends one pair');
  return { overlaps: result.exposures.sameSocket, pairs: started };
}
