/**
 * The port race computed instead of waited for. Of two masqueraded flows whose windows overlap, the one that searched
 * second drew its port while the other's was granted and invisible. So the probability that it is the same port is
 * known at each overlap, and their sum has the expectation that the losses have, at a fraction of their variance.
 *
 * That the windows overlap is settled before the second draw: it searched before the other was confirmed, however
 * long its own search then took. Hence nothing else need be held fixed:
 *
 * - `preserve`: its own port is uniform over those that its namespace draws from and that make a new flow (a port whose
 *   flow is still known to the table makes none). If it is the granted one it is free and kept. Not for two sockets of
 *   one namespace, which have two ports; nor for a TCP walk that `hasBeenRound`, whose port is taken as drawn.
 * - A search ends there with `chanceOfSearch`. Where it starts at the rover nothing is drawn but whether the own
 *   port sufficed, so that is what is integrated: the share of own ports that would not have.
 *
 * The table is looked at as the second search found it, and overlaps of several have one term for each port that was
 * granted and invisible. Left out: what others do to the loser before it is confirmed, and that a namespace does not
 * draw a port that is in use in it (matters where a good part of them is). Cilium's losses are `no-mapping` and are
 * left as they are drawn.
 */

import { NONE, NS_PER_JIFFY } from '../netfilter/entry.ts';
import { isExpired } from '../netfilter/lookup.ts';
import type { NatRange } from '../netfilter/natRange.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import { NetfilterPath } from '../netfilter/packetPath.ts';
import {
  chanceOfSearch,
  endFromRover,
  keepsPorts,
  portWithoutSearch,
  startsAtRover,
} from '../netfilter/portChance.ts';
import { hashTuple, packPorts, protocolOf, sourcePort, TCP } from '../netfilter/tuple.ts';
import type { PortChoices } from './ephemeralPorts.ts';
import type { NetworkPacket, Route } from './networkPacket.ts';

/** Ports of a namespace that are looked at for a share of them, evenly spaced; all if there are no more. */
const SAMPLE = 128;
/** Ports ahead of a walk that are looked at: it leaves seven of eight out at most. */
const AHEAD = 32;
/** A share of known flows changes as slowly as entries come and go. */
const REFRESH_JIFFIES = 100_000_000 / NS_PER_JIFFY;

interface Share {
  readonly share: number;
  readonly untilJiffies: number;
}

export class PortRaceChance {
  /** Share of a source's ports that make no new flow to a destination, by the hash of both. */
  private readonly knownFlows = new Map<number, Share>();

  /**
   * Probability that two overlapping flows hold one port, over the draw of the one that searched second, whose own
   * port is one of `choices`. To be asked when it has just searched, before its grant.
   */
  of(first: NetworkPacket, second: NetworkPacket, choices: PortChoices): number {
    const path = second.windowPath;
    const range = rangeOf(second);
    if (!(path instanceof NetfilterPath) || range === null || first.searchGaveUp) return 0;
    const { netfilter } = path;
    const port = first.chosenPort;
    if (!keepsPorts(netfilter, range)) return chanceOfSearch(netfilter, second, range, port);
    const unsearched = this.chanceWithoutSearch(netfilter, first, second, range, choices);
    const searched = startsAtRover(netfilter, range)
      ? chanceFromRover(netfilter, second, range, port, choices)
      : chanceOfSearch(netfilter, second, range, port);
    return unsearched + searched;
  }

  private chanceWithoutSearch(
    netfilter: Netfilter,
    first: NetworkPacket,
    second: NetworkPacket,
    range: NatRange,
    choices: PortChoices,
  ): number {
    const port = first.chosenPort;
    const drawn = second.probes === 0 && second.chosenPort === port ? 1 : 0;
    const ownPort = sourcePort(second.windowPorts);
    // An older mapping of the source is found, or not, by what came before.
    if (drawn === 1 && ownPort !== port) return 1;
    if (isTcp(second) && hasBeenRound(netfilter, second, choices)) return drawn;
    if (!isAmong(choices, port)) return 0;
    if (first.windowSource === second.windowSource && port === sourcePort(first.windowPorts)) return 0;
    const isNew = !isKnownFlow(netfilter, second, port);
    if (!isNew || portWithoutSearch(netfilter, second, range, port) !== port) return 0;
    const makeNewFlow = choices.count * (1 - this.shareOfKnownFlows(netfilter, second, choices));
    return 1 / Math.max(1, makeNewFlow);
  }

