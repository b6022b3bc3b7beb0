/**
 * Source NAT of a new flow (`get_unique_tuple` and the port search under it; kernel reference 2.3).
 *
 * Two steps, because time passes between them: `searchSource` finds a tuple that no *confirmed* entry uses;
 * `grantSource` writes it into the entry, publishes the mapping by source and, up to 4.20, writes the rover
 * back. Between grant and confirm the tuple is granted and yet invisible: that is the port race.
 */
import { FOUND } from './counters.ts';
import {
  DST_NAT,
  DYING,
  ENTRY_SIZE,
  FIXED_TIMEOUT,
  NONE,
  ORIGINAL_DESTINATION,
  ORIGINAL_PORTS,
  ORIGINAL_SOURCE,
  ORIGINAL_SPACE,
  REPLY_DESTINATION,
  REPLY_PORTS,
  REPLY_SOURCE,
  REPLY_SPACE,
  SEARCH_GAVE_UP,
  SEQUENCE_END,
  SRC_NAT,
  SRC_NAT_DONE,
  STATUS,
} from './entry.ts';
import { liveNode } from './lookup.ts';
import { type NatRange, portRangeBase, portRangeSize } from './natRange.ts';
import type { Netfilter } from './netfilter.ts';
import type { Packet } from './packet.ts';
import { takenRun } from './takenRun.ts';
import { TCP_SYN_SENT, TCP_TIME_WAIT, tcpStateOf } from './tcpTracker.ts';
import { translate } from './translate.ts';
import {
  type Address,
  destinationPort,
  hashTuple,
  ORIGINAL,
  packPorts,
  protocolOf,
  REPLY,
  sourcePort,
  TCP,
  UDP,
  UDPLITE,
} from './tuple.ts';

/** Protocols whose clashes can be resolved (`allow_clash`). */
export function allowsClash(protocol: number): boolean {
  return protocol === UDP || protocol === UDPLITE;
}

/** First round of a bounded search; each further round is half as long, the last has 8 probes. */
export const FIRST_ROUND = 128;
/** Probes at the end of a round that may evict closing TCP flows (`NF_NAT_HARDER_THRESH`). */
export const EVICTION_PROBES = FIRST_ROUND / 4;

/**
 * Chooses the translated source of a new flow. `range` null is the null binding: keep address and port, unless
 * that tuple is taken. The choice stands in the packet until `grantSource`.
 */
export function searchSource(
  netfilter: Netfilter,
  packet: Packet,
  range: NatRange | null,
  cpu: number,
): void {
  const { table, axes } = netfilter;
  const at = packet.entry * ENTRY_SIZE;
  const { data } = table;
  // The tuple so far: the inverse of the reply tuple, as DNAT has left it.
  const source = data[at + REPLY_DESTINATION];
  const destination = data[at + REPLY_SOURCE];
  const port = destinationPort(data[at + REPLY_PORTS]);
  const remotePort = sourcePort(data[at + REPLY_PORTS]);
  const randomise = range !== null && effectiveFlag(netfilter, range) !== 'preserve';
  packet.chosenSource = source;
  packet.chosenPort = port;
  packet.probes = 0;
  packet.rover = -1;
  packet.searchGaveUp = false;

  if (!randomise) {
    if (inRange(range, source, port)) {
      const taken = isTaken(netfilter, packet, source, port, destination, remotePort, cpu);
      if (!taken) return;
      if (
        axes.portSearch.reverseClash !== 'unknown' &&
        isOwnMirror(netfilter, packet, source, port, destination, remotePort)
      ) {
        return;
      }
    } else if (range !== null && netfilter.reusesSourceMappings) {
      const candidate = mappingOfSource(netfilter, packet, range);
      if (candidate !== NONE) {
        const candidateAt = candidate * ENTRY_SIZE;
        const mapped = data[candidateAt + REPLY_DESTINATION];
        const mappedPort = destinationPort(data[candidateAt + REPLY_PORTS]);
        if (!isTaken(netfilter, packet, mapped, mappedPort, destination, remotePort, cpu)) {
          packet.chosenSource = mapped;
          packet.chosenPort = mappedPort;
          return;
        }
      }
    }
  }
  if (range !== null) packet.chosenSource = chooseAddress(netfilter, packet, range, destination);
  if (!randomise) {
    if (range?.ports) {
      const low = portRangeBase(range, port);
      const size = portRangeSize(range, port);
      const inside = port >= low && port < low + size;
      // A range of one port that is the packet's own is not tested.
      if (
        inside &&
        (size === 1 || !isTaken(netfilter, packet, packet.chosenSource, port, destination, remotePort, cpu))
      )
        return;
    } else if (!isTaken(netfilter, packet, packet.chosenSource, port, destination, remotePort, cpu)) {
      return;
    }
  }
  searchPort(netfilter, packet, range, destination, remotePort, cpu);
}

