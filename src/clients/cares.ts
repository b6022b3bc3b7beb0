/**
 * c-ares as Node's `dns.resolve4` and `dns.resolve6` drive it: two questions for the name as given, each with
 * four tries per server and its own jittered deadline.
 *
 * All lookups of a process share a channel. A question takes the server with the fewest failures, and an open
 * socket to it if there is one; a timeout is a failure of its server, and a server with failures gets a new
 * socket for every question. Node looks for deadlines that have passed when something arrives on a socket, and
 * else on a tick of one second, so that most waits end late.
 */
import { invariant } from '../engine/invariant.ts';
import { MICROSECOND, MILLISECOND, type Nanoseconds, SECOND } from '../engine/time.ts';
import { type AnswerCode, NODATA, NOERROR, NXDOMAIN, TRUNCATED } from '../network/dnsAnswers.ts';
import {
  CaresChannel,
  type CaresConnection,
  CaresLookup,
  type CaresQuestion,
  type CaresServer,
  type SocketReuse,
} from './caresChannel.ts';
import { asOf, type Change } from './catalogue/versions.ts';
import type { CaresOptions } from './resolvConf.ts';
import {
  A,
  AAAA,
  type Lookup,
  type LookupError,
  type QuestionType,
  type Resolver,
  type ResolverHost,
  type ResolverThread,
  type SocketHandle,
} from './resolver.ts';

/** What differs between versions. Words of resolv.conf have their versions in the catalogue. */
interface CaresVersion {
  /** Waits follow from the latencies of earlier answers. */
  readonly learnsLatency: boolean;
  /** A question to a good server may be copied to one that failed. */
  readonly probes: boolean;
  readonly reuse: SocketReuse;
  /**
   * Of servers with as many failures the one that failed longest ago is next; all timeouts of one look count
   * before any question is sent again; a question to a server that failed may probe too, and a probe that is lost
   * is not the last.
   */
  readonly recovers: boolean;
}

const CARES_1_21: CaresVersion = { learnsLatency: false, probes: false, reuse: 'always', recovers: false };

const CHANGES: readonly Change<CaresVersion>[] = [
  { since: '1.32', change: { learnsLatency: true } },
  // c-ares pull request 877.
  { since: '1.34', change: { probes: true } },
  // Pull requests 1033 and, for the many sockets that it cost (issue 1152), 1197.
  { since: '1.34.6', change: { reuse: 'unless-server-failing' } },
  { since: '1.34.7', change: { reuse: 'unless-timed-out', recovers: true } },
];

/** What `1.34` without a patch number stands for: the build recorded first. */
const BUILD_OF_1_34 = '1.34.6';

/** One question in ten of those that may probe does. */
const PROBE_CHANCE = 0.1;

/** Node passes this, whatever resolv.conf says. */
const TRIES_PER_SERVER = 4;

/** The wait before the first resend, learned from latencies: five times their mean, from three answers on. */
const LATENCY_FACTOR = 5;
const ANSWERS_FOR_MEAN = 3;
const SHORTEST_WAIT_MS = 250;
const LONGEST_FIRST_WAIT_MS = 5000;

/** resolve6 is called after resolve4, so its deadlines come later. Recorded gaps: 9 to 85 us. */
const SECOND_CALL_NS = 30 * MICROSECOND;

/** Timer slot of every lookup. */
const TICK = 0;
const TICK_PERIOD: Nanoseconds = SECOND;

/**
 * How long before the first query on a channel without open sockets its tick starts. libuv counts it from the
 * start of the event loop's turn, in which JavaScript has run since: recorded 15 to 60 ms when the process starts,
 * and then a tick comes before a deadline of whole seconds and the wait is a second longer. A turn of a later lookup
 * takes less than a millisecond, and every tick is late by about one: the tick comes after that deadline
 * (lossy-lookups.csv: in 10 of 10 from the third lookup of a process on; with real-time priority in 1 of 3).
 */
const FIRST_TICK_LEAD_NS = 20 * MILLISECOND;
const LATER_TICK_LEAD_NS = -100 * MICROSECOND;

/** What a channel works by, from its start to its end. */
interface CaresConfig {
  readonly version: CaresVersion;
  readonly options: CaresOptions;
  readonly servers: number;
  readonly firstWaitMs: number;
  readonly tickLeadNs: (lookups: number) => Nanoseconds;
}

/** A channel that knows its settings: Node reads resolv.conf when the process starts, and not again. */
class NodeChannel extends CaresChannel {
  readonly config: CaresConfig;

  constructor(config: CaresConfig) {
    super(config.servers);
    this.config = config;
  }
}

