/**
 * What stands between a service's address and its endpoints: kube-proxy's iptables rules, IPVS, or a proxy that
 * chooses per socket. A choice is made for every packet that opens a flow.
 */
import type { RandomStream } from '../engine/randomStreams.ts';
import { SECOND } from '../engine/time.ts';
import type { Packet } from '../netfilter/packet.ts';
import { type Address, hashTuple, sourcePort } from '../netfilter/tuple.ts';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export interface ServiceProxy {
  readonly endpoints: readonly Endpoint[];
  /** True if choosing takes two steps (lookup, insertion) between which another packet may choose too. */
  readonly inserts: boolean;
  /** Index of the endpoint for this packet. With `inserts`, `insert` follows unless a connection was known. */
  choose(packet: Packet, nowNs: number): number;
  /** Whether `choose` found a connection and nothing is to be inserted. */
  knows(packet: Packet, nowNs: number): boolean;
  insert(packet: Packet, endpoint: number, nowNs: number): void;
}

/**
 * iptables mode: rule i of n matches with probability 1/(n-i) (`statistic --mode random`), the last always: a
 * uniform draw, independent for each packet that misses the conntrack table.
 */
export class IptablesProxy implements ServiceProxy {
  readonly endpoints: readonly Endpoint[];
  readonly inserts = false;
  private readonly draws: RandomStream;

  constructor(endpoints: readonly Endpoint[], draws: RandomStream) {
    this.endpoints = endpoints;
    this.draws = draws;
  }

  choose(packet: Packet): number {
    return this.draws.integer(packet.entity, packet.ordinal, this.endpoints.length);
  }

  knows(): boolean {
    return false;
  }

  insert(): void {}
}

/** How long a client keeps its endpoint after its last new flow (kube-proxy's default under sessionAffinity). */
const CLIENT_IP_TIMEOUT_NS = 10_800 * SECOND;
/** Clients that a list of `-m recent` holds (`ip_list_tot`); one more pushes out the least recent (from memory). */
const CLIENTS_PER_LIST = 100;

/**
 * iptables mode under sessionAffinity ClientIP: a `-m recent` list per endpoint is asked before the draw, and the
 * endpoint that a new flow gets is noted at once, so that two packets of one socket cannot part.
 */
export class ClientIpProxy implements ServiceProxy {
  readonly endpoints: readonly Endpoint[];
  readonly inserts = false;
  private readonly draws: RandomStream;
  /** By endpoint: when each client last used it, the least recent first. */
  private readonly lists: readonly Map<Address, number>[];

  constructor(endpoints: readonly Endpoint[], draws: RandomStream) {
    this.endpoints = endpoints;
    this.draws = draws;
    this.lists = endpoints.map(() => new Map());
  }

  choose(packet: Packet, nowNs: number): number {
    const kept = this.kept(packet.source, nowNs);
    const endpoint =
      kept >= 0 ? kept : this.draws.integer(packet.entity, packet.ordinal, this.endpoints.length);
    this.note(packet.source, endpoint, nowNs);
    return endpoint;
  }

  knows(): boolean {
    return false;
  }

  insert(): void {}

  /** The endpoint that the client is to keep; -1: none. */
  private kept(client: Address, nowNs: number): number {
    for (let i = 0; i < this.lists.length; i++) {
      const usedNs = (this.lists[i] as Map<Address, number>).get(client);
      if (usedNs !== undefined && nowNs < usedNs + CLIENT_IP_TIMEOUT_NS) return i;
    }
    return -1;
  }

  private note(client: Address, endpoint: number, nowNs: number): void {
    const list = this.lists[endpoint] as Map<Address, number>;
    const wasListed = list.delete(client);
    if (!wasListed && list.size === CLIENTS_PER_LIST) list.delete(list.keys().next().value as Address);
    list.set(client, nowNs);
  }
}

/**
 * Every packet of a socket gets the same endpoint: rules that hash the client's address and port (`jhash` of
 * nftables), and Cilium's socket load balancer, which chooses once per socket.
 */
export class SocketProxy implements ServiceProxy {
  readonly endpoints: readonly Endpoint[];
  readonly inserts = false;

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
  }

  choose(packet: Packet): number {
    const hash = hashTuple(packet.source, packet.destination, packet.ports, packet.space);
    return Math.floor(((hash >>> 0) / 4294967296) * this.endpoints.length);
  }

  knows(): boolean {
    return false;
  }

  insert(): void {}
}