/** `--random-fully` before 3.14 is a flag that the kernel does not know: the rule could not be loaded. */
export function effectiveFlag(netfilter: Netfilter, range: NatRange): NatRange['flag'] {
  if (range.flag === 'random-fully' && !netfilter.axes.portSearch.randomFully) return 'preserve';
  return range.flag;
}

/** Writes the tuple that the search chose into the entry and translates the packet. */
export function grantSource(netfilter: Netfilter, packet: Packet): void {
  const { table } = netfilter;
  const { data } = table;
  const at = packet.entry * ENTRY_SIZE;
  const { chosenSource, chosenPort } = packet;
  if (
    data[at + REPLY_DESTINATION] !== chosenSource ||
    destinationPort(data[at + REPLY_PORTS]) !== chosenPort
  ) {
    data[at + REPLY_DESTINATION] = chosenSource;
    data[at + REPLY_PORTS] = packPorts(sourcePort(data[at + REPLY_PORTS]), chosenPort);
    data[at + STATUS] |= SRC_NAT;
  }
  data[at + STATUS] |= SRC_NAT_DONE | (packet.searchGaveUp ? SEARCH_GAVE_UP : 0);
  if (netfilter.reusesSourceMappings) table.bySource.add(packet.entry);
  if (packet.rover >= 0) netfilter.rovers[protocolOf(packet.space)] = packet.rover;
  translate(table, packet, ORIGINAL);
}

export function inRange(range: NatRange | null, source: Address, port: number): boolean {
  if (range === null) return true;
  if (!hasAddress(range.addresses, source)) return false;
  if (range.ports === null) return true;
  const low = portRangeBase(range, port);
  return port >= low && port < low + portRangeSize(range, port);
}

/** Mostly of one address: no call of `includes`. */
function hasAddress(addresses: readonly Address[], address: Address): boolean {
  for (let i = 0; i < addresses.length; i++) if (addresses[i] === address) return true;
  return false;
}

/** `find_appropriate_src`: the newest entry, confirmed or not, of the same inside source whose mapping is in range. */
function mappingOfSource(netfilter: Netfilter, packet: Packet, range: NatRange): number {
  const { table } = netfilter;
  const { data } = table;
  const at = packet.entry * ENTRY_SIZE;
  let entry = table.bySource.first(
    data[at + ORIGINAL_SOURCE],
    data[at + ORIGINAL_PORTS],
    data[at + ORIGINAL_SPACE],
  );
  while (entry !== NONE) {
    const entryAt = entry * ENTRY_SIZE;
    if (inRange(range, data[entryAt + REPLY_DESTINATION], destinationPort(data[entryAt + REPLY_PORTS])))
      return entry;
    entry = table.bySource.next(entry);
  }
  return NONE;
}

/** One of several NAT addresses: a keyed hash of the endpoints, the same for every flow between them. */
function chooseAddress(netfilter: Netfilter, packet: Packet, range: NatRange, destination: Address): Address {
  const { addresses } = range;
  if (addresses.length === 1) return addresses[0] as Address;
  const source = netfilter.table.data[packet.entry * ENTRY_SIZE + ORIGINAL_SOURCE];
  return addresses[netfilter.bootSecret.integer(source, destination, addresses.length)] as Address;
}

/**
 * `nf_nat_used_tuple`: does a confirmed entry carry the reply tuple of this mapping? Since 4e35c1cb9460 an entry
 * with our own original tuple does not count: it is a packet of our own flow that was faster.
 */
export function isTaken(
  netfilter: Netfilter,
  packet: Packet,
  source: Address,
  port: number,
  destination: Address,
  remotePort: number,
  cpu: number,
): boolean {
  const { data } = netfilter.table;
  const at = packet.entry * ENTRY_SIZE;
  const node = liveNode(netfilter, destination, source, packPorts(remotePort, port), data[at + REPLY_SPACE]);
  if (node === NONE) return false;
  if (netfilter.axes.sameOrigin !== 'taken' && sameOrigin(netfilter, packet.entry, node >> 1)) return false;
  netfilter.counters.bump(cpu, FOUND);
  return true;
}

