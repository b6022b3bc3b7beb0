/** Plays a recording again: the same fault, the same options, the machine in place of the library. */
import { CaresResolver, jitterDraw, probeDraw, serverDraw } from '../../../src/clients/cares.ts';
import type { CaresLookup } from '../../../src/clients/caresChannel.ts';
import { parseResolver } from '../../../src/clients/catalogue.ts';
import { createResolver } from '../../../src/clients/createResolver.ts';
import { ROTATION_DRAW } from '../../../src/clients/glibc.ts';
import { orderDraw } from '../../../src/clients/go.ts';
import { readOptions } from '../../../src/clients/resolvConf.ts';
import {
  A,
  AAAA,
  type Lookup,
  type QuestionType,
  type Resolver,
  type ResolverHost,
  type ResolverThread,
} from '../../../src/clients/resolver.ts';
import { MILLISECOND, SECOND } from '../../../src/engine/time.ts';
import { NOERROR, NXDOMAIN, REFUSED, SERVFAIL } from '../../../src/network/dnsAnswers.ts';
import { answer, fault, firstServer, LOST, UNREACHABLE } from './faults.ts';
import {
  type Client,
  nameOf,
  type RecordedLookup,
  type RecordedPacket,
  type Recording,
} from './recordings.ts';
import { type HostSetup, type Run, type Script, ScriptedHost, TestLookup } from './scriptedHost.ts';

const LIBC: Readonly<Record<Client, string>> = {
  glibc: 'glibc-2.36',
  musl: 'musl-1.2.3',
  go: 'go-1.19.8',
  'node-lookup': 'glibc-2.36',
  'node-cares': 'c-ares-1.34.6',
};

/** Between a query and its answer. */
const LATENCY_MS = 20;

/** Lookups that were killed had hung for longer than this. */
const PATIENCE_NS = 115 * SECOND;

/** What the name of a case says about the world. */
export interface Setting {
  /** One for each lookup, or one for all. */
  readonly scripts: readonly Script[];
  readonly nameServers: number;
  readonly searchLength: number;
  readonly ndots?: string;
  readonly dots: number;
  readonly trailingDot: boolean;
  readonly host: HostSetup;
  /** Threads that take the lookups in turn. */
  readonly threads: number;
  /** Now and then another thread of the pool is faster. */
  readonly outOfTurn: boolean;
  /** The lookup before which resolv.conf is rewritten. */
  readonly rewrittenBefore?: number;
}

const ONE_NAME: Setting = {
  scripts: [fault('ok')],
  nameServers: 1,
  searchLength: 0,
  dots: 2,
  trailingDot: false,
  host: {},
  threads: 1,
  outOfTurn: false,
};

/** Recordings in which timers were less late, or more, than in the others of their kind. */
const LATENESS_OF: Readonly<Record<string, number>> = {
  // Three intervals of 333 ms within the second: the poll returned in time for a fourth send.
  'musl, timeout:1 attempts:3, rfa': 0.1 * MILLISECOND,
  // The second timer was 40 ms late, so that the answer came before the fourth send.
  'musl, timeout:5 attempts:5, dl3': 15 * MILLISECOND,
};

export function replay(recording: Recording): readonly Run[] {
  const setting = settingOf(recording);
  const latenessNs = LATENESS_OF[nameOf(recording)];
  let current: RecordedLookup = recording.lookups[0]!;
  const host = new ScriptedHost({
    ...setting.host,
    ...(latenessNs === undefined ? {} : { latenessNs }),
    uniform: (lookup, index) => drawOf(recording, current, setting, lookup, index),
  });
  const make = () =>
    resolverFor(recording, setting, host, (lookups) =>
      tickLeadOf(recording, recording.lookups[lookups - 1] ?? recording.lookups[0]!),
    );
  let resolver = make();
  const threads = Array.from({ length: setting.threads }, () => resolver.newThread());
  let lookup = new TestLookup(0);
  let run: Run | undefined;
  return recording.lookups.map((recorded, i) => {
    current = recorded;
    if (setting.rewrittenBefore === i) resolver = make();
    // Used again, unless a probe of the last lookup is still on the way.
    if (run?.isOver === false) lookup = new TestLookup(i);
    lookup.dots = setting.dots;
    lookup.trailingDot = setting.trailingDot;
    const inTurn = threads.map((_, turn) => threads[(i + turn) % threads.length]!);
    const other = setting.outOfTurn ? inTurn.find((thread) => mayHaveSent(thread, recorded)) : undefined;
    lookup.thread = other ?? inTurn[0]!;
    const started = host.start(resolver, lookup, setting.scripts[i] ?? setting.scripts.at(-1)!);
    host.runUntil(host.now() + PATIENCE_NS, () => started.endedAt !== null);
    // Node calls back after all that one poll found: a probe's answer may have come with the last one.
    host.runUntil(host.now());
    run = started;
    return started;
  });
}

