/**
 * Folds DNS packets back into lookups, one getaddrinfo call of glibc each.
 *
 * Nothing on the wire says which queries belong together; the order does. glibc asks for one name at a time,
 * A and AAAA from one socket (two, one after the other, with `single-request-reopen`), repeats a query with
 * the id that it had, and asks for the next name of its search walk as soon as the answers for the last one
 * are in. So a query repeats a query, completes a pair, continues a walk, or begins a lookup, tried in
 * this order.
 */
import { type DnsMessage, TYPE_A, TYPE_AAAA } from './dnsMessage.ts';
import { InputError } from './inputError.ts';
import type { ResolvConf } from './resolvConf.ts';
import { type NameOutcome, nextInWalk, type SearchWalk, walkFrom } from './searchWalk.ts';

export interface DnsPacket {
  readonly timeNs: number;
  /** The pod's address and port, whichever way the packet goes. */
  readonly client: string;
  readonly port: number;
  readonly message: DnsMessage;
}

export interface Lookup {
  readonly client: string;
  /** As the application gave it. */
  readonly name: string;
  /** Time of the first query. */
  readonly startNs: number;
  /** The names asked for, in order; at least one. */
  readonly steps: readonly Step[];
}

export interface Step {
  readonly name: string;
  /** In order; at least one. */
  readonly queries: readonly Query[];
}

export interface Query {
  readonly timeNs: number;
  readonly port: number;
  readonly type: typeof TYPE_A | typeof TYPE_AAAA;
  readonly id: number;
  /** Null if none was recorded. */
  readonly answer: { readonly timeNs: number; readonly message: DnsMessage } | null;
}

export interface Folded {
  /** By time of the first query. */
  readonly lookups: readonly Lookup[];
  /** Answers to no query that was waiting: duplicates, or late ones whose socket is closed. */
  readonly strayAnswers: number;
}

/** A thread that has its answers asks again at once; recorded: median 36 µs, 16 ms at most. */
const NEXT_QUERY_WITHIN_NS = 1_000_000_000;
/** More than a pod has under way in a few seconds; bounds the work on a hostile capture. */
const MOST_OPEN_LOOKUPS = 1_024;
/** 5 attempts at 3 servers, each perhaps parallel and then serial, A and AAAA: bounds the work as well. */
const MOST_QUERIES_PER_NAME = 60;

interface OpenQuery extends Query {
  answer: { readonly timeNs: number; readonly message: DnsMessage } | null;
}

interface OpenLookup {
  readonly client: string;
  readonly walk: SearchWalk;
  readonly startNs: number;
  readonly steps: { readonly name: string; readonly queries: OpenQuery[] }[];
  /** Where in `walk.names` the last step is. */
  index: number;
  /** Of the last step so far. */
  outcome: NameOutcome;
  lastPacketNs: number;
  /** No packet after this belongs to it. */
  openUntilNs: number;
}

/**
 * @param packets A and AAAA queries and their answers, in order of time.
 * @throws InputError when one client has more lookups under way than can be told apart.
 */
export function foldLookups(packets: readonly DnsPacket[], resolvConf: ResolvConf): Folded {
  const all: OpenLookup[] = [];
  const openByClient = new Map<string, OpenLookup[]>();
  let strayAnswers = 0;

  for (const packet of packets) {
    const open = (openByClient.get(packet.client) ?? []).filter(
      (lookup) => packet.timeNs <= lookup.openUntilNs,
    );
    openByClient.set(packet.client, open);
    if (packet.message.isAnswer) {
      if (!takeAnswer(open, packet, resolvConf)) strayAnswers += 1;
      continue;
    }
    const lookup = findLookup(open, packet, resolvConf) ?? beginLookup(packet, resolvConf);
    if (lookup.steps.length === 0) {
      if (open.length === MOST_OPEN_LOOKUPS) throw tooManyLookups(packet);
      all.push(lookup);
      open.push(lookup);
    }
    takeQuery(lookup, packet, resolvConf);
  }
  return { lookups: all.map(closeLookup), strayAnswers };
}

function takeAnswer(open: readonly OpenLookup[], packet: DnsPacket, resolvConf: ResolvConf): boolean {
  const { message, port, timeNs } = packet;
  for (const lookup of open) {
    const step = lookup.steps.at(-1)!;
    if (step.name !== message.name) continue;
    const query = step.queries.findLast(
      (sent) =>
        sent.answer === null && sent.port === port && sent.id === message.id && sent.type === message.type,
    );
    if (query === undefined) continue;
    query.answer = { timeNs, message };
    noteProgress(lookup, timeNs, resolvConf);
    return true;
  }
  return false;
}

/** The lookup under way that sent this query; where several may have, the one that was last heard of. */
function findLookup(
  open: readonly OpenLookup[],
  packet: DnsPacket,
  conf: ResolvConf,
): OpenLookup | undefined {
  return (
    latest(open, (lookup) => repeatsQuery(lookup, packet)) ??
    latest(open, (lookup) => completesPair(lookup, packet)) ??
    latest(open, (lookup) => continuesWalk(lookup, packet, conf))
  );
}