function sameOrigin(netfilter: Netfilter, entry: number, other: number): boolean {
  const { data } = netfilter.table;
  const a = entry * ENTRY_SIZE;
  const b = other * ENTRY_SIZE;
  return (
    data[a + ORIGINAL_SOURCE] === data[b + ORIGINAL_SOURCE] &&
    data[a + ORIGINAL_DESTINATION] === data[b + ORIGINAL_DESTINATION] &&
    data[a + ORIGINAL_PORTS] === data[b + ORIGINAL_PORTS] &&
    protocolOf(data[a + ORIGINAL_SPACE]) === protocolOf(data[b + ORIGINAL_SPACE]) &&
    (netfilter.axes.sameOrigin === 'free' || data[a + ORIGINAL_SPACE] === data[b + ORIGINAL_SPACE])
  );
}

/**
 * `nf_nat_used_tuple_new` (6.12): the tuple is taken, but only by the mirror image of our own flow, without NAT
 * on either side: keep it, confirm will merge the two. A holder that the test cannot find does not count either.
 */
function isOwnMirror(
  netfilter: Netfilter,
  packet: Packet,
  source: Address,
  port: number,
  destination: Address,
  remotePort: number,
): boolean {
  if (!allowsClash(protocolOf(packet.space))) return false;
  const { table } = netfilter;
  const { data } = table;
  const at = packet.entry * ENTRY_SIZE;
  const natBits = SRC_NAT | DST_NAT;
  if ((data[at + STATUS] & natBits) !== 0) return false;
  let node = table.find(source, destination, packPorts(port, remotePort), data[at + ORIGINAL_SPACE]);
  if (node === NONE && netfilter.axes.portSearch.reverseClash === 'by-either') {
    node = table.find(destination, source, packPorts(remotePort, port), data[at + REPLY_SPACE]);
  }
  // Gone, as far as this test can see.
  if (node === NONE) return true;
  const other = (node >> 1) * ENTRY_SIZE;
  if ((node & 1) !== REPLY || (data[other + STATUS] & natBits) !== 0) return false;
  return (
    data[other + ORIGINAL_SOURCE] === data[at + REPLY_SOURCE] &&
    data[other + ORIGINAL_DESTINATION] === data[at + REPLY_DESTINATION] &&
    data[other + ORIGINAL_PORTS] === data[at + REPLY_PORTS]
  );
}

/** `nf_nat_l4proto_unique_tuple`: the port search proper. */
function searchPort(
  netfilter: Netfilter,
  packet: Packet,
  range: NatRange | null,
  destination: Address,
  remotePort: number,
  cpu: number,
): void {
  const { portSearch } = netfilter.axes;
  const flag = range === null ? 'preserve' : effectiveFlag(netfilter, range);
  const base = portRangeBase(range, packet.chosenPort);
  const size = portRangeSize(range, packet.chosenPort);
  const offset = firstOffset(netfilter, packet, flag, destination, remotePort);
  if (portSearch.limit === 'whole-range') {
    searchWholeRange(netfilter, packet, offset, base, size, destination, remotePort, cpu);
    if (flag !== 'preserve') packet.rover = -1;
  } else {
    searchBounded(netfilter, packet, offset, base, size, destination, remotePort, cpu);
    if (flag !== 'preserve' || portSearch.start !== 'rover') packet.rover = -1;
  }
  netfilter.probes += packet.probes;
}

/** Where the search starts, 16 bits. */
function firstOffset(
  netfilter: Netfilter,
  packet: Packet,
  flag: NatRange['flag'],
  destination: Address,
  remotePort: number,
): number {
  const { portSearch } = netfilter.axes;
  if (flag === 'random' && portSearch.randomFlag === 'hash') {
    // Keyed by NAT address, destination and port alone: every flow to one destination starts here.
    const endpoints = hashTuple(packet.chosenSource, destination, 0, 0);
    return netfilter.bootSecret.integer(endpoints, remotePort, 65536);
  }
  if (flag === 'preserve' && portSearch.start === 'rover') return netfilter.rovers[protocolOf(packet.space)];
  return randomOffset(netfilter, packet, 0);
}

function randomOffset(netfilter: Netfilter, packet: Packet, round: number): number {
  return netfilter.offsets.integer(packet.entity, packet.ordinal * 8 + round, 65536);
}

/** Up to 4.20: every port in turn; the last is granted without a test. */
function searchWholeRange(
  netfilter: Netfilter,
  packet: Packet,
  offset: number,
  base: number,
  size: number,
  destination: Address,
  remotePort: number,
  cpu: number,
): void {
  for (let tried = 1; ; tried++) {
    const run = takenRun(netfilter, packet, offset, size - tried, base, size, destination, remotePort, 'any');
    if (run > 0) countAsProbed(netfilter, packet, run, cpu);
    tried += run;
    offset = (offset + run) & 0xffff;
    packet.chosenPort = base + (offset % size);
    if (tried === size) {
      packet.searchGaveUp = true;
      break;
    }
    packet.probes += 1;
    if (!isTaken(netfilter, packet, packet.chosenSource, packet.chosenPort, destination, remotePort, cpu))
      break;
    offset = (offset + 1) & 0xffff;
  }
  packet.rover = offset;
}