/** The machine for the library that was recorded, with the options and name servers that it had. */
export function resolverFor(
  { client, version, options: words }: Recording,
  { nameServers, searchLength, ndots }: Setting,
  host: ResolverHost,
  tickLeadNs?: (lookups: number) => number,
): Resolver {
  const libc = LIBC[client];
  const options = ndots === undefined ? words : [...words, ndots];
  if (client !== 'node-cares') return createResolver({ libc, options, nameServers, searchLength }, host);
  return new CaresResolver(
    {
      version: /^c-ares (\S+)/.exec(version)![1]!,
      options: readOptions(parseResolver(libc), options).options,
      servers: nameServers,
      ...(tickLeadNs === undefined ? {} : { tickLeadNs }),
    },
    host,
  );
}

/**
 * If all first queries are lost, a tick comes about when the first wait of whole seconds ends. Whether just before
 * it or just after, and so whether the wait is a second longer, the recording says.
 */
function tickLeadOf({ options }: Recording, { packets }: RecordedLookup): number {
  const waitMs = options.includes('timeout:1') ? 1000 : 2000;
  const resentMs = packets.find(({ atMs }) => atMs > 500)?.atMs ?? 0;
  return resentMs > waitMs - 100 && resentMs < waitMs + 500 ? -0.1 * MILLISECOND : 20 * MILLISECOND;
}

export function settingOf(recording: Recording): Setting {
  const { case: name, client } = recording;
  const setting = { ...ONE_NAME, threads: threadsOf(client, 4) };

  const lossy = /^(\d)ns( search2)?(?: UV(\d))? loss /.exec(name);
  if (lossy !== null) {
    return {
      ...setting,
      scripts: recording.lookups.map(lossesOf),
      nameServers: Number(lossy[1]),
      searchLength: lossy[2] === undefined ? 0 : 2,
      threads: threadsOf(client, Number(lossy[3] ?? 4)),
      outOfTurn: client === 'node-lookup',
    };
  }
  const list = /^L:(.*)$/.exec(name);
  if (list !== null) return { ...setting, scripts: list[1]!.split(',').map(fault) };

  const search = /^search5:(\w+)( trailing dot)?$/.exec(name);
  if (search !== null) {
    const trailingDot = search[2] !== undefined;
    return { ...setting, scripts: [fault(search[1]!)], searchLength: 4, ndots: 'ndots:5', trailingDot };
  }
  const ndots1 = { ...setting, searchLength: 4 };
  const servers = { ...setting, nameServers: 2, host: { errorStopsPair: client === 'node-cares' } };
  const pool = /^UV_THREADPOOL_SIZE=(\d): da1(,ok)? x\d$/.exec(name);
  if (pool !== null) {
    const after = pool[2] === undefined ? 'da1' : 'ok';
    const threads = threadsOf(client, Number(pool[1]));
    return { ...setting, scripts: [fault('da1'), fault(after)], threads };
  }
  if (name.startsWith('rotate stat ns3')) return { ...setting, nameServers: 3 };

  switch (name) {
    case 'search(ndots:1):srok dotted':
      return { ...ndots1, scripts: [fault('srok')] };
    case 'search(ndots:1):no dot srok':
      return { ...ndots1, scripts: [fault('srok')], dots: 0 };
    case 'search(ndots:1):dall dotted':
      return { ...ndots1, scripts: [fault('dall')] };
    case 'search(ndots:1):bare NX, list hit':
      // On record all five names are NXDOMAIN.
      return { ...ndots1, scripts: [() => answer(NXDOMAIN)] };
    case 'ns2:both live':
      return servers;
    case 'ns2:1st silent':
    case 'ns2:1st silent x3 lookups':
    case 'ns2:1st silent (over TCP)':
      return { ...servers, scripts: [firstServer(LOST)] };
    case 'ns2:1st REFUSED':
      return { ...servers, scripts: [firstServer(answer(REFUSED))] };
    case 'ns2:1st SERVFAIL':
      return { ...servers, scripts: [firstServer(answer(SERVFAIL))] };
    case 'ns2:1st ICMP unreach':
      return { ...servers, scripts: [firstServer(UNREACHABLE)] };
    case 'ns2:1st port closed (RST)':
      return { ...servers, host: { closedTcpServers: [0] } };
    case 'ns2:da1':
    case 'ns2:dq1':
    case 'ns2:da2':
    case 'ns2:dall':
      return { ...servers, scripts: [fault(name.slice(4))] };
    case 'ns1 ICMP unreach':
      return { ...servers, nameServers: 1, scripts: [unreachableBut(UNANSWERED_BY_ICMP[client])] };
    case 'first SYN dropped':
      return { ...setting, host: { firstSynIsLost: true } };
    case 'TC then first SYN dropped':
      return { ...setting, scripts: [fault('tca')], host: { firstSynIsLost: true } };
    case 'threads: da1 in T1, ok in T2, ok in T3':
    case 'fork per lookup: da1,ok,ok':
      return { ...setting, scripts: [fault('da1'), fault('ok')], threads: 3 };
    case 'resolv.conf rewritten after da1 (same thread)':
      return { ...setting, scripts: [fault('da1'), fault('ok')], rewrittenBefore: 2 };
    default:
      return { ...setting, scripts: [fault(name)] };
  }
}

