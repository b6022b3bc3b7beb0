/** Plays a recording again: the same fault, the same options, the machine in place of the library. */
import { CaresResolver, jitterDraw, serverDraw } from '../../../src/clients/cares.ts';
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
} from '../../../src/clients/resolver.ts';
import { MILLISECOND, SECOND } from '../../../src/engine/time.ts';
import { NXDOMAIN, REFUSED, SERVFAIL } from '../../../src/network/dnsAnswers.ts';
import { answer, fault, firstServer, LOST, UNREACHABLE } from './faults.ts';
import { type Client, nameOf, type RecordedLookup, type Recording } from './recordings.ts';
import { type HostSetup, type Run, type Script, ScriptedHost, TestLookup } from './scriptedHost.ts';

const LIBC: Readonly<Record<Client, string>> = {
  glibc: 'glibc-2.36',
  musl: 'musl-1.2.3',
  go: 'go-1.19.8',
  'node-lookup': 'glibc-2.36',
  'node-cares': 'c-ares-1.34.6',
};

/** Lookups that were killed had hung for longer than this. */
const PATIENCE_NS = 115 * SECOND;

/** What the name of a case says about the world. */
interface Setting {
  /** One for each lookup, or one for all. */
  readonly scripts: readonly Script[];
  readonly nameServers: number;
  readonly searchLength: number;
  readonly ndots?: string;
  readonly dots: number;
  readonly trailingDot: boolean;
  readonly host: HostSetup;
  /** Which thread runs lookup i (0, 1, ...). */
  readonly threadOf: (lookup: number) => number;
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
  threadOf: () => 0,
};

/** Recordings in which a timer was less late, or more, than in the others of their kind. */
const TIMING_OF: Readonly<Record<string, { latenessNs?: number; tickLeadNs?: number }>> = {
  // Three intervals of 333 ms within the second: the poll returned in time for a fourth send.
  'musl, timeout:1 attempts:3, rfa': { latenessNs: 0.1 * MILLISECOND },
  // The second timer was 40 ms late, so that the answer came before the fourth send.
  'musl, timeout:5 attempts:5, dl3': { latenessNs: 15 * MILLISECOND },
  // Both lost, and the tick came after the deadline, not before: 2.0 s and 1.0 s in place of 3.0 s and 2.0 s.
  'node-cares, ndots:1, search(ndots:1):dall dotted': { tickLeadNs: 0 },
  'node-cares, timeout:1 attempts:3, dall': { tickLeadNs: 0 },
};

export function replay(recording: Recording): readonly Run[] {
  const setting = settingOf(recording);
  const timing = TIMING_OF[nameOf(recording)] ?? {};
  let current: RecordedLookup = recording.lookups[0]!;
  const host = new ScriptedHost({
    ...setting.host,
    ...(timing.latenessNs === undefined ? {} : { latenessNs: timing.latenessNs }),
    uniform: (lookup, index) => drawOf(recording, current, setting, lookup, index),
  });
  const make = () => resolverFor(recording, setting, host, timing.tickLeadNs);
  let resolver = make();
  const threads: Map<number, ReturnType<Resolver['newThread']>> = new Map();
  const lookup = new TestLookup(0);
  lookup.dots = setting.dots;
  lookup.trailingDot = setting.trailingDot;
  return recording.lookups.map((recorded, i) => {
    current = recorded;
    if (setting.rewrittenBefore === i) resolver = make();
    const thread = setting.threadOf(i);
    if (!threads.has(thread)) threads.set(thread, resolver.newThread());
    lookup.thread = threads.get(thread)!;
    const run = host.start(resolver, lookup, setting.scripts[i] ?? setting.scripts.at(-1)!);
    host.runUntil(host.now() + PATIENCE_NS, () => run.endedAt !== null);
    return run;
  });
}