/** Ports of a run that `isTaken` would have found taken. */
function countAsProbed(netfilter: Netfilter, packet: Packet, run: number, cpu: number): void {
  packet.probes += run;
  netfilter.counters.bump(cpu, FOUND, run);
}

/** Since 5.0: rounds of 128, 64, 32, 16 and 8 ports from fresh offsets; a range of at most 128 is swept once. One with `one-round`. */
function searchBounded(
  netfilter: Netfilter,
  packet: Packet,
  offset: number,
  base: number,
  size: number,
  destination: Address,
  remotePort: number,
  cpu: number,
): void {
  const evictionProbes = mayEvict(netfilter, packet) ? EVICTION_PROBES : 0;
  let attempts = Math.min(FIRST_ROUND, size);
  for (let round = 1; ; round++) {
    for (let i = 0; i < attempts; i++) {
      const left = attempts - i;
      const evicts = left <= evictionProbes;
      // The last of a round is always probed: it is the choice if the search gives up.
      const most = evicts || evictionProbes === 0 ? left - 1 : left - evictionProbes;
      const by = evicts ? 'not-evictable' : 'any';
      const run = takenRun(netfilter, packet, offset, most, base, size, destination, remotePort, by);
      if (evicts) packet.probes += run;
      else if (run > 0) countAsProbed(netfilter, packet, run, cpu);
      i += run;
      offset = (offset + run) & 0xffff;
      packet.chosenPort = base + (offset % size);
      packet.probes += 1;
      packet.rover = offset;
      if (!isTakenHarder(netfilter, packet, destination, remotePort, attempts - i, cpu)) return;
      offset = (offset + 1) & 0xffff;
    }
    if (attempts >= size || attempts < 16 || netfilter.axes.portSearch.limit === 'one-round') break;
    attempts >>= 1;
    offset = randomOffset(netfilter, packet, round);
  }
  packet.searchGaveUp = true;
}

/**
 * `nf_nat_used_tuple_harder` (6.5): in the last probes of a round a SYN looks the holder of the port up itself,
 * which no counter counts, and kills it if it is an SNATed TCP flow in TIME_WAIT or later of whose last byte the
 * SYN is ahead.
 */
export function isTakenHarder(
  netfilter: Netfilter,
  packet: Packet,
  destination: Address,
  remotePort: number,
  attemptsLeft: number,
  cpu: number,
): boolean {
  const { chosenSource, chosenPort } = packet;
  if (attemptsLeft > EVICTION_PROBES || !mayEvict(netfilter, packet)) {
    return isTaken(netfilter, packet, chosenSource, chosenPort, destination, remotePort, cpu);
  }
  const { table } = netfilter;
  const ports = packPorts(remotePort, chosenPort);
  const replySpace = table.data[packet.entry * ENTRY_SIZE + REPLY_SPACE];
  const node = liveNode(netfilter, destination, chosenSource, ports, replySpace);
  if (node === NONE) return false;
  if (!isEvictable(netfilter, packet, node)) return true;
  table.erase(node >> 1);
  return false;
}

/** The packet is a SYN under a kernel that lets it take over the port of a closing flow. */
export function mayEvict(netfilter: Netfilter, packet: Packet): boolean {
  return (
    netfilter.axes.portSearch.evictsClosingTcp &&
    protocolOf(packet.space) === TCP &&
    tcpStateOf(netfilter.table.data[packet.entry * ENTRY_SIZE + STATUS]) === TCP_SYN_SENT
  );
}

/** Whether the holder of a port, found at this node, makes room for such a SYN. */
export function isEvictable(netfilter: Netfilter, packet: Packet, node: number): boolean {
  const { data } = netfilter.table;
  const holder = (node >> 1) * ENTRY_SIZE;
  const status = data[holder + STATUS];
  if ((node & 1) !== REPLY || tcpStateOf(status) < TCP_TIME_WAIT) return false;
  if ((status & (FIXED_TIMEOUT | DYING)) !== 0 || (status & SRC_NAT) === 0) return false;
  // Signed 32-bit distance, as sequence numbers are compared.
  return ((data[packet.entry * ENTRY_SIZE + SEQUENCE_END] - data[holder + SEQUENCE_END]) | 0) > 0;
}
