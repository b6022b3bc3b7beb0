/** A lookup in flight, and what it and its TCP connections want of each other. */
import { A, AAAA, type Lookup, type Resolver, type ResolverThread } from '../clients/resolver.ts';
import type { Address } from '../netfilter/tuple.ts';
import { NO_LOSS } from './causes.ts';
import type { Destination, Group, Pod } from './pod.ts';

/** One lookup may have eight timers at a time. */
export const TIMER_SLOT_BITS = 3;

/** Until the lookup starts. A field without a value would be added to the object when it gets one, behind all others. */
const NOT_YET = null as never;

/** What a timer or an answer asks for stands first: of the lookups that wait, hardly anything is in a cache. */
export class SimulatedLookup implements Lookup {
  readonly handle: number;
  /** Goes up when the lookup ends, so that an answer for it is not taken for one to its successor. */
  stamp = 0;
  /** Slots of its timers that may be running, a mask. */
  timersSet = 0;
  resolver: Resolver = NOT_YET;
  state: unknown = null;
  pod: Pod = NOT_YET;
  /** The first of the ordinals that name its draws. */
  ordinal = 0;
  packetsSent = 0;
  name = 0;
  candidate = 0;
  measured = false;
  /** The CPU of its thread; -1: not drawn yet. */
  cpu = -1;
  wanted = A | AAAA;
  found = 0;
  active = false;
  lossCause = NO_LOSS;
  /** What that loss counts in computed rates. */
  lossWeight = 1;
  /** Below 1: a pair of it was struck that would rarely be, and this is what the strike counts. */
  strikeWeight = 1;
  startedNs = 0;
  thread: ResolverThread = NOT_YET;
  dots = 0;
  trailingDot = false;
  socketsOpened = 0;
  /** Index of its thread among its pod's. */
  worker = 0;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** Connections to name servers, as the DNS side uses them. */
export interface LookupConnections {
  /** Starts a connection; returns its handle. */
  connectForLookup(lookup: SimulatedLookup, peer: Destination, server: number): number;
  /** Sends question types, a mask, on an established connection. */
  sendForLookup(connection: number, questions: number): void;
  closeForLookup(connection: number): void;
  /** Questions of a group's measured lookups that are sent and not answered. */
  questionsInFlight(group: Group): number;
}

/** What becomes of such connections, as the DNS side wants to hear it. */
export interface LookupConnectionEvents {
  tcpConnected(lookup: SimulatedLookup, connection: number): void;
  tcpFailed(lookup: SimulatedLookup, connection: number): void;
  tcpAnswered(lookup: SimulatedLookup, connection: number, questions: number, server: number): void;
  /** A segment was lost; `lookup` null: the connection is not (or no longer) one of a lookup. */
  tcpLost(lookup: SimulatedLookup | null, cause: number): void;
  /** A lookup's SYN may lose the port race, with this probability. */
  tcpMayLose(lookup: SimulatedLookup, probability: number): void;
  /** Time that the server at this address takes for the questions of one segment. */
  tcpServerDelay(address: Address, entity: number, ordinal: number): number;
}
