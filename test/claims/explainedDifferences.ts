/** Where the simulation and the reference's truth table differ, why, and which of the two to believe. */
import type { Race } from '../../src/mitigations/mitigation.ts';

export interface ExplainedDifference {
  readonly mitigation: string;
  readonly race: Race;
  readonly why: string;
  /** `both`: each is right about another case. */
  readonly credible: 'simulation' | 'reference' | 'both' | 'open';
}

function differ(
  mitigations: readonly string[],
  races: readonly Race[],
  credible: ExplainedDifference['credible'],
  why: string,
): readonly ExplainedDifference[] {
  return mitigations.flatMap((mitigation) => races.map((race) => ({ mitigation, race, why, credible })));
}

export const EXPLAINED: readonly ExplainedDifference[] = [
  ...differ(
    ['session-affinity', 'one-dns-replica', 'consistent-hash-dnat'],
    ['sameSocket'],
    'simulation',
    'pairs that differed now agree: before 4.19 the kernel drops those as well, and their losses only change name',
  ),
  ...differ(
    ['ipvs', 'ipvs-source-hash'],
    ['sameSocket'],
    'open',
    'the same, and the IPVS step lengthens the window (its 500 ns are estimated, not measured)',
  ),
  ...differ(
    ['ipvs'],
    ['sameSocketOtherBackend'],
    'open',
    'IPVS keeps its own connection per client port: only a packet that comes before the other one is in that table draws again. How long that takes is estimated; field reports say that IPVS is worse',
  ),
  ...differ(
    ['more-dns-replicas'],
    ['sameSocket'],
    'simulation',
    'the other side of its R2 cell: pairs that differ are no longer pairs that agree',
  ),
  ...differ(
    ['more-dns-replicas'],
    ['portRaceUdp', 'portsExhausted'],
    'both',
    'only where queries to the service are masqueraded: its endpoints are then as many destinations',
  ),
  ...differ(
    ['node-local-dns', 'node-dns-daemonset'],
    ['portsExhausted'],
    'both',
    'only where queries to the service were masqueraded',
  ),
  ...differ(
    ['node-dns-daemonset'],
    ['sameSocket'],
    'both',
    'still lost up to 4.18 where NAT rules are loaded, but the window without DNAT is shorter',
  ),
  ...differ(
    ['node-dns-daemonset'],
    ['tableFull'],
    'simulation',
    'without NOTRACK pods still open a flow to the cache for each name',
  ),
  ...differ(
    ['single-request', 'no-aaaa', 'ipv4-only'],
    ['portsExhausted'],
    'simulation',
    'one question knocks at a full range where two did; as many lookups are hit',
  ),
  ...differ(
    ['single-request'],
    ['tableFull'],
    'simulation',
    'one question knocks at a full table where two did; as many lookups are hit',
  ),
  ...differ(
    ['single-request-reopen'],
    ['sameSocket', 'sameSocketOtherBackend'],
    'both',
    'here by the postStart hook of the post: the lookups before it are unprotected. Set from the start it removes them (docs/claims.md, claim 10)',
  ),
  ...differ(
    ['single-request-reopen'],
    ['portsExhausted'],
    'simulation',
    'two flows a name take two ports where DNS is masqueraded; the reference says "more flows" in another cell',
  ),
  ...differ(
    ['use-vc'],
    ['portsExhausted'],
    'simulation',
    'where DNS is masqueraded TIME_WAIT holds a port for 120 s, UDP for 30 s',
  ),
  ...differ(
    ['single-request-reopen', 'use-vc'],
    ['tableFull'],
    'both',
    'before 5.0 the flow of an answered pair lives 180 s: over minutes, two flows of 30 s or a TIME_WAIT of 120 s are less',
  ),
  ...differ(
    ['ndots-1', 'ndots-2', 'trailing-dots', 'without-ndots', 'dns-policy-default'],
    ['portsExhausted'],
    'simulation',
    'fewer names are fewer flows, which hold ports where DNS is masqueraded',
  ),
  ...differ(
    ['autopath'],
    ['portRaceUdp'],
    'both',
    'fewer flows, but only of pods that ask the cluster DNS through a masquerade; no world has them',
  ),
  ...differ(
    ['cilium'],
    ['sameSocket', 'sameSocketOtherBackend', 'portRaceUdp'],
    'both',
    'Cilium 1.19 needs Linux 5.10: in the worlds where these races strike, it is not applied; cilium-1.16 is',
  ),
  ...differ(
    ['delay-aaaa'],
    ['portRaceUdp'],
    'simulation',
    'before 5.0, where pairs are masqueraded: AAAA no longer searches at the moment at which A does',
  ),
  ...differ(
    ['short-timeouts'],
    ['portsExhausted', 'tableFull'],
    'simulation',
    'more tries of each lookup knock at a range or table that stays full; as many lookups are hit',
  ),
  ...differ(
    ['dns-policy-default'],
    ['sameSocket'],
    'both',
    'fewer names are tried, which the reference does not count here; a masqueraded pair is longer on its way',
  ),
  ...differ(
    ['dns-policy-default'],
    ['portRaceUdp'],
    'both',
    'worse for pods whose DNS was not masqueraded; where it was, fewer names are tried',
  ),
  ...differ(
    ['dns-policy-default'],
    ['tableFull'],
    'simulation',
    'no search list: fewer names, fewer entries',
  ),
  ...differ(
    ['host-network'],
    ['sameSocket'],
    'simulation',
    'nothing is masqueraded, which undoes --random-fully, and up to 4.6 no second table drops the pair inside a pod',
  ),
  ...differ(
    ['host-network'],
    ['portsExhausted'],
    'simulation',
    'nothing is masqueraded: no NAT ports are taken (the local ports of the node are shared instead)',
  ),
  ...differ(
    ['host-network'],
    ['tableFull'],
    'simulation',
    "a drop fails the sender's call at once, so glibc asks fewer times; as many lookups are hit",
  ),
  ...differ(
    ['routable-pods'],
    ['sameSocket'],
    'simulation',
    'undoes what --random-fully does to masqueraded pairs from 4.19 to 5.5',
  ),
  ...differ(
    ['glibc-image'],
    ['portsExhausted', 'tableFull'],
    'simulation',
    'glibc goes on to the next name of the list after one that is not answered; musl gives up',
  ),
  ...differ(
    ['more-destinations'],
    ['portRaceUdp'],
    'both',
    'the mitigation here spreads TCP alone: name servers are as many as before',
  ),
  ...differ(
    ['more-destinations', 'more-nat-addresses'],
    ['portsExhausted'],
    'both',
    'k times the ports, which ends exhaustion for a load below that; a world far beyond it only has less',
  ),
  ...differ(
    ['narrow-nat-ports'],
    ['sameSocket'],
    'simulation',
    'a source port outside the range is not kept: from 5.0 to 5.5 each packet of a masqueraded pair draws a port of its own, and one is lost',
  ),
  ...differ(
    ['narrow-nat-ports'],
    ['portRaceUdp', 'portRaceTcp'],
    'both',
    'worse for pods with the usual 28,232 source ports; where pods have a few dozen, a draw from a thousand is better',
  ),
  ...differ(
    ['conntrack-timeouts'],
    ['portRaceTcp'],
    'both',
    'only where many flows search and TIME_WAIT has time to end, over minutes; no world has both',
  ),
  ...differ(
    ['kernel-6.5'],
    ['portRaceTcp'],
    'simulation',
    'from 6.1 on the race is between equal source ports that are both free; what is evicted decides nothing',
  ),
  ...differ(
    ['iptables-1.6.2'],
    ['sameSocket'],
    'both',
    'as random-fully; the world with such pairs has a plugin that does not ask for the flag',
  ),
  ...differ(
    ['zones'],
    ['sameSocket', 'sameSocketOtherBackend', 'portRaceUdp', 'tableFull'],
    'simulation',
    'a zone per pod for the original direction parts flows of different pods, which already differ by address; a pair stays in one zone, and reply tuples share theirs',
  ),
  ...differ(
    ['notrack-dns'],
    ['sameSocketOtherBackend', 'portRaceUdp', 'tableFull'],
    'simulation',
    'DNS that needs DNAT or SNAT cannot go untracked: where these races strike it does',
  ),
];