/**
 * What was lost of a lookup is lost again: the k-th query of a type for a name to a server has the fate of the k-th
 * such query on record. One that is not on record is answered. Names of the search list do not exist.
 */
function lossesOf(recorded: RecordedLookup): Script {
  const fates = new Map<string, boolean[]>();
  for (const { question, server, name, dropped } of recorded.packets) {
    const key = `${question} ${server} ${name}`;
    fates.set(key, [...(fates.get(key) ?? []), dropped!]);
  }
  const names: number[] = [];
  return ({ question, server, candidate }) => {
    if (!names.includes(candidate)) names.push(candidate);
    const key = `${question === A ? 'A' : 'AAAA'} ${server + 1} ${names.indexOf(candidate) + 1}`;
    return fates.get(key)?.shift() ? LOST : answer(candidate === 0 ? NOERROR : NXDOMAIN);
  };
}

/** libuv hands lookups to its threads in turn; the other clients had one thread. */
function threadsOf(client: Client, poolSize: number): number {
  return client === 'node-lookup' ? poolSize : 1;
}

/** What the first packets show of what glibc had learned in the thread that sent them. */
function mayHaveSent(thread: ResolverThread, { packets }: RecordedLookup): boolean {
  const { serial, reopen } = thread as ResolverThread & {
    readonly serial: boolean;
    readonly reopen: boolean;
  };
  const [first, second] = packets;
  if (second?.question === 'AAAA' && second.atMs < LATENCY_MS / 2) return !serial;
  if (second?.question === 'AAAA') return serial && reopen === (second.port !== first!.port);
  return serial;
}

/** The AAAA (0, 1, ...) that drew no ICMP answer: the kernel limits their rate. */
const UNANSWERED_BY_ICMP: Partial<Record<Client, number>> = { go: 0, 'node-cares': 2 };

function unreachableBut(unanswered: number | undefined): Script {
  return ({ question, earlier }) => (question === AAAA && earlier === unanswered ? LOST : UNREACHABLE);
}

/** The random choice that the library must have made, read off the recording. */
function drawOf(
  recording: Recording,
  recorded: RecordedLookup,
  setting: Setting,
  lookup: Lookup,
  index: number,
): number {
  switch (recording.client) {
    case 'glibc':
    case 'node-lookup':
      if (index !== ROTATION_DRAW) throw new Error(`glibc has no draw ${index}`);
      return (recorded.packets[0]!.server - 0.5) / setting.nameServers;
    case 'go':
      return goOrder(recording, recorded, setting, lookup, index);
    case 'node-cares':
      return caresDraw(recording, recorded, setting, lookup, index);
    default:
      throw new Error('musl draws nothing');
  }
}