export interface CaresSettings {
  /** `1.34` stands for 1.34.6; a patch number may be given. */
  readonly version: string;
  readonly options: CaresOptions;
  readonly servers: number;
  /**
   * How long before the first query on a channel without open sockets its tick starts, if it differs from what is
   * usual; given how many lookups the channel has had.
   */
  readonly tickLeadNs?: (lookups: number) => Nanoseconds;
}

export class CaresResolver implements Resolver {
  readonly usualDelays: readonly Nanoseconds[];
  private readonly host: ResolverHost;
  private readonly config: CaresConfig;

  constructor(settings: CaresSettings, host: ResolverHost) {
    invariant(settings.servers >= 1 && settings.servers <= 3, 'c-ares asks one to three name servers');
    this.host = host;
    const tickLeadNs = settings.tickLeadNs ?? usualTickLeadNs;
    this.config = {
      version: asOf(settings.version === '1.34' ? BUILD_OF_1_34 : settings.version, CARES_1_21, CHANGES),
      options: settings.options,
      servers: settings.servers,
      firstWaitMs: boundedWaitMs(settings.options.timeoutNs / MILLISECOND),
      tickLeadNs,
    };
    this.usualDelays = [TICK_PERIOD - tickLeadNs(1), TICK_PERIOD - tickLeadNs(2), TICK_PERIOD];
  }

  newThread(): ResolverThread {
    return new NodeChannel(this.config);
  }

  /** Failures of a server go with its next answer, and lookups share the channel's sockets. */
  forkThread(thread: ResolverThread): ResolverThread {
    return thread;
  }

  start(lookup: Lookup): void {
    const channel = lookup.thread as NodeChannel;
    if (!(lookup.state instanceof CaresLookup)) lookup.state = new CaresLookup();
    const s = lookup.state as CaresLookup;
    channel.lookups += 1;
    lookup.found = 0;
    lookup.candidate = 0;
    s.error = null;
    s.reported = false;
    const now = this.host.now();
    this.ask(channel, lookup, s.a, now);
    if ((lookup.wanted & AAAA) !== 0) this.ask(channel, lookup, s.aaaa, now + SECOND_CALL_NS);
    this.sendHeld(channel);
    this.host.setTimer(lookup, TICK, channel.tickedAt + TICK_PERIOD - now);
  }

  onAnswer(
    lookup: Lookup,
    socket: SocketHandle,
    question: QuestionType,
    server: number,
    code: AnswerCode,
  ): void {
    const channel = lookup.thread as NodeChannel;
    const q = (lookup.state as CaresLookup).asked(question, socket);
    channel.tickedAt = this.host.now();
    const isOpen = q.lookup !== null;
    if (isOpen && code === TRUNCATED && channel.connectionOn(socket)!.owner === null) {
      channel.remove(q);
      q.overTcp = true;
      this.send(channel, q, this.host.now());
    } else if (isOpen) {
      this.accept(channel, q, channel.servers[server]!, code);
    }
    this.afterEvent(channel);
  }

  onTimer(lookup: Lookup): void {
    const channel = lookup.thread as NodeChannel;
    const now = this.host.now();
    // Lookups of a channel tick together: the first one's timer is the tick, the others' find it done. A
    // timer also finds that an answer has put the tick off.
    if (now - channel.tickedAt >= TICK_PERIOD) {
      channel.tickedAt = now;
      this.host.setTimer(lookup, TICK, TICK_PERIOD);
      this.afterEvent(channel);
    } else {
      this.host.setTimer(lookup, TICK, channel.tickedAt + TICK_PERIOD - now);
    }
  }

  onConnected(lookup: Lookup, socket: SocketHandle): void {
    const channel = lookup.thread as NodeChannel;
    const connection = channel.connectionOn(socket)!;
    channel.tickedAt = this.host.now();
    connection.established = true;
    for (let q = oldestOf(channel); q !== null; q = q.newer) {
      if (q.connection === connection && q.isWaiting) this.sendWaiting(q);
    }
    this.afterEvent(channel);
  }

  onConnectFailed(lookup: Lookup, socket: SocketHandle): void {
    this.connectionFailed(lookup, socket);
  }

  onUnreachable(lookup: Lookup, socket: SocketHandle): void {
    this.connectionFailed(lookup, socket);
  }

  onSendRefused(lookup: Lookup, socket: SocketHandle, question: QuestionType): void {
    const channel = lookup.thread as NodeChannel;
    const q = (lookup.state as CaresLookup).asked(question, socket);
    if (q.connection === null || q.connection.socket !== socket) return;
    q.connection.server.failed(this.host.now());
    this.tryAgain(channel, q);
    this.afterEvent(channel);
  }

  private ask(channel: NodeChannel, lookup: Lookup, q: CaresQuestion, now: Nanoseconds): void {
    q.lookup = lookup;
    q.tries = 0;
    q.overTcp = channel.config.options.useVc;
    this.send(channel, q, now);
  }

