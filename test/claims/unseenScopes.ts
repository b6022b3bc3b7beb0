/** Changes that scopes state for scenarios of which no world is one, and why. */
import type { Race } from '../../src/mitigations/mitigation.ts';

export interface UnseenScope {
  readonly mitigations: readonly string[];
  readonly race: Race;
  readonly why: string;
}

export const UNSEEN: readonly UnseenScope[] = [
  {
    mitigations: ['one-dns-replica', 'autopath'],
    race: 'portRaceUdp',
    why: 'needs several masqueraded endpoints of a cluster DNS',
  },
  {
    mitigations: ['one-dns-replica', 'autopath'],
    race: 'portsExhausted',
    why: 'needs several masqueraded endpoints of a cluster DNS',
  },
  {
    mitigations: ['iptables-1.6.2'],
    race: 'sameSocket',
    why: 'the rules are those of random-fully, which is seen',
  },
  { mitigations: ['conntrack-timeouts'], race: 'portRaceTcp', why: 'takes minutes of crowded ports' },
  {
    mitigations: ['notrack-dns'],
    race: 'tableFull',
    why: 'needs DNS without NAT, and the table full of something else',
  },
  {
    mitigations: ['single-request-reopen', 'short-timeouts'],
    race: 'portRaceUdp',
    why: 'takes longer than two seconds, or lookups that ask once',
  },
  {
    mitigations: ['use-vc'],
    race: 'portRaceTcp',
    why: 'shows, but too rarely to be sure',
  },
  { mitigations: ['ipv4-only'], race: 'portRaceUdp', why: 'needs Go, which has no pairs' },
  {
    mitigations: ['host-network', 'routable-pods'],
    race: 'sameSocketOtherBackend',
    why: 'needs a masqueraded service with several endpoints',
  },
  {
    mitigations: ['cilium'],
    race: 'sameSocket',
    why: 'needs Linux 5.10, on which netfilter loses no such pair',
  },
  {
    mitigations: ['kernel-4.15.0-1030-azure', 'kernel-4.19', 'kernel-4.19.29'],
    race: 'portRaceTcp',
    why: 'needs a node with a kernel up to 4.1',
  },
  {
    mitigations: ['kernel-4.14.316', 'kernel-4.15.0-1030-azure', 'kernel-4.19', 'kernel-4.19.29'],
    race: 'tableFull',
    why: "needs the kernel's own table limit",
  },
];