/** 0 makes AAAA leave first: it did if its socket was opened first, or, with `rotate`, if its server came first. */
function goOrder(
  recording: Recording,
  recorded: RecordedLookup,
  setting: Setting,
  lookup: Lookup,
  index: number,
): number {
  const names = [...new Set(recorded.packets.map(({ name }) => name))].filter((name) => name > 0);
  const position = names.findIndex((_, i) => orderDraw(i) === index);
  if (position < 0) throw new Error(`no name of lookup ${lookup.handle} has draw ${index}`);
  const of = (question: string) =>
    recorded.packets.filter((packet) => packet.name === names[position] && packet.question === question);
  if (recording.options.includes('rotate')) {
    const { questions } = lookup.thread as ResolverThread & { readonly questions: number };
    return of('AAAA')[0]!.server === (questions % setting.nameServers) + 1 ? 0 : 0.99;
  }
  const firstPort = (question: string) => Math.min(...of(question).map(({ port }) => port));
  return firstPort('AAAA') < firstPort('A') ? 0 : 0.99;
}

/**
 * The server and the jitter that the library drew. The jitter is any that makes the question's deadline pass
 * between the two looks at deadlines around which the recording went on; none where the answer came.
 */
function caresDraw(
  recording: Recording,
  recorded: RecordedLookup,
  setting: Setting,
  lookup: Lookup,
  index: number,
): number {
  for (const question of [A, AAAA] as const) {
    const sends = sendsOf(recording, recorded, question);
    if (index === probeDraw(question)) return probesIn(sends) > 0 ? 0 : 0.99;
    const tried = sends.filter((_, i) => i === 0 || i > probesIn(sends));
    const found = recorded.result.includes(question === A ? '1xA+' : '1xAAAA');
    for (let tries = 0; tries < 4 * setting.nameServers; tries++) {
      const at = tried[tries];
      if (index === serverDraw(question, tries)) {
        return at === undefined ? 0 : (at.server - 0.5) / setting.nameServers;
      }
      if (index !== jitterDraw(question, tries) || at === undefined) continue;
      if (tries === tried.length - 1 && found) return 0;
      const longestMs =
        firstWaitMs(recording, lookup, question) * 2 ** Math.floor(tries / setting.nameServers);
      const next = tried[tries + 1];
      const untilMs = next?.atMs ?? recorded.totalMs;
      const sinceMs = lookBefore(recorded, untilMs);
      // Of two deadlines that one look found, the earlier one was acted on first.
      const share = next === undefined || isSecondAtOnce(recorded, next) ? 0.6 : 0.4;
      const deadlineMs = sinceMs + share * (untilMs - sinceMs);
      return Math.min(0.999, Math.max(0, 2 * (1 - (deadlineMs - at.atMs) / longestMs)));
    }
  }
  return 0.5;
}

/** A copy of the first send that left with it, to another server. */
function probesIn(sends: readonly RecordedPacket[]): number {
  const [first, second] = sends;
  return second !== undefined && second.atMs < LATENCY_MS / 2 && second.server !== first!.server ? 1 : 0;
}

/** The other question was sent just before it. */
function isSecondAtOnce({ packets }: RecordedLookup, sent: RecordedPacket): boolean {
  const before = packets[packets.indexOf(sent) - 1];
  return before !== undefined && before.question !== sent.question && sent.atMs - before.atMs < 5;
}

/** The first wait at the server that a question has just been sent to: as set, or five times its mean latency. */
function firstWaitMs(recording: Recording, lookup: Lookup, question: QuestionType): number {
  const { server } = (lookup.state as CaresLookup).question(question).connection!;
  if (server.answers < 3) return recording.options.includes('timeout:1') ? 1000 : 2000;
  return Math.min(5000, Math.max(250, 5 * Math.floor(server.latencySumMs / server.answers)));
}

/** The last time before `untilMs` at which c-ares looked for deadlines: a send, an answer, or a tick. */
function lookBefore(recorded: RecordedLookup, untilMs: number): number {
  const looks = recorded.packets.flatMap(({ atMs, dropped }) =>
    dropped === false ? [atMs, atMs + LATENCY_MS] : [atMs],
  );
  return Math.max(untilMs - 1000, ...looks.filter((atMs) => atMs < untilMs - 2));
}

function sendsOf(
  recording: Recording,
  recorded: RecordedLookup,
  question: QuestionType,
): readonly RecordedPacket[] {
  const text = question === A ? 'A' : 'AAAA';
  const sends = recorded.packets.filter((packet) => packet.question === text);
  // The first AAAA was not sent: the error that the first A had drawn stopped it.
  return recording.case === 'ns1 ICMP unreach' && question === AAAA ? [sends[0]!, ...sends] : sends;
}