function latest(open: readonly OpenLookup[], fits: (lookup: OpenLookup) => boolean): OpenLookup | undefined {
  let best: OpenLookup | undefined;
  for (const lookup of open) {
    if (fits(lookup) && (best === undefined || lookup.lastPacketNs > best.lastPacketNs)) best = lookup;
  }
  return best;
}

function repeatsQuery(lookup: OpenLookup, { message }: DnsPacket): boolean {
  const step = lookup.steps.at(-1)!;
  return (
    step.name === message.name &&
    step.queries.length < MOST_QUERIES_PER_NAME &&
    step.queries.some(({ id, type }) => id === message.id && type === message.type)
  );
}

function completesPair(lookup: OpenLookup, packet: DnsPacket): boolean {
  const { name, queries } = lookup.steps.at(-1)!;
  if (name !== packet.message.name || queries.some(({ type }) => type === packet.message.type)) return false;
  if (queries.some(({ port }) => port === packet.port)) return true;
  return lookup.outcome !== 'silent';
}

function continuesWalk(lookup: OpenLookup, packet: DnsPacket, resolvConf: ResolvConf): boolean {
  const next = nextInWalk(lookup.walk, lookup.index, lookup.outcome);
  if (next === null || lookup.walk.names[next] !== packet.message.name) return false;
  if (lookup.outcome !== 'silent') return true;
  // glibc divides the wait of its later tries by the number of servers.
  const shortestWaitS = Math.max(1, Math.floor(resolvConf.timeoutSeconds / resolvConf.nameServers.length));
  const lastSendNs = lookup.steps.at(-1)!.queries.at(-1)!.timeNs;
  return packet.timeNs - lastSendNs >= shortestWaitS * 1_000_000_000;
}

/** What the latest query of each type got. */
function outcomeOf(queries: readonly Query[]): NameOutcome {
  const answers = [TYPE_A, TYPE_AAAA]
    .map((type) => queries.findLast((query) => query.type === type))
    .filter((query) => query !== undefined)
    .map((query) => query.answer?.message ?? null);
  if (answers.some((answer) => answer !== null && answer.code === 0 && answer.addresses > 0)) return 'found';
  if (answers.includes(null)) return 'silent';
  // A truncated answer sends glibc to TCP, which is not followed: whether the walk goes on, its next query tells.
  const movesOn = (answer: DnsMessage | null) => answer!.truncated || [0, 2, 3].includes(answer!.code);
  return answers.some(movesOn) ? 'absent' : 'refused';
}

function beginLookup(packet: DnsPacket, resolvConf: ResolvConf): OpenLookup {
  return {
    client: packet.client,
    walk: walkFrom(packet.message.name, resolvConf),
    startNs: packet.timeNs,
    steps: [],
    index: 0,
    outcome: 'silent',
    lastPacketNs: packet.timeNs,
    openUntilNs: packet.timeNs,
  };
}

function takeQuery(lookup: OpenLookup, packet: DnsPacket, resolvConf: ResolvConf): void {
  const { name, id, type } = packet.message;
  if (lookup.steps.at(-1)?.name !== name) {
    lookup.steps.push({ name, queries: [] });
    lookup.index = lookup.walk.names.indexOf(name);
  }
  lookup.steps.at(-1)!.queries.push({
    timeNs: packet.timeNs,
    port: packet.port,
    type: type === TYPE_A ? TYPE_A : TYPE_AAAA,
    id,
    answer: null,
  });
  noteProgress(lookup, packet.timeNs, resolvConf);
}

function noteProgress(lookup: OpenLookup, timeNs: number, { timeoutSeconds }: ResolvConf): void {
  const { queries } = lookup.steps.at(-1)!;
  lookup.outcome = outcomeOf(queries);
  lookup.lastPacketNs = timeNs;
  const waitsNs = lookup.outcome === 'silent' ? timeoutSeconds * 1_000_000_000 : 0;
  lookup.openUntilNs = isFinished(queries, lookup.outcome) ? timeNs : timeNs + waitsNs + NEXT_QUERY_WITHIN_NS;
}

/** Both types are answered and an address was found; a lookup that failed may still ask again. */
function isFinished(queries: readonly Query[], outcome: NameOutcome): boolean {
  const isAnswered = (wanted: number) =>
    queries.some(({ type, answer }) => type === wanted && answer !== null);
  return outcome === 'found' && isAnswered(TYPE_A) && isAnswered(TYPE_AAAA);
}

function closeLookup({ client, walk, startNs, steps, outcome }: OpenLookup): Lookup {
  // The list follows a name with enough dots that failed, unless a trailing dot forbids it.
  const mayUseList = walk.names.length > 1 && walk.bareIndex === 0;
  const failed = outcome === 'absent' || outcome === 'refused';
  const name = mayUseList && steps.length === 1 && failed ? `${walk.given}.` : walk.given;
  return { client, name, startNs, steps };
}

function tooManyLookups(packet: DnsPacket): InputError {
  return new InputError(
    'too-many-lookups',
    `client ${packet.client}, ${(packet.timeNs / 1e9).toFixed(6)} s into the capture`,
    `more than ${MOST_OPEN_LOOKUPS} lookups are under way`,
    'They cannot be told apart: record fewer pods, or check that the resolv.conf belongs to the capture.',
  );
}
