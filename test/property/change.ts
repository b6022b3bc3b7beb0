/** Scenarios with one thing replaced. */
import type {
  ConntrackSettings,
  Dispatch,
  DnsService,
  DnsTraffic,
  MasqueradeSettings,
  NatSettings,
  NodeLocalDns,
  NodeSettings,
  PodGroup,
  ResolverSettings,
  Scenario,
  StepTimes,
  TcpTraffic,
} from '../../src/scenario/scenario.ts';

export type Change = (scenario: Scenario) => Scenario;

export const unchanged: Change = (scenario) => scenario;

/** One after the other. */
export function all(...changes: readonly Change[]): Change {
  return (scenario) => changes.reduce((current, change) => change(current), scenario);
}

export function whole(parts: Partial<Scenario>): Change {
  return (scenario) => ({ ...scenario, ...parts });
}

export function node(parts: Partial<NodeSettings>): Change {
  return (scenario) => ({ ...scenario, node: { ...scenario.node, ...parts } });
}

export function conntrack(parts: Partial<ConntrackSettings>): Change {
  return (scenario) => node({ conntrack: { ...scenario.node.conntrack, ...parts } })(scenario);
}

export function steps(parts: Partial<StepTimes>): Change {
  return (scenario) => node({ steps: { ...scenario.node.steps, ...parts } })(scenario);
}

export function nat(parts: Partial<NatSettings>): Change {
  return (scenario) => ({ ...scenario, nat: { ...scenario.nat, ...parts } });
}

export function masquerade(parts: Partial<MasqueradeSettings>): Change {
  return (scenario) => nat({ masquerade: { ...scenario.nat.masquerade, ...parts } })(scenario);
}

export function service(parts: Partial<DnsService>): Change {
  return (scenario) => ({ ...scenario, services: { dns: { ...scenario.services.dns, ...parts } } });
}

export function cache(parts: Partial<NodeLocalDns>): Change {
  return (scenario) => ({ ...scenario, nodeLocalDns: { ...scenario.nodeLocalDns, ...parts } });
}

export function servers(parts: Partial<Scenario['dnsServers']>): Change {
  return (scenario) => ({ ...scenario, dnsServers: { ...scenario.dnsServers, ...parts } });
}

export function pods(change: (group: PodGroup) => PodGroup): Change {
  return (scenario) => ({ ...scenario, pods: scenario.pods.map(change) });
}

export function group(parts: Partial<PodGroup>): Change {
  return pods((each) => ({ ...each, ...parts }));
}

export function resolver(parts: Partial<ResolverSettings>): Change {
  return pods((each) => ({ ...each, resolver: { ...each.resolver, ...parts } }));
}

export function dispatch(parts: Partial<Dispatch>): Change {
  return pods((each) => ({ ...each, dispatch: { ...each.dispatch, ...parts } }));
}

export function dns(change: (traffic: DnsTraffic) => DnsTraffic): Change {
  return pods((each) => ({ ...each, dns: each.dns === null ? null : change(each.dns) }));
}

export function tcp(change: (traffic: TcpTraffic) => TcpTraffic): Change {
  return pods((each) => ({ ...each, tcp: each.tcp === null ? null : change(each.tcp) }));
}

/** Only the groups that look up, or only those that connect. */
export const lookupsOnly: Change = (scenario) => ({
  ...scenario,
  pods: scenario.pods.filter(({ dns: traffic }) => traffic !== null),
});

export const connectsOnly: Change = (scenario) => ({
  ...scenario,
  pods: scenario.pods.filter(({ tcp: traffic }) => traffic !== null),
});

/** Nothing gives a packet's CPU back between its lookup and its confirm. */
export const withoutHolds: Change = all(
  (scenario) => node({ verdictQueue: { ...scenario.node.verdictQueue, probability: 0 } })(scenario),
  pods((each) => ({
    ...each,
    dispatch: {
      ...each.dispatch,
      heldBeforeConfirm: { ...each.dispatch.heldBeforeConfirm, probability: 0 },
    },
  })),
);

/** No rule translates anything, and no NAT hook runs. */
export const withoutNat: Change = all(
  nat({ engine: 'netfilter', hooks: false }),
  masquerade({ enabled: false }),
  service({ proxy: 'none' }),
);

/** Lookups of a short name along the list that Kubernetes makes. */
export const searching: Change = all(
  lookupsOnly,
  group({ hostNetwork: false }),
  resolver({ options: ['ndots:5'], search: ['default.svc.cluster.local', 'svc.cluster.local'] }),
  dns((traffic) => ({
    ...traffic,
    names: [{ name: 'example.com', fqdn: 'example.com', families: ['ipv4'], ttlNs: 1_000_000_000 }],
  })),
);