  private send(channel: NodeChannel, q: CaresQuestion, now: Nanoseconds): void {
    const server = this.chooseServer(channel, q);
    this.sendTo(channel, q, server, now);
    if (q.tries > 0 || q.isProbe || (server.failures > 0 && !channel.config.version.recovers)) return;
    this.probe(channel, q, server, now);
  }

  private sendTo(channel: NodeChannel, q: CaresQuestion, server: CaresServer, now: Nanoseconds): void {
    const { config } = channel;
    q.connection = server.reusable(q, config.version.reuse) ?? this.connect(channel, server, q);
    q.sentAt = now;
    q.deadline = now + this.waitMs(config, server, q) * MILLISECOND;
    channel.add(q);
    this.transmit(channel, q, q.connection);
  }

  /** Sends a copy of a question to a server that failed, now and then. Nobody waits for its answer. */
  private probe(channel: NodeChannel, q: CaresQuestion, asked: CaresServer, now: Nanoseconds): void {
    const { version, servers } = channel.config;
    if (!version.probes || servers === 1 || !channel.anyFailing) return;
    if (this.host.uniform(q.lookup!, probeDraw(q.type)) >= PROBE_CHANCE) return;
    const server = channel.serverToProbe(now, asked);
    const probe = (q.lookup!.state as CaresLookup).probe(q.type);
    if (server === null || probe.lookup !== null) return;
    probe.lookup = q.lookup;
    probe.tries = 0;
    probe.overTcp = q.overTcp;
    server.probed = true;
    this.sendTo(channel, probe, server, now);
  }

  private chooseServer(channel: NodeChannel, q: CaresQuestion): CaresServer {
    if (!channel.config.options.rotate) return channel.preferredServer(channel.config.version.recovers);
    return channel.randomPreferredServer(this.host.uniform(q.lookup!, serverDraw(q.type, q.tries)));
  }

  private connect(channel: NodeChannel, server: CaresServer, q: CaresQuestion): CaresConnection {
    if (channel.openConnections === 0) {
      channel.tickedAt = this.host.now() - channel.config.tickLeadNs(channel.lookups);
    }
    const lookup = q.lookup!;
    if (q.overTcp) return channel.addConnection(server, this.host.connect(lookup, server.index), lookup);
    return channel.addConnection(server, this.host.openSocket(lookup), null);
  }

  /** The wait doubles with each trip over all servers; from the second on it is shortened by up to a half. */
  private waitMs(config: CaresConfig, server: CaresServer, q: CaresQuestion): number {
    const firstMs = firstWaitMs(config, server);
    const trips = Math.floor(q.tries / config.servers);
    if (trips === 0) return firstMs;
    const longestMs = firstMs * (1 << trips);
    const jitter = this.host.uniform(q.lookup!, jitterDraw(q.type, q.tries));
    return Math.max(firstMs, longestMs - Math.floor(longestMs * 0.5 * jitter));
  }

  private transmit(channel: NodeChannel, q: CaresQuestion, connection: CaresConnection): void {
    if (connection.owner !== null) {
      if (connection.established) this.host.sendOverTcp(q.lookup!, connection.socket, q.type);
      else q.isWaiting = true;
      return;
    }
    const { held } = channel;
    if (held !== null && held.type === A && q.lookup === held.lookup && q.connection === held.connection) {
      channel.held = null;
      this.host.sendPair(q.lookup!, connection.socket, connection.server.index);
      return;
    }
    this.sendHeld(channel);
    channel.held = q;
  }

  /** Nothing follows that would make a pair of it. */
  private sendHeld(channel: NodeChannel): void {
    const q = channel.held;
    if (q === null) return;
    channel.held = null;
    const { socket, server } = q.connection!;
    this.host.sendQuery(q.lookup!, socket, q.type, server.index);
  }

  /** The handshake is over: A and AAAA of a lookup leave together. */
  private sendWaiting(q: CaresQuestion): void {
    const s = q.lookup!.state as CaresLookup;
    const other = q.type === A ? s.aaaa : s.a;
    const both = other.isWaiting && other.connection === q.connection;
    q.isWaiting = false;
    if (both) other.isWaiting = false;
    this.host.sendOverTcp(q.lookup!, q.connection!.socket, both ? A | AAAA : q.type);
  }

  /** Node asks for errors as they come, so SERVFAIL and REFUSED end the question, and clear the server. */
  private accept(channel: NodeChannel, q: CaresQuestion, server: CaresServer, code: AnswerCode): void {
    server.answered();
    if (code === NOERROR || code === NXDOMAIN || code === NODATA) {
      server.recordLatency(this.host.now() - q.sentAt);
    }
    if (code === NOERROR && !q.isProbe) q.lookup!.found |= q.type;
    channel.remove(q);
    this.questionEnded(channel, q, code === NXDOMAIN ? 'noname' : code === NODATA ? 'nodata' : 'again');
  }

