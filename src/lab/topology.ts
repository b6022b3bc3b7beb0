/**
 * Three network namespaces in a row: pods, node, outside. Only the node has rules, so that only it tracks
 * connections (hooks are registered per namespace since Linux 4.10). Neighbours are permanent entries: no
 * packet waits for one.
 */
import { ENDPOINT_NETWORK, NODE_NETWORK, nodeAddress, OUTSIDE_NETWORK, POD_NETWORK } from './addressPlan.ts';

/** Agents in namespaces of their own, beside the node's supervisor. */
export const AGENTS = ['pods', 'outside'] as const;
export type Agent = (typeof AGENTS)[number];

const NODE_OF_PODS = { address: '10.15.0.1', mac: '02:00:00:00:00:01' };
const PODS = { address: '10.15.0.2', mac: '02:00:00:00:00:02' };
const NODE_OF_OUTSIDE = { address: nodeAddress(0), mac: '02:00:00:00:00:03' };
const OUTSIDE = { address: '10.67.0.2', mac: '02:00:00:00:00:04' };

/** `path` under /proc/sys and what is written there; a file that is not there (no IPv6) is left alone. */
export const SETTINGS: readonly (readonly [path: string, value: string])[] = [
  ['net/ipv4/conf/all/rp_filter', '0'],
  ['net/ipv4/conf/default/rp_filter', '0'],
  ['net/ipv6/conf/default/disable_ipv6', '1'],
];
export const NODE_SETTINGS: typeof SETTINGS = [...SETTINGS, ['net/ipv4/ip_forward', '1']];

/** Input of `ip -batch -` in the node's namespace; `pids` are those of the agents. */
export function nodeLinks(pids: Readonly<Record<Agent, number>>): string {
  return lines(
    'link set lo up',
    `link add pods address ${NODE_OF_PODS.mac} type veth peer name eth0 address ${PODS.mac} netns ${pids.pods}`,
    `link add outside address ${NODE_OF_OUTSIDE.mac} type veth peer name eth0 address ${OUTSIDE.mac} netns ${pids.outside}`,
    'link set pods up',
    'link set outside up',
    `addr add ${NODE_OF_PODS.address}/32 dev pods`,
    `addr add ${NODE_OF_OUTSIDE.address}/32 dev outside`,
    `neigh add ${PODS.address} lladdr ${PODS.mac} dev pods nud permanent`,
    `neigh add ${OUTSIDE.address} lladdr ${OUTSIDE.mac} dev outside nud permanent`,
    `route add ${POD_NETWORK} via ${PODS.address} dev pods onlink`,
    `route add ${OUTSIDE_NETWORK} via ${OUTSIDE.address} dev outside onlink`,
    `route add ${ENDPOINT_NETWORK} via ${OUTSIDE.address} dev outside onlink`,
  );
}

/** The same in an agent's namespace. */
export function agentLinks(agent: Agent): string {
  const [own, gateway, local] =
    agent === 'pods'
      ? [PODS, NODE_OF_PODS, [POD_NETWORK]]
      : [OUTSIDE, NODE_OF_OUTSIDE, [OUTSIDE_NETWORK, ENDPOINT_NETWORK]];
  return lines(
    'link set lo up',
    'link set eth0 up',
    `addr add ${own.address}/32 dev eth0`,
    `neigh add ${gateway.address} lladdr ${gateway.mac} dev eth0 nud permanent`,
    ...local.map((network) => `route add local ${network} dev lo`),
    ...(agent === 'outside' ? [`route add ${NODE_NETWORK} via ${gateway.address} dev eth0 onlink`] : []),
    `route add default via ${gateway.address} dev eth0 onlink`,
  );
}

function lines(...commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}
