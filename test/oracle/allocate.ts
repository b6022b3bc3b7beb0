/**
 * The search for a tuple that no confirmed entry uses (kernel.md section 2.3), steps A to D.
 * `t` is the tuple that the packet would leave with; its answer comes back as the inverse.
 */
import type { Counters } from './counters.ts';
import type { Generation } from './generations.ts';
import type { Table } from './table.ts';
import { isAhead, isTimeWaitOrLater } from './timeouts.ts';
import {
  type Endpoint,
  type Flow,
  invert,
  type OracleDraws,
  type OraclePacket,
  type OracleRange,
  type OracleTuple,
  type Protocol,
  same,
  sameApartFromZone,
  TCP,
} from './types.ts';

/** What a search reads. It changes nothing but counters, except that it may evict a closing TCP flow. */
export interface Search {
  readonly table: Table;
  readonly counters: Counters;
  readonly generation: Generation;
  readonly draws: OracleDraws;
  /** Up to 4.20: one counter per protocol for the whole machine. */
  readonly rovers: Readonly<Record<Protocol, number>>;
  readonly packet: OraclePacket;
  readonly flow: Flow;
  readonly cpu: number;
}

export interface Choice {
  readonly tuple: OracleTuple;
  /** What the grant writes to the rover; undefined: it leaves it alone. */
  readonly rover: number | undefined;
}

type Manip = 'source' | 'destination';

const MAX_ATTEMPTS = 128;
const HARDER_THRESHOLD = 32;
const MIN_ATTEMPTS = 16;

/** The tuple with which the packet leaves, as the entry has it now. */
export function currentTuple(flow: Flow): OracleTuple {
  return invert(flow.reply, flow.original.zone);
}

/** No rule matched: the address it has, and any port if its own is in use. */
export function nullRange(address: number): OracleRange {
  return { addresses: [address], ports: null, flag: 'preserve' };
}

export function uniqueTuple(search: Search, manip: Manip, range: OracleRange): Choice {
  const { draws, flow, table } = search;
  const random = isRandom(search.generation, range);
  const current = currentTuple(flow);

  if (manip === 'source' && !random) {
    if (inRange(current.source, range)) {
      if (!usedFirst(search, current)) return unchanged(current);
    } else {
      const mapped = table
        .fromSource(flow.original)
        .map((other) => other.reply.destination)
        .find((endpoint) => inRange(endpoint, range));
      const candidate = mapped && { ...current, source: mapped };
      if (candidate && !used(search, candidate)) return unchanged(candidate);
    }
  }

  const count = range.addresses.length;
  const index =
    count === 1 ? 0 : draws.addressIndex(current.source.address, current.destination.address, count);
  const address = range.addresses[index];
  if (address === undefined) throw new Error(`NAT address ${index} of ${count}`);
  const t = withEndpoint(current, manip, { address, port: current[manip].port });

  if (!random) {
    if (range.ports === null) {
      if (!used(search, t)) return unchanged(t);
    } else if (portIn(t[manip].port, range.ports)) {
      // A single port that is there already is not tested.
      if (range.ports.min === range.ports.max || !used(search, t)) return unchanged(t);
    }
  }
  return uniquePort(search, manip, range, t);
}

function uniquePort(search: Search, manip: Manip, range: OracleRange, t: OracleTuple): Choice {
  if (range.ports === null && manip === 'destination') return unchanged(t);
  const { min, max } = range.ports === null ? classOf(t.source.port) : ordered(range.ports);
  const size = max - min + 1;
  const withOffset = (offset: number) =>
    withEndpoint(t, manip, { address: t[manip].address, port: min + (offset % size) });
  return search.generation.portSearch === 'rover'
    ? wholeRange(search, range, t, size, withOffset)
    : boundedRounds(search, size, withOffset);
}

/** Up to 4.20: one pass, whose last port is taken without a test. */
function wholeRange(
  search: Search,
  range: OracleRange,
  t: OracleTuple,
  size: number,
  withOffset: (offset: number) => OracleTuple,
): Choice {
  const { draws, generation, packet, rovers } = search;
  const random = isRandom(generation, range);
  let offset = rovers[packet.protocol];
  if (random) {
    offset =
      range.flag === 'random-fully'
        ? u16(draws.offset(packet, 0))
        : u16(draws.hashedOffset(t.source.address, t.destination));
  }
  for (let i = 1; i < size; i++) {
    if (!used(search, withOffset(offset))) break;
    offset = u16(offset + 1);
  }
  return { tuple: withOffset(offset), rover: random ? undefined : offset };
}

