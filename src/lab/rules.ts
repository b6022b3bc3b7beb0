/**
 * The rules of a scenario's node as nftables or iptables read them. Of a scenario that `labScenario` made;
 * what that has no rule for is not asked of this file.
 */
import type { Scenario } from '../scenario/scenario.ts';
import {
  CLUSTER_DNS,
  DNS_PORT,
  ENDPOINT_NETWORK,
  endpointAddress,
  nodeAddress,
  OUTSIDE_NETWORK,
  POD_NETWORK,
} from './addressPlan.ts';
import { masqueradesService } from './labScenario.ts';

export type Backend = 'nft' | 'iptables';

/** Input of `nft -f -`. */
export function nftRules(scenario: Scenario): string {
  const { nat, node } = scenario;
  const chains: (readonly [name: string, type: string, rules: readonly string[]])[] = [
    // Any rule that looks at the state makes the kernel track connections; this one changes nothing.
    ['tracked', 'type filter hook forward priority filter', ['ct state established accept']],
  ];
  // An empty chain of type nat is enough for null bindings.
  if (nat.hooks) {
    chains.push(['services', 'type nat hook prerouting priority dstnat', nftService(scenario)]);
    chains.push(['sources', 'type nat hook postrouting priority srcnat', nftMasquerade(scenario)]);
  }
  if (node.conntrack.notrackDns) {
    const both = ['dport', 'sport'].flatMap((port) =>
      PROTOCOLS.map((each) => `${each} ${port} ${DNS_PORT} notrack`),
    );
    chains.push(['untracked', 'type filter hook prerouting priority raw', both]);
  }
  const text = chains.map(([name, type, rules]) =>
    [`  chain ${name} {`, `    ${type}; policy accept;`, ...rules.map((rule) => `    ${rule}`), '  }'].join(
      '\n',
    ),
  );
  return `table ip snatrace {\n${text.join('\n')}\n}\n`;
}

/** Input of `iptables-restore`. */
export function iptablesRules(scenario: Scenario): string {
  const { nat, node } = scenario;
  const tables: (readonly [name: string, rules: readonly string[]])[] = [
    ['filter', ['-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT']],
  ];
  if (nat.hooks) {
    // The last rule matches nothing, and keeps the hook where no other rule would.
    const idle = '-A POSTROUTING -s 192.0.2.1 -j ACCEPT';
    tables.push(['nat', [...iptablesService(scenario), ...iptablesMasquerade(scenario), idle]]);
  }
  if (node.conntrack.notrackDns) {
    const both = ['--dport', '--sport'].flatMap((port) =>
      PROTOCOLS.map((each) => `-A PREROUTING -p ${each} ${port} ${DNS_PORT} -j CT --notrack`),
    );
    tables.push(['raw', both]);
  }
  return tables.map(([name, rules]) => [`*${name}`, ...rules, 'COMMIT', ''].join('\n')).join('');
}

const PROTOCOLS = ['udp', 'tcp'] as const;

function nftService({ services: { dns } }: Scenario): string[] {
  if (dns.proxy !== 'iptables') return [];
  const endpoints = Array.from({ length: dns.endpoints }, (_, i) => endpointAddress(i));
  return PROTOCOLS.map((protocol) => {
    const choice =
      dns.choice === 'hash'
        ? `jhash ip saddr . ${protocol} sport mod ${endpoints.length}`
        : `numgen random mod ${endpoints.length}`;
    const map = endpoints.map((address, i) => `${i} : ${address}`).join(', ');
    const target = endpoints.length === 1 ? endpoints[0] : `${choice} map { ${map} }`;
    return `ip daddr ${CLUSTER_DNS} ${protocol} dport ${DNS_PORT} dnat to ${target}`;
  });
}

/** In the shape of kube-proxy's rules: each endpoint takes its share of what those before it left. */
function iptablesService({ services: { dns } }: Scenario): string[] {
  if (dns.proxy !== 'iptables') return [];
  return PROTOCOLS.flatMap((protocol) =>
    Array.from({ length: dns.endpoints }, (_, i) => {
      const left = dns.endpoints - i;
      const draw = left === 1 ? '' : ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}`;
      const match = `-A PREROUTING -d ${CLUSTER_DNS} -p ${protocol} --dport ${DNS_PORT}`;
      return `${match}${draw} -j DNAT --to-destination ${endpointAddress(i)}`;
    }),
  );
}

const masqueradedNetworks = (scenario: Scenario): string[] =>
  masqueradesService(scenario) ? [OUTSIDE_NETWORK, ENDPOINT_NETWORK] : [OUTSIDE_NETWORK];

function nftMasquerade(scenario: Scenario): string[] {
  const { enabled, range, ports, addresses } = scenario.nat.masquerade;
  if (!enabled) return [];
  const span = range === null ? '' : `:${range.min}-${range.max}`;
  const from = addresses === 1 ? '' : `${nodeAddress(0)}-${nodeAddress(addresses - 1)}`;
  const to = from + span === '' ? '' : ` to ${from}${span}`;
  const flag = { preserve: '', random: ' random', 'random-fully': ' fully-random' }[ports];
  // A range of ports is taken only where the rule says of which protocols.
  const match = range === null ? '' : ' meta l4proto { tcp, udp }';
  return masqueradedNetworks(scenario).map(
    (network) =>
      `ip saddr ${POD_NETWORK} ip daddr ${network}${match} ${addresses === 1 ? 'masquerade' : 'snat'}${to}${flag}`,
  );
}

function iptablesMasquerade(scenario: Scenario): string[] {
  const { enabled, range, ports, addresses } = scenario.nat.masquerade;
  if (!enabled) return [];
  const span = range === null ? '' : `${range.min}-${range.max}`;
  const last = addresses === 1 ? '' : `${nodeAddress(0)}-${nodeAddress(addresses - 1)}`;
  const target =
    addresses === 1
      ? `MASQUERADE${span === '' ? '' : ` --to-ports ${span}`}`
      : `SNAT --to-source ${last}${span === '' ? '' : `:${span}`}`;
  const flag = ports === 'preserve' ? '' : ` --${ports}`;
  return masqueradedNetworks(scenario).flatMap((network) =>
    (range === null ? [''] : PROTOCOLS.map((each) => ` -p ${each}`)).map(
      (match) => `-A POSTROUTING -s ${POD_NETWORK} -d ${network}${match} -j ${target}${flag}`,
    ),
  );
}
