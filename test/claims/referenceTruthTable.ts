/**
 * The mitigation truth table of the reference, with its errata applied, and what is known of each place where the
 * simulation shows something else. It was derived from sources before there was a simulation.
 */
import type { Effect, Race } from '../../src/mitigations/mitigation.ts';

export interface ReferenceRow {
  /** As the reference names it. */
  readonly row: string;
  readonly mitigations: readonly string[];
  readonly cells: Readonly<Record<Race, Effect | null>>;
  /** Judged on this kernel alone: the row speaks of the step from it. */
  readonly from?: string;
  /** What the errata changed in it. */
  readonly errata?: string;
}

type Mark = 'F' | 'M' | '-' | 'W' | '?';

const EFFECTS: Readonly<Record<Mark, Effect | null>> = {
  F: 'removes',
  M: 'reduces',
  '-': 'leaves alone',
  W: 'worsens',
  '?': null,
};

/** `symbols`: R1 R2 R3u R3t R4 R5, as the reference writes them; `?`: it says nothing that can be compared. */
function row(
  name: string,
  mitigations: readonly string[],
  symbols: string,
  more: Pick<ReferenceRow, 'from' | 'errata'> = {},
): ReferenceRow {
  const [r1, r2, r3u, r3t, r4, r5] = symbols
    .split(' ')
    .map((symbol) => EFFECTS[symbol as Mark]) as (Effect | null)[];
  const cells = {
    sameSocket: r1 ?? null,
    sameSocketOtherBackend: r2 ?? null,
    portRaceUdp: r3u ?? null,
    portRaceTcp: r3t ?? null,
    portsExhausted: r4 ?? null,
    tableFull: r5 ?? null,
  };
  return { row: name, mitigations, cells, ...more };
}

export const REFERENCE: readonly ReferenceRow[] = [
  row('kernel 4.19', ['kernel-4.19'], 'M - - - - -'),
  row('kernel 5.0/5.1', ['kernel-5.1'], 'F - M M W M'),
  row('kernel >= 5.6', ['kernel-5.6'], 'F F M M W M'),
  row('kernel >= 6.8-class TIME_WAIT reuse', ['kernel-6.5'], '- - - M M -', {
    from: '6.1',
    errata: 'mainline 6.5 has it',
  }),
  row('iptables >= 1.6.2 alone', ['iptables-1.6.2'], 'W - M M - -', {
    errata: 'plugins that ask for the flag turn it on by themselves: then as random-fully',
  }),
  row('random-fully SNAT', ['random-fully'], 'W - M M - -', {
    errata: 'gives a masqueraded pair two ports: worse for R1 on 4.19 to 5.5',
  }),
  row('IPVS proxy mode', ['ipvs'], '- W - - - -'),
  row('IPVS sh/dh scheduler for DNS', ['ipvs-source-hash'], '- F - - - -'),
  row('NodeLocal DNSCache', ['node-local-dns'], 'F F F - - M'),
  row('node-local dnsmasq/CoreDNS DaemonSet', ['node-dns-daemonset'], '- F F - - M', {
    errata: 'where the nat table is loaded, 4.7 to 4.18 still drop the pair',
  }),
  row('single-request', ['single-request'], 'F F - - - -'),
  row('single-request-reopen', ['single-request-reopen'], 'F F - - - W'),
  row('no-aaaa, AF_INET only', ['no-aaaa', 'ipv4-only'], 'F F - - - M'),
  row('use-vc', ['use-vc'], 'F F F W - W'),
  row('ndots:1/2 or trailing-dot FQDN', ['ndots-1', 'ndots-2', 'trailing-dots'], 'M M M - - M'),
  row('commenting out options ndots:5', ['without-ndots'], 'M M M - - M'),
  row('CoreDNS autopath', ['autopath'], 'M M M - - M'),
  row('kube-dns sessionAffinity ClientIP', ['session-affinity'], '- F - - - -'),
  row('one DNS replica', ['one-dns-replica'], '- F - - - -'),
  row('consistent-hash DNAT', ['consistent-hash-dnat'], '- F - - - -'),
  row('Cilium kube-proxy replacement', ['cilium'], 'F F M M ? ?'),
  row('Cilium before PR 40971', ['cilium-1.16'], 'W F M M ? ?', {
    errata: 'a same-socket pair that is BPF-masqueraded can lose the second packet',
  }),
  row('tc netem AAAA delay 4 ms', ['delay-aaaa'], 'F F - - - -'),
  row('timeout:/attempts: tuning', ['short-timeouts'], '- - - - - -'),
  row('dnsPolicy Default / None', ['dns-policy-default'], '- F W - - -'),
  row('hostNetwork pod', ['host-network'], '- - F F - -'),
  row('Alpine -> Debian image', ['glibc-image'], 'M M - - - -'),
  row('TCP connection pooling / keep-alive', ['connection-pooling'], '- - - M M M'),
  row('sequential pool warm-up', ['sequential-warm-up'], '- - - M - -'),
  row('routable pod IPs, no SNAT', ['routable-pods'], '- - F F F -'),
  row('more dst ip:port pairs', ['more-destinations'], '- - M M F -'),
  row('more SNAT IPs', ['more-nat-addresses'], '- - M M F -'),
  row('wider ip_local_port_range', ['wider-local-ports'], '- - M M - -'),
  row('--to-ports narrow range', ['narrow-nat-ports'], '- - W W W -'),
  row('nf_conntrack_max up', ['conntrack-max'], '- - - - - F'),
  row('conntrack timeouts down', ['conntrack-timeouts'], '- - - M M M'),
  row('RPS on veth/overlay', ['rps'], 'F F - - - -'),
  row('conntrack zones', ['zones'], 'F F F - - M'),
  row('NOTRACK for DNS', ['notrack-dns'], 'F F F - - M'),
  row('more DNS replicas', ['more-dns-replicas'], '- W - - - -'),
];