  private connectionFailed(lookup: Lookup, socket: SocketHandle): void {
    const channel = lookup.thread as NodeChannel;
    const connection = channel.connectionOn(socket);
    if (connection === null) return;
    connection.server.failed(this.host.now());
    for (let q = oldestOf(channel); q !== null && connection.questions > 0; ) {
      const next: CaresQuestion | null = q.newer;
      if (q.connection === connection) this.tryAgain(channel, q);
      q = next;
    }
    this.afterEvent(channel);
  }

  private tryAgain(channel: NodeChannel, q: CaresQuestion): void {
    channel.remove(q);
    this.sendAgain(channel, q);
  }

  private sendAgain(channel: NodeChannel, q: CaresQuestion): void {
    q.tries += 1;
    const triesLeft = q.tries < TRIES_PER_SERVER * channel.config.servers && !q.isProbe;
    if (triesLeft) this.send(channel, q, this.host.now());
    else this.questionEnded(channel, q, 'again');
  }

  private questionEnded(channel: NodeChannel, q: CaresQuestion, error: LookupError): void {
    const lookup = q.lookup!;
    const s = lookup.state as CaresLookup;
    q.lookup = null;
    if (!q.isProbe) s.error = worse(s.error, error);
    if (s.isAsking || (q.isProbe && (s.isProbing || !s.reported))) return;
    s.nextEnded = channel.ended;
    channel.ended = lookup;
  }

  /** What c-ares does whenever it is called: deadlines, then connections without questions. */
  private afterEvent(channel: NodeChannel): void {
    const now = this.host.now();
    const { recovers } = channel.config.version;
    for (let q = channel.overdue(now); q !== null; q = channel.overdue(now)) {
      const connection = q.connection!;
      connection.server.failed(now);
      connection.timedOut = true;
      if (!recovers) {
        this.tryAgain(channel, q);
        continue;
      }
      if (q.isProbe) connection.server.probed = false;
      channel.remove(q);
      channel.timedOut.push(q);
    }
    for (const q of channel.timedOut) this.sendAgain(channel, q);
    channel.timedOut.length = 0;
    this.sendHeld(channel);
    this.closeIdle(channel);
    this.finishEnded(channel);
  }

  private closeIdle(channel: NodeChannel): void {
    const { servers } = channel;
    for (let i = 0; i < servers.length; i++) {
      for (let connection = servers[i]!.latest; connection !== null; ) {
        const { older }: CaresConnection = connection;
        if (connection.questions === 0) {
          this.host.closeSocket(connection.socket);
          channel.removeConnection(connection);
        }
        connection = older;
      }
    }
  }

  private finishEnded(channel: NodeChannel): void {
    while (channel.ended !== null) {
      const lookup = channel.ended;
      const s = lookup.state as CaresLookup;
      channel.ended = s.nextEnded;
      s.nextEnded = null;
      const error = lookup.found !== 0 ? 'ok' : s.error!;
      if (s.isProbing) {
        s.reported = true;
        this.host.report(lookup, error);
      } else {
        this.host.clearTimer(lookup, TICK);
        this.host.finish(lookup, error);
      }
    }
  }
}

function usualTickLeadNs(lookups: number): Nanoseconds {
  return lookups === 1 ? FIRST_TICK_LEAD_NS : LATER_TICK_LEAD_NS;
}

/** Draw that shortens the wait of a question's try (0, 1, ...). */
export function jitterDraw(question: QuestionType, tries: number): number {
  return 2 * tries + (question === A ? 0 : 1);
}

/** Draw for the server of a question's try, with `rotate`; twelve tries at most leave room for it. */
export function serverDraw(question: QuestionType, tries: number): number {
  return 32 + jitterDraw(question, tries);
}

/** Draw for whether a question probes. */
export function probeDraw(question: QuestionType): number {
  return question === A ? 56 : 57;
}

function firstWaitMs(config: CaresConfig, server: CaresServer): number {
  if (!config.version.learnsLatency || server.answers < ANSWERS_FOR_MEAN) return config.firstWaitMs;
  return boundedWaitMs(Math.floor(server.latencySumMs / server.answers) * LATENCY_FACTOR);
}

function boundedWaitMs(waitMs: number): number {
  return Math.min(LONGEST_FIRST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, waitMs));
}

/** Of the errors of two families the one that says least about the name. */
function worse(one: LookupError | null, other: LookupError): LookupError {
  if (one === null) return other;
  if (one === 'again' || other === 'again') return 'again';
  return one === 'nodata' || other === 'nodata' ? 'nodata' : 'noname';
}

function oldestOf(channel: NodeChannel): CaresQuestion | null {
  let q = channel.newest;
  while (q !== null && q.older !== null) q = q.older;
  return q;
}