function resolverFor(
  recording: Recording,
  setting: Setting,
  host: ResolverHost,
  tickLeadNs: number | undefined,
): Resolver {
  const libc = LIBC[recording.client];
  const options = setting.ndots === undefined ? recording.options : [...recording.options, setting.ndots];
  if (tickLeadNs === undefined) {
    const { nameServers, searchLength } = setting;
    return createResolver({ libc, options, nameServers, searchLength }, host);
  }
  const version = parseResolver(libc);
  return new CaresResolver(
    {
      version: version.version,
      options: readOptions(version, options).options,
      servers: setting.nameServers,
      tickLeadNs,
    },
    host,
  );
}

function settingOf(recording: Recording): Setting {
  const { case: name, client } = recording;
  const setting = { ...ONE_NAME, threadOf: threadsOf(client, 4) };

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
    const threadOf = threadsOf(client, Number(pool[1]));
    return { ...setting, scripts: [fault('da1'), fault(after)], threadOf };
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
      return { ...setting, scripts: [fault('da1'), fault('ok')], threadOf: (i) => i };
    case 'resolv.conf rewritten after da1 (same thread)':
      return { ...setting, scripts: [fault('da1'), fault('ok')], rewrittenBefore: 2 };
    default:
      return { ...setting, scripts: [fault(name)] };
  }
}

/** libuv hands lookups to its threads in turn; the other clients had one thread. */
function threadsOf(client: Client, poolSize: number): (lookup: number) => number {
  return client === 'node-lookup' ? (i) => i % poolSize : () => 0;
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
      return goOrder(recorded, lookup, index);
    case 'node-cares':
      return caresDraw(recording, recorded, setting, index);
    default:
      throw new Error('musl draws nothing');
  }
}

/** 0 makes AAAA leave first: it did if its socket was opened first. */
function goOrder(recorded: RecordedLookup, lookup: Lookup, index: number): number {
  const names = [...new Set(recorded.packets.map(({ name }) => name))].filter((name) => name > 0);
  const position = names.findIndex((_, i) => orderDraw(i) === index);
  if (position < 0) throw new Error(`no name of lookup ${lookup.handle} has draw ${index}`);
  const ports = (question: string) =>
    recorded.packets
      .filter((packet) => packet.name === names[position] && packet.question === question)
      .map(({ port }) => port);
  return Math.min(...ports('AAAA')) < Math.min(...ports('A')) ? 0 : 0.99;
}

/**
 * The jitter that makes a wait end in the second before the tick at which the recording went on; none where
 * the answer came.
 */
function caresDraw(recording: Recording, recorded: RecordedLookup, setting: Setting, index: number): number {
  for (const question of [A, AAAA] as const) {
    const sends = sendsOf(recording, recorded, question);
    const found = recorded.result.includes(question === A ? '1xA+' : '1xAAAA');
    for (let tries = 0; tries < 4 * setting.nameServers; tries++) {
      const at = sends[tries];
      if (index === serverDraw(question, tries)) {
        return at === undefined ? 0 : (at.server - 0.5) / setting.nameServers;
      }
      if (index !== jitterDraw(question, tries) || at === undefined) continue;
      const firstMs = recording.options.includes('timeout:1') ? 1000 : 2000;
      const longestMs = firstMs * 2 ** Math.floor(tries / setting.nameServers);
      if (tries === sends.length - 1 && found) return 0;
      const untilMs = sends[tries + 1]?.atMs ?? recorded.totalMs;
      const waitMs = untilMs - at.atMs - 500;
      return Math.min(0.999, Math.max(0, 2 * (1 - waitMs / longestMs)));
    }
  }
  return 0.5;
}

function sendsOf(
  recording: Recording,
  recorded: RecordedLookup,
  question: QuestionType,
): readonly { readonly atMs: number; readonly server: number }[] {
  const text = question === A ? 'A' : 'AAAA';
  const sends = recorded.packets.filter((packet) => packet.question === text);
  // The first AAAA was not sent: the error that the first A had drawn stopped it.
  return recording.case === 'ns1 ICMP unreach' && question === AAAA ? [sends[0]!, ...sends] : sends;
}
