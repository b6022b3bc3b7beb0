/** A pod at run time, and the group it belongs to. */
import type { ArrivalSource } from '../clients/arrivals.ts';
import type { Resolver, ResolverThread } from '../clients/resolver.ts';
import type { Durations } from '../engine/distribution.ts';
import type { Address } from '../netfilter/tuple.ts';
import type { Dispatch } from '../network/dispatch.ts';
import type { Route } from '../network/networkPacket.ts';
import type { PodGroup } from '../scenario/scenario.ts';
import type { DnsServer } from '../servers/dnsServer.ts';
import type { Records } from '../servers/records.ts';
import type { OperationMetrics } from './metrics.ts';

/** Where a group's packets of one kind go, and through what. */
export interface Destination {
  readonly address: Address;
  readonly port: number;
  readonly route: Route;
  /** There and back, beyond the node. */
  readonly rtt: Durations;
  /** The DNS server that stands at this very address; null: none, or behind a service. */
  readonly server: DnsServer | null;
  /** Answered by the node-local cache. */
  readonly isCache: boolean;
}

export interface Group {
  readonly index: number;
  readonly settings: PodGroup;
  readonly pods: readonly Pod[];
  readonly lookups: OperationMetrics;
  readonly connects: OperationMetrics;
  readonly dispatch: Dispatch;
  /** The resolvers that hold from a time on (a postStart hook changes resolv.conf), the latest last. */
  readonly resolvers: readonly { readonly fromNs: number; readonly resolver: Resolver }[];
  /** Name servers, in the order of resolv.conf. */
  readonly nameServers: readonly Destination[];
  readonly records: Records | null;
  /** Dots and trailing dot of each name. */
  readonly names: readonly { readonly dots: number; readonly trailingDot: boolean }[];
  /** Peers of the group's TCP connections. */
  readonly peers: readonly Destination[];
}

export interface Pod {
  /** Over all groups; keys random draws and port spaces. */
  readonly index: number;
  readonly group: Group;
  readonly address: Address;
  /** Conntrack zone of the original direction of its flows; 0: none. */
  readonly zone: number;
  /** One per worker; what they have learnt outlives a change of resolv.conf, if the library lets it. */
  readonly threads: ResolverThread[];
  readonly lookupArrivals: ArrivalSource | null;
  readonly connectArrivals: ArrivalSource | null;
  lookupsStarted: number;
  /** Requests: `tcp.reuse` of them share one connect. */
  requestsStarted: number;
}