export type IpvsScheduler = 'rr' | 'sh' | 'dh' | 'lc';

/** Idle time after which an IPVS UDP connection is gone (`ipvsadm --set`: 300 s by default). */
const IPVS_UDP_TIMEOUT_NS = 300_000_000_000;

interface Template {
  readonly endpoint: number;
  readonly expiresNs: number;
}

interface IpvsConnection {
  endpoint: number;
  expiresNs: number;
  /** The one inserted before it for the same client: the table takes duplicates, newest first. */
  older: IpvsConnection | null;
}

/**
 * IPVS: a connection table of its own, keyed by client address, port and service; a miss asks the scheduler and
 * inserts without looking again (kernel reference 4 e), so two packets that both missed make two connections.
 */
export class IpvsProxy implements ServiceProxy {
  readonly endpoints: readonly Endpoint[];
  readonly inserts = true;
  private readonly scheduler: IpvsScheduler;
  /** Where clients stick to their endpoint (`ipvsadm -p`): the last of each, made and renewed with connections. */
  private readonly templates: Map<Address, Template> | null;
  private readonly connections = new Map<number, IpvsConnection>();
  private readonly active: Int32Array;
  private next = 0;
  private sweepAtNs = IPVS_UDP_TIMEOUT_NS;

  constructor(
    endpoints: readonly Endpoint[],
    scheduler: IpvsScheduler,
    stickTo: 'client-ip' | 'nothing' = 'nothing',
  ) {
    this.endpoints = endpoints;
    this.scheduler = scheduler;
    this.templates = stickTo === 'client-ip' ? new Map() : null;
    this.active = new Int32Array(endpoints.length);
  }

  knows(packet: Packet, nowNs: number): boolean {
    return this.known(packet, nowNs) !== null;
  }

  choose(packet: Packet, nowNs: number): number {
    const known = this.known(packet, nowNs);
    if (known !== null) {
      known.expiresNs = nowNs + IPVS_UDP_TIMEOUT_NS;
      return known.endpoint;
    }
    const template = this.templates?.get(packet.source);
    return template !== undefined && nowNs < template.expiresNs ? template.endpoint : this.schedule(packet);
  }

  insert(packet: Packet, endpoint: number, nowNs: number): void {
    if (nowNs >= this.sweepAtNs) this.sweep(nowNs);
    const key = keyOf(packet);
    let older = this.connections.get(key) ?? null;
    if (older !== null && older.expiresNs <= nowNs) {
      this.forget(older);
      older = null;
    }
    this.connections.set(key, { endpoint, expiresNs: nowNs + IPVS_UDP_TIMEOUT_NS, older });
    this.active[endpoint] += 1;
    this.templates?.set(packet.source, { endpoint, expiresNs: nowNs + CLIENT_IP_TIMEOUT_NS });
  }

  private known(packet: Packet, nowNs: number): IpvsConnection | null {
    const connection = this.connections.get(keyOf(packet));
    return connection !== undefined && connection.expiresNs > nowNs ? connection : null;
  }

  private schedule(packet: Packet): number {
    const n = this.endpoints.length;
    switch (this.scheduler) {
      case 'rr': {
        this.next = (this.next + 1) % n;
        return this.next;
      }
      case 'sh': // by source address alone: a client always meets the same server
        return (Math.imul(packet.source, 0x9e3779b1) >>> 0) % n;
      case 'dh': // by destination address: one service, one server
        return (Math.imul(packet.destination, 0x9e3779b1) >>> 0) % n;
      case 'lc': {
        let least = 0;
        for (let i = 1; i < n; i++)
          if ((this.active[i] as number) < (this.active[least] as number)) least = i;
        return least;
      }
    }
  }

  /** Forgets what has expired; once per timeout, so the table holds at most two timeouts' worth. */
  private sweep(nowNs: number): void {
    this.sweepAtNs = nowNs + IPVS_UDP_TIMEOUT_NS;
    for (const [key, newest] of this.connections) {
      if (newest.expiresNs > nowNs) continue;
      this.forget(newest);
      this.connections.delete(key);
    }
  }

  /** A client's connections no longer count as load of their endpoints. */
  private forget(newest: IpvsConnection): void {
    for (let each: IpvsConnection | null = newest; each !== null; each = each.older)
      this.active[each.endpoint] -= 1;
  }
}

/** Client address and port; one proxy serves one service. */
function keyOf(packet: Packet): number {
  return (packet.source >>> 0) * 65536 + sourcePort(packet.ports);
}
