/**
 * What answers the queries of a world: DNS servers, and the node-local cache, whose own questions upstream are
 * packets of the node when it asks over UDP.
 */
import type { RandomStream } from '../engine/randomStreams.ts';
import { MILLISECOND, SECOND } from '../engine/time.ts';
import { type Address, packPorts, packSpace, UDP } from '../netfilter/tuple.ts';
import { NOERROR, SERVFAIL } from '../network/dnsAnswers.ts';
import { NO_PORT, type UdpPorts } from '../network/ephemeralPorts.ts';
import { type DnsServer, LOST_AT_SERVER, LOST_ON_LINK } from '../servers/dnsServer.ts';
import type { NodeLocalCache } from '../servers/nodeLocalCache.ts';
import { HOST_ADDRESS } from './addresses.ts';
import { causeIndex } from './causes.ts';
import { UPSTREAM_TIMER } from './eventKinds.ts';
import type { Destination } from './pod.ts';
import type { SimulatedPacket } from './simulatedPacket.ts';
import type { PacketOwner, World } from './world.ts';

/** Purpose of the cache's packets: index into the world's owners. */
export const UPSTREAM_QUERY = 1;

/** The port space of the node's own namespace. */
export const HOST_PORT_SPACE = -1;

/** CoreDNS `forward`: read timeout of one try, tries in all (from the reference, B.6). */
const UPSTREAM_TIMEOUT_NS = 2 * SECOND;
const UPSTREAM_TRIES = 2;
/** TCP repairs a loss on a fast link with a retransmission (TCP_RTO_MIN). */
const TCP_REPAIR_NS = 200 * MILLISECOND;

/** Whom the node-local cache asks. */
export interface CacheUpstream {
  readonly destination: Destination;
  /** The server at the other end of its lasting connection; null: it asks over UDP. */
  readonly overTcp: DnsServer | null;
}

export interface DnsServingOptions {
  readonly udpPorts: UdpPorts;
  /** Servers by address. */
  readonly servers: ReadonlyMap<Address, DnsServer>;
  readonly cache: NodeLocalCache | null;
  readonly cacheUpstream: CacheUpstream | null;
}

/** The side that asks. */
export interface Asking extends PacketOwner {
  /** Puts a loss down to the lookup that sent the packet, if it is still going on. */
  blameFor(packet: SimulatedPacket, cause: number): void;
}

/** As an owner of packets, it owns the cache's questions upstream. */
export class DnsServing implements PacketOwner {
  private readonly world: World;
  private readonly client: Asking;
  private readonly options: DnsServingOptions;
  private readonly rtts: RandomStream;
  /** Over UDP so far; their numbers tell the answer and the timer of one from those of another. */
  private questions = 0;

  constructor(world: World, client: Asking, options: DnsServingOptions) {
    this.world = world;
    this.client = client;
    this.options = options;
    this.rtts = world.streams.stream('dns round trips');
  }

  /** A pod's query has left the node, or has reached its cache. */
  serve(packet: SimulatedPacket): void {
    if (packet.asked.isCache) this.serveFromCache(packet);
    else this.serveFromServer(packet);
  }

  /** Time that the server at this address takes for the questions of one TCP segment. */
  delayOverTcp(address: Address, entity: number, ordinal: number): number {
    return Math.max(0, this.options.servers.get(address)?.serve(entity, ordinal, this.world.loop.now) ?? 0);
  }

  private loseAtServer(packet: SimulatedPacket, cause: number): void {
    if (packet.purpose === UPSTREAM_QUERY) this.lost(packet, cause);
    else this.client.lost(packet, cause, false);
  }

  /** The server at the packet's (translated) destination answers it. */
  private serveFromServer(packet: SimulatedPacket): void {
    const { asked, entity, ordinal } = packet;
    const server =
      packet.destination === asked.address ? asked.server : this.options.servers.get(packet.destination);
    if (server === null || server === undefined) {
      this.loseAtServer(packet, causeIndex('link'));
      return;
    }
    const latency = server.isAlwaysAtOnce
      ? server.serveAtOnce(entity, ordinal)
      : server.serve(entity, ordinal, this.world.loop.now);
    if (latency < 0) {
      this.loseAtServer(packet, causeIndex(latency === LOST_ON_LINK ? 'link' : 'server'));
      return;
    }
    packet.answer = server.fails(entity, ordinal) ? SERVFAIL : this.codeOf(packet);
    this.world.answerAfter(packet, latency);
  }

  private codeOf(packet: SimulatedPacket): number {
    const { records } = packet.pod.group;
    return records === null ? NOERROR : records.code(packet.name, packet.candidate, packet.question - 1);
  }