  private shareOfKnownFlows(netfilter: Netfilter, packet: NetworkPacket, choices: PortChoices): number {
    const remote = packPorts(0, packet.windowPorts & 0xffff);
    const key = hashTuple(packet.windowSource, packet.windowDestination, remote, packet.space);
    const last = this.knownFlows.get(key);
    if (last !== undefined && netfilter.jiffies < last.untilJiffies) return last.share;
    const share = shareOf(choices, packet.chosenPort, (port) => isKnownFlow(netfilter, packet, port));
    this.knownFlows.set(key, { share, untilJiffies: netfilter.jiffies + REFRESH_JIFFIES });
    return share;
  }
}

function rangeOf(packet: NetworkPacket): NatRange | null {
  return (packet.route as Route).passages[packet.passage]?.masquerade ?? null;
}

function isAmong({ lowest, count, step }: PortChoices, port: number): boolean {
  const index = (port - lowest) / step;
  return Number.isInteger(index) && index >= 0 && index < count;
}

/** The packet's own tuple from another port is that of a flow that the table knows. */
function isKnownFlow(netfilter: Netfilter, packet: NetworkPacket, port: number): boolean {
  const ports = packPorts(port, packet.windowPorts & 0xffff);
  const node = netfilter.table.find(packet.windowSource, packet.windowDestination, ports, packet.space);
  return node !== NONE && !isExpired(netfilter, node >> 1);
}

/**
 * A connect()'s port is any port because its walk's start is, and with it move the ports that the walk has left
 * behind, held by flows of its own. Where it has been round while those are still there, its next port is one of
 * them, which stays taken until the SYN itself frees it: no longer any port.
 */
function hasBeenRound(netfilter: Netfilter, packet: NetworkPacket, choices: PortChoices): boolean {
  const { lowest, count, step } = choices;
  const index = (sourcePort(packet.windowPorts) - lowest) / step;
  for (let i = 1; i <= Math.min(AHEAD, count - 1); i++) {
    if (isKnownFlow(netfilter, packet, lowest + ((index + i) % count) * step)) return true;
  }
  return false;
}

/**
 * The second packet searches and ends where the rover stands, at the port of the first. UDP: over its own port,
 * that of a search that was not made included. TCP: as it was drawn, since a walk's ports are taken or free in
 * stretches that depend on where the other walks are.
 */
function chanceFromRover(
  netfilter: Netfilter,
  packet: NetworkPacket,
  range: NatRange,
  port: number,
  choices: PortChoices,
): number {
  if (packet.probes > 0 || isTcp(packet)) {
    const meets = chanceOfSearch(netfilter, packet, range, port);
    return meets === 0 || isTcp(packet) ? meets : shareThatSearches(netfilter, packet, range, choices);
  }
  if (endFromRover(netfilter, packet, range) !== port) return 0;
  return shareThatSearches(netfilter, packet, range, choices);
}

/** Share, of the own ports that make a new flow, of those that do not suffice. */
function shareThatSearches(
  netfilter: Netfilter,
  packet: NetworkPacket,
  range: NatRange,
  choices: PortChoices,
): number {
  const from = packet.chosenPort;
  const known = shareOf(choices, from, (port) => isKnownFlow(netfilter, packet, port));
  const searching = shareOf(
    choices,
    from,
    (port) =>
      !isKnownFlow(netfilter, packet, port) && portWithoutSearch(netfilter, packet, range, port) === NONE,
  );
  return known < 1 ? searching / (1 - known) : 1;
}

function isTcp({ space }: NetworkPacket): boolean {
  return protocolOf(space) === TCP;
}

/** Share of the ports that have a property: of all if there are few, of evenly spaced ones, the first of them given by `from`. */
function shareOf({ lowest, count, step }: PortChoices, from: number, has: (port: number) => boolean): number {
  const sample = Math.min(SAMPLE, count);
  let having = 0;
  for (let i = 0; i < sample; i++) {
    const index = (from + Math.floor(((i + 0.5) * count) / sample)) % count;
    if (has(lowest + index * step)) having += 1;
  }
  return having / sample;
}
