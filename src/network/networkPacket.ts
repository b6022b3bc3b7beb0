/** A packet on its way: what netfilter sees of it, and the route that it takes. Pooled. */

import type { NatRange } from '../netfilter/natRange.ts';
import { Packet } from '../netfilter/packet.ts';
import type { PacketPath } from '../netfilter/packetPath.ts';

import type { ServiceProxy } from './serviceProxy.ts';

/** A node, as far as a route knows it. */
export interface Hop {
  receive(packet: NetworkPacket, cpu: number): void;
  receiveLast(packet: NetworkPacket, cpu: number): void;
}

/** A namespace that a flow passes, and what its rules do to a new flow there. */
export interface Passage {
  readonly node: Hop;
  readonly path: PacketPath;
  /** Translates the destination of a new flow; null: not a service. */
  readonly service: ServiceProxy | null;
  /** Masquerades a new flow; null: it keeps its source. */
  readonly masquerade: NatRange | null;
  /** Entered on the CPU on which the passage before ended, without an input queue between. */
  readonly sameCpu: boolean;
  /** Runs in the sender's context: a drop is told to the sender (EPERM). */
  readonly inSender: boolean;
  /** Mean time from lookup to confirm. */
  readonly lookupToConfirmNs: number;
}

/** The namespaces that a flow passes, in order; a reply passes them backwards. */
export interface Route {
  readonly passages: readonly Passage[];
  /** It begins in the node's own namespace: no veth on which RPS could steer its packets. Default false. */
  readonly fromHost?: boolean;
}

/** Where in its service at a node a packet is. */
export const STEP_LOOKUP = 0;
export const STEP_DESTINATION = 1;
export const STEP_IPVS_INSERT = 2;
export const STEP_RESUME = 3;
export const STEP_SEARCH = 4;
export const STEP_GRANT = 5;
export const STEP_CONFIRM = 6;
export const STEP_LEAVE = 7;

/** A packet that had searched and was not confirmed when another did, and the probability that it got the same port. */
export interface PortOverlap {
  readonly first: NetworkPacket;
  readonly chance: number;
  readonly next: PortOverlap | null;
}

export class NetworkPacket extends Packet {
  readonly handle: number;
  /** Next packet in the input queue of a CPU; -1 at its end. */
  nextInQueue = -1;
  cpu = 0;
  /** The passages that it makes, and the one that it is in. */
  route: Route | null = null;
  passage = 0;
  step = STEP_LOOKUP;
  /** Travels against the route: an answer. */
  isReply = false;
  /** Stretches all steps of this packet. */
  timeFactor = 1;
  /** One step is stalled by this much. */
  stallNs = 0;
  stalledStep = 0;
  /** Waits this long between DNAT and SNAT; 0: does not. */
  holdNs = 0;
  /** Backend that a scheduler has chosen and not yet inserted (IPVS). */
  backend = -1;

  // Kept for the watch over open windows: the tuple and namespace of the lookup, and when the port search was made.
  windowSource = 0;
  windowDestination = 0;
  windowPorts = 0;
  windowPath: PacketPath | null = null;
  /** Ordinal of its port search among all; 0: none was made. */
  searchedAs = 0;
  /** The port that it found had been granted to another that is not confirmed. */
  repeatsPort = false;
  /** The others whose ports were granted and invisible when it searched. */
  overlaps: PortOverlap | null = null;

  // What the packet is to its sender; the network does not look at these.
  /** Handle of the socket or connection that sent it, and that object's stamp then. */
  owner = -1;
  ownerStamp = 0;
  /** Handle of the lookup that asks, and its stamp then. */
  asker = -1;
  askerStamp = 0;
  /** The sender's port before translation: what an answer must be translated back to. */
  localPort = 0;
  /** Which client it belongs to. */
  purpose = 0;
  /** What it asks: question types, or a step of a connection. */
  question = 0;
  /** Index of the server asked; of DNS in a TCP segment: the question types. */
  server = 0;
  /** The name asked for: index, and which candidate of the search list. */
  name = 0;
  candidate = 0;
  group = 0;
  /** Belongs to an operation that counts. */
  measured = false;
  /** What a loss by a race counts in computed rates: below 1 if its pair was struck more often than it would be. */
  weight = 1;
  /** Of an answer: its code. */
  answer = 0;
  /** At the node-local cache: the question upstream whose answer it waits for, 0: none; and how many it took. */
  upstreamQuestion = 0;
  upstreamTries = 0;
  /** From the pods' node to where the packet is answered and back, without the time there. */
  roundTripNs = 0;

  constructor(handle: number) {
    super();
    this.handle = handle;
  }
}