  private serveFromCache(packet: SimulatedPacket): void {
    const cache = this.options.cache as NodeLocalCache;
    const { now } = this.world.loop;
    if (cache.isDown(now)) {
      this.client.lost(packet, causeIndex('cache-outage'), false);
      return;
    }
    const { records } = packet.pod.group;
    const record = records?.id(packet.name, packet.candidate, packet.question - 1) ?? 0;
    if (cache.lookUp(record, now)) {
      packet.answer = this.codeOf(packet);
      this.world.answerAfter(packet, cache.latency(packet.entity, packet.ordinal));
    } else {
      packet.upstreamTries = 0;
      this.askUpstream(packet);
    }
  }

  /** A miss. Over TCP the connections are kept open and nothing is left to race; over UDP it is a new flow. */
  private askUpstream(packet: SimulatedPacket): void {
    const { destination, overTcp } = this.options.cacheUpstream as CacheUpstream;
    if (overTcp === null) this.askUpstreamOverUdp(packet, destination);
    else this.askUpstreamOverTcp(packet, destination, overTcp);
  }

  private askUpstreamOverTcp(packet: SimulatedPacket, { rtt }: Destination, server: DnsServer): void {
    const latency = server.serve(packet.entity, packet.ordinal, this.world.loop.now);
    const roundTrip = rtt.draw(this.rtts, packet.entity, packet.ordinal);
    const repair = latency === LOST_ON_LINK ? TCP_REPAIR_NS : 0;
    if (latency === LOST_AT_SERVER) this.client.blameFor(packet, causeIndex('server'));
    packet.answer = latency === LOST_AT_SERVER ? SERVFAIL : this.codeOf(packet);
    this.answerFromUpstream(packet, roundTrip + Math.max(0, latency) + repair);
  }

  private askUpstreamOverUdp(packet: SimulatedPacket, upstream: Destination): void {
    const question = ++this.questions;
    packet.upstreamQuestion = question;
    packet.upstreamTries += 1;
    const query = this.world.packets.acquire();
    query.source = HOST_ADDRESS;
    query.destination = upstream.address;
    query.entity = packet.entity;
    query.ordinal = packet.ordinal + 16 * packet.upstreamTries;
    query.localPort = this.options.udpPorts.acquire(HOST_PORT_SPACE, query.entity, query.ordinal);
    query.ports = packPorts(query.localPort, upstream.port);
    query.space = packSpace(UDP, 0);
    query.replySpace = query.space;
    query.route = upstream.route;
    query.roundTripNs = upstream.rtt.draw(this.rtts, query.entity, query.ordinal);
    query.purpose = UPSTREAM_QUERY;
    query.pod = packet.pod;
    query.asked = upstream;
    query.owner = packet.handle;
    query.ownerStamp = question;
    query.question = packet.question;
    query.name = packet.name;
    query.candidate = packet.candidate;
    query.group = packet.group;
    query.measured = false;
    query.holdNs = 0;
    this.world.loop.startTimer(UPSTREAM_TIMEOUT_NS, UPSTREAM_TIMER, packet.handle, question);
    if (query.localPort === NO_PORT) this.world.refuse(query);
    else this.world.send(query, this.world.cpuOf(query.entity, query.ordinal));
  }

  onUpstreamTimer(handle: number, question: number): void {
    const packet = this.world.packets.at(handle);
    if (packet.upstreamQuestion !== question) return;
    if (packet.upstreamTries < UPSTREAM_TRIES) {
      this.askUpstream(packet);
    } else {
      packet.upstreamQuestion = 0;
      packet.answer = SERVFAIL;
      this.world.answerAfter(packet, 0);
    }
  }

  private answerFromUpstream(packet: SimulatedPacket, delayNs: number): void {
    const cache = this.options.cache as NodeLocalCache;
    const { records } = packet.pod.group;
    if (records !== null && packet.answer !== SERVFAIL) {
      const ttl = packet.answer === NOERROR ? records.ttlNs(packet.name) : null;
      cache.store(
        records.id(packet.name, packet.candidate, packet.question - 1),
        ttl,
        this.world.loop.now + delayNs,
      );
    }
    this.world.answerAfter(packet, delayNs + cache.latency(packet.entity, packet.ordinal));
  }

  // PacketOwner, for questions upstream

  reachedServer(query: SimulatedPacket): void {
    this.serveFromServer(query);
  }

  answered(query: SimulatedPacket): void {
    const packet = this.world.packets.at(query.owner);
    const current = packet.upstreamQuestion === query.ownerStamp;
    const { answer } = query;
    this.release(query);
    if (!current) return;
    packet.upstreamQuestion = 0;
    packet.answer = answer;
    this.answerFromUpstream(packet, 0);
  }

  /** The cache will ask again, or give up; either way the lookup behind it waits because of this. */
  lost(query: SimulatedPacket, cause: number): void {
    const packet = this.world.packets.at(query.owner);
    if (packet.upstreamQuestion === query.ownerStamp) this.client.blameFor(packet, cause);
    this.release(query);
  }

  /** Of an upstream query: gives its port back too. */
  private release(query: SimulatedPacket): void {
    this.options.udpPorts.release(HOST_PORT_SPACE, query.localPort);
    this.world.release(query);
  }
}