/** From 5.0: 128 ports from a random start, then 64, 32, 16, 8. In vain: the last one, though in use. */
function boundedRounds(search: Search, size: number, withOffset: (offset: number) => OracleTuple): Choice {
  const { draws, packet } = search;
  let attempts = Math.min(MAX_ATTEMPTS, size);
  for (let round = 0; ; round++) {
    let offset = u16(draws.offset(packet, round));
    let tuple = withOffset(offset);
    for (let i = 0; i < attempts; i++) {
      tuple = withOffset(offset);
      if (!usedHarder(search, tuple, attempts - i)) return unchanged(tuple);
      offset = u16(offset + 1);
    }
    if (attempts >= size || attempts < MIN_ATTEMPTS) return unchanged(tuple);
    attempts /= 2;
  }
}

/** Is the tuple in use? Only the table is asked: who has not confirmed yet is not seen. */
function used(search: Search, t: OracleTuple): boolean {
  const { counters, cpu, flow, generation, table } = search;
  const hit = table.find(answerTo(search, t));
  if (hit === undefined) return false;
  if (generation.sameOrigin !== 'taken') {
    const sameTuple = sameApartFromZone(hit.flow.original, flow.original);
    const sameZone = hit.flow.original.zone === flow.original.zone;
    if (sameTuple && (sameZone || generation.sameOrigin === 'free')) return false;
  }
  counters.count('found', cpu);
  return true;
}

/** The test of step A. From 6.12 two flows without NAT that mirror each other may both stay. */
function usedFirst(search: Search, t: OracleTuple): boolean {
  const { flow, generation, table } = search;
  if (!used(search, t)) return false;
  if (!generation.forgivesMirrorImage) return true;
  if (flow.original.protocol === TCP) return true;
  if (flow.srcNat || flow.dstNat) return true;
  // Up to 6.15 the entry is looked up by the tuple itself, not by its inverse: an entry with NAT that uses
  // only the inverse counts as gone, and the clash is left to confirm.
  const byTuple = table.find({ ...t, zone: flow.original.zone });
  const hit = byTuple ?? (generation.seesInverse ? table.find(answerTo(search, t)) : undefined);
  if (hit === undefined) return false;
  if (hit.direction !== 'reply') return true;
  if (hit.flow.srcNat || hit.flow.dstNat) return true;
  return !same(hit.flow.original, flow.reply);
}

/** The test of a probe. From 6.5 the last 32 of a round may end a TCP flow that is closing. */
function usedHarder(search: Search, t: OracleTuple, attemptsLeft: number): boolean {
  const { flow, generation, packet, table } = search;
  if (!generation.evictsClosingTcp || attemptsLeft > HARDER_THRESHOLD || flow.tcp?.state !== 'SYN_SENT') {
    return used(search, t);
  }
  const hit = table.find(answerTo(search, t));
  if (hit === undefined) return false;
  if (hit.direction === 'original') return true;
  const old = hit.flow.tcp;
  if (old === undefined || !isTimeWaitOrLater(old.state) || !hit.flow.srcNat) return true;
  if (!isAhead(packet.sequenceEnd ?? 0, old.originalEnd)) return true;
  table.free(hit.flow);
  return false;
}

function answerTo(search: Search, t: OracleTuple): OracleTuple {
  return invert(t, search.flow.reply.zone);
}

function isRandom(generation: Generation, range: OracleRange): boolean {
  return range.flag === 'random' || (range.flag === 'random-fully' && generation.randomFully);
}

function inRange(endpoint: Endpoint, range: OracleRange): boolean {
  if (!range.addresses.includes(endpoint.address)) return false;
  return range.ports === null || portIn(endpoint.port, range.ports);
}

function portIn(port: number, ports: { min: number; max: number }): boolean {
  return port >= ports.min && port <= ports.max;
}

function ordered({ min, max }: { min: number; max: number }): { min: number; max: number } {
  return min <= max ? { min, max } : { min: max, max: min };
}

/** Without `--to-ports` a port stays in its class. */
function classOf(port: number): { min: number; max: number } {
  if (port < 512) return { min: 1, max: 511 };
  if (port < 1024) return { min: 600, max: 1023 };
  return { min: 1024, max: 65_535 };
}

function withEndpoint(t: OracleTuple, manip: Manip, endpoint: Endpoint): OracleTuple {
  return manip === 'source' ? { ...t, source: endpoint } : { ...t, destination: endpoint };
}

function unchanged(tuple: OracleTuple): Choice {
  return { tuple, rover: undefined };
}

function u16(value: number): number {
  return value & 0xffff;
}
