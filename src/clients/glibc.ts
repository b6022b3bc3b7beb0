/**
 * glibc's stub resolver (resolv/res_send.c, res_query.c) as getaddrinfo drives it.
 *
 * For each name of the search list: for each round, for each server: send A and AAAA as a pair from one
 * connected socket and wait for both within one budget. If just one answer came, the thread learns, in steps
 * that it never takes back: ask one after the other; then each from a port of its own; then be content with
 * one family. If none came, the next server, the next round. Sockets stay open over rounds, so a resend
 * leaves from the same port; an error closes them all.
 */
import { invariant } from '../engine/invariant.ts';
import { type Nanoseconds, SECOND } from '../engine/time.ts';
import {
  type AnswerCode,
  NODATA,
  NOERROR,
  NXDOMAIN,
  REFUSED,
  SERVFAIL,
  TRUNCATED,
} from '../network/dnsAnswers.ts';
import { NO_CANDIDATE, usualOrder } from './candidates.ts';
import { asOf, type Change } from './catalogue/versions.ts';
import {
  GlibcSearch,
  type NameFailure,
  NO_DATA,
  NOBODY_THERE,
  NOT_FOUND,
  SERVER_FAILED,
  TRY_AGAIN,
} from './glibcSearch.ts';
import type { GlibcOptions } from './resolvConf.ts';
import {
  A,
  AAAA,
  type Lookup,
  type LookupError,
  NO_SOCKET,
  type QuestionType,
  type Resolver,
  type ResolverHost,
  type ResolverThread,
  type SocketHandle,
} from './resolver.ts';

/** What differs between versions. Words of resolv.conf have their versions in the catalogue. */
interface GlibcVersion {
  /** The ladder has its second step: a port of its own for each question. */
  readonly learnsToReopen: boolean;
  /** One sendmmsg for the pair: if the kernel refuses its second message, that one is sent again at once. */
  readonly sendmmsg: boolean;
  /** A rewritten resolv.conf is noticed, and what was learned is forgotten. */
  readonly reloads: boolean;
  /** The longest search list. */
  readonly maxSearch: number;
  /** Bug 30081: in serial mode an error for A is followed by a wait for an answer that nobody asked for. */
  readonly waitsAfterSerialError: boolean;
}

const GLIBC_2_10: GlibcVersion = {
  learnsToReopen: false,
  sendmmsg: false,
  reloads: false,
  maxSearch: 6,
  waitsAfterSerialError: true,
};

const CHANGES: readonly Change<GlibcVersion>[] = [
  { since: '2.11', change: { learnsToReopen: true } },
  { since: '2.16', change: { sendmmsg: true } },
  { since: '2.26', change: { reloads: true, maxSearch: Number.POSITIVE_INFINITY } },
  // Debian's 2.36-9+deb12u14, the recorded build, has the fix; 2.37 to 2.40 as released have not.
  { since: '2.36', change: { waitsAfterSerialError: false } },
  { since: '2.37', change: { waitsAfterSerialError: true } },
  { since: '2.41', change: { waitsAfterSerialError: false } },
];

const MAX_SERVERS = 3;
/** The only timer: the budget for both answers of one server. */
const BUDGET = 0;
/** Draw for the server at which a thread with `rotate` starts. */
export const ROTATION_DRAW = 0;

/** No answer to a question yet. */
const NONE = -1;

interface GlibcConfig {
  readonly version: GlibcVersion;
  readonly options: GlibcOptions;
  readonly servers: number;
  readonly searchLength: number;
  /** For both answers, by server: the wait doubles with the server's index and is shared by all of them. */
  readonly budgetNs: readonly Nanoseconds[];
}

/** `_res` of one thread. */
class GlibcThread implements ResolverThread {
  lookups = 0;
  config: GlibcConfig;
  /** Learned: ask for AAAA when A is answered. */
  serial = false;
  /** Learned: and from a port of its own. */
  reopen = false;
  /** `rotate`: the server at which the next name starts; -1 before the first. */
  rotation = -1;

  constructor(config: GlibcConfig) {
    this.config = config;
  }
}

class GlibcLookup {
  config!: GlibcConfig;
  thread!: GlibcThread;
  /** A and AAAA, or A alone. */
  questions = 0;

  readonly search = new GlibcSearch();

  // One name.
  overTcp = false;
  round = 0;
  /** Servers tried in this round, and the server at which rounds start. */
  turn = 0;
  offset = 0;
  server = 0;
  /** Any server gave a sign of life, a timeout included. */
  gotSomewhere = false;
  readonly sockets: SocketHandle[] = [NO_SOCKET, NO_SOCKET, NO_SOCKET];
  connection: SocketHandle = NO_SOCKET;

  // One exchange with a server.
  /** Questions that need no further answer, and their codes (`NONE` where the answer was an error or absent). */
  answered = 0;
  codeOfA: AnswerCode | typeof NONE = NONE;
  codeOfAaaa: AnswerCode | typeof NONE = NONE;
  /** AAAA has been sent a second time after the kernel had refused it. */
  sentAgain = false;
  /** What the first answer of the last exchange that had one said; stays over exchanges, as the buffer does. */
  firstCode: AnswerCode | typeof NONE = NONE;
}

export class GlibcResolver implements Resolver {
  readonly usualDelays: readonly Nanoseconds[];
  private readonly host: ResolverHost;
  private readonly config: GlibcConfig;

  constructor(
    version: string,
    options: GlibcOptions,
    servers: number,
    searchLength: number,
    host: ResolverHost,
  ) {
    invariant(servers >= 1 && servers <= MAX_SERVERS, 'glibc asks one to three name servers');
    const properties = asOf(version, GLIBC_2_10, CHANGES);
    const budgetNs = budgets(options.timeoutNs, servers);
    this.host = host;
    this.usualDelays = [...new Set(budgetNs)];
    this.config = {
      version: properties,
      options,
      servers,
      searchLength: Math.min(searchLength, properties.maxSearch),
      budgetNs,
    };
  }

  newThread(): ResolverThread {
    return new GlibcThread(this.config);
  }

  forkThread(thread: ResolverThread): ResolverThread {
    return Object.assign(new GlibcThread(this.config), thread);
  }

  start(lookup: Lookup): void {
    const thread = lookup.thread as GlibcThread;
    if (!(lookup.state instanceof GlibcLookup)) lookup.state = new GlibcLookup();
    const s = lookup.state as GlibcLookup;
    noticeRewrittenFile(thread, this.config);
    thread.lookups += 1;

    const { options } = thread.config;
    s.config = thread.config;
    s.thread = thread;
    s.questions = options.noAaaa ? lookup.wanted & A : lookup.wanted;
    s.firstCode = NONE;
    lookup.found = 0;
    const order = usualOrder(lookup, options.ndots);
    this.askName(lookup, s, s.search.begin(order, thread.config.searchLength));
  }

  onAnswer(
    lookup: Lookup,
    _socket: SocketHandle,
    question: QuestionType,
    _server: number,
    code: AnswerCode,
  ): void {
    const s = lookup.state as GlibcLookup;
    if ((s.answered & question) !== 0) return;
    const isFirst = (s.answered & s.questions) === 0;
    if (isFirst) s.firstCode = code;
    s.gotSomewhere = true;
    if (s.overTcp) {
      store(s, question, code);
      if (s.answered === s.questions) this.nameAnswered(lookup, s);
    } else if (code === SERVFAIL || code === REFUSED) {
      this.onServerError(lookup, s, question, isFirst);
    } else if (code === TRUNCATED) {
      s.overTcp = true;
      this.askServer(lookup, s);
    } else {
      store(s, question, code);
      if (s.answered === s.questions) this.nameAnswered(lookup, s);
      else if (asksInSeries(s)) this.sendSecond(lookup, s);
    }
  }

  /** The budget is spent. If one of two answers came: climb the ladder and ask this server again. */
  onTimer(lookup: Lookup): void {
    const s = lookup.state as GlibcLookup;
    if (!hasAnswer(s)) {
      s.gotSomewhere = true;
      this.nextServer(lookup, s);
    } else if (!asksInSeries(s)) {
      s.thread.serial = true;
      this.exchange(lookup, s);
    } else if (!reopens(s) && s.config.version.learnsToReopen) {
      s.thread.reopen = true;
      this.closeSockets(s);
      this.exchange(lookup, s);
    } else {
      this.nameAnswered(lookup, s);
    }
  }

  onConnected(lookup: Lookup, socket: SocketHandle): void {
    const s = lookup.state as GlibcLookup;
    // Both questions, whatever was learned or set: serial modes do not hold over TCP. No timer either.
    this.host.sendOverTcp(lookup, socket, s.questions);
  }

  onConnectFailed(lookup: Lookup): void {
    const s = lookup.state as GlibcLookup;
    this.closeSockets(s);
    this.nextServer(lookup, s);
  }

  onSendRefused(lookup: Lookup, socket: SocketHandle, question: QuestionType, server: number): void {
    const s = lookup.state as GlibcLookup;
    const secondOfPair = question === AAAA && s.questions === (A | AAAA) && !asksInSeries(s);
    if (secondOfPair && s.config.version.sendmmsg && !s.sentAgain) {
      s.sentAgain = true;
      this.host.sendQuery(lookup, socket, AAAA, server);
      return;
    }
    this.closeSockets(s);
    this.nextServer(lookup, s);
  }

  onUnreachable(lookup: Lookup): void {
    const s = lookup.state as GlibcLookup;
    this.closeSockets(s);
    this.nextServer(lookup, s);
  }

  private askName(lookup: Lookup, s: GlibcLookup, candidate: number): void {
    lookup.candidate = candidate;
    s.overTcp = s.config.options.useVc;
    s.round = 0;
    s.turn = 0;
    s.offset = s.config.options.rotate ? this.nextRotation(lookup, s) : 0;
    s.gotSomewhere = false;
    if (s.config.options.attempts === 0) this.nameFailed(lookup, s, NOBODY_THERE);
    else this.askServer(lookup, s);
  }

  private askServer(lookup: Lookup, s: GlibcLookup): void {
    s.server = (s.offset + s.turn) % s.config.servers;
    if (!s.overTcp) {
      this.exchange(lookup, s);
      return;
    }
    this.closeSockets(s);
    this.host.clearTimer(lookup, BUDGET);
    forgetAnswers(s);
    s.connection = this.host.connect(lookup, s.server);
  }

  /** Sends the pair, or A alone in serial mode, and starts the budget for both answers. */
  private exchange(lookup: Lookup, s: GlibcLookup): void {
    const { host } = this;
    const { server } = s;
    forgetAnswers(s);
    if (s.sockets[server] === NO_SOCKET) s.sockets[server] = host.openSocket(lookup);
    const socket = s.sockets[server]!;
    if (s.questions === (A | AAAA) && !asksInSeries(s)) host.sendPair(lookup, socket, server);
    else host.sendQuery(lookup, socket, (s.questions & A) !== 0 ? A : AAAA, server);
    host.setTimer(lookup, BUDGET, s.config.budgetNs[server]!);
  }

  /** Serial mode: the first question is done with; the budget runs on. */
  private sendSecond(lookup: Lookup, s: GlibcLookup): void {
    if (reopens(s)) {
      this.closeSockets(s);
      s.sockets[s.server] = this.host.openSocket(lookup);
    }
    this.host.sendQuery(lookup, s.sockets[s.server]!, AAAA, s.server);
  }

  private onServerError(lookup: Lookup, s: GlibcLookup, question: QuestionType, isFirst: boolean): void {
    if (!isFirst) {
      // The other answer stands, if it was one; if not, the sockets stay open none the less.
      if (hasAnswer(s)) this.nameAnswered(lookup, s);
      else this.nextServer(lookup, s);
    } else if (s.questions !== question && (!asksInSeries(s) || s.config.version.waitsAfterSerialError)) {
      s.answered |= question;
    } else {
      this.closeSockets(s);
      this.nextServer(lookup, s);
    }
  }

  private nextServer(lookup: Lookup, s: GlibcLookup): void {
    const { config } = s;
    s.turn += 1;
    if (s.turn === config.servers) {
      s.turn = 0;
      // Over TCP each server is asked once.
      s.round = s.overTcp ? config.options.attempts : s.round + 1;
      if (s.round >= config.options.attempts) {
        this.nameFailed(lookup, s, s.gotSomewhere ? TRY_AGAIN : NOBODY_THERE);
        return;
      }
    }
    this.askServer(lookup, s);
  }

  private nameAnswered(lookup: Lookup, s: GlibcLookup): void {
    lookup.found = (s.codeOfA === NOERROR ? A : 0) | (s.codeOfAaaa === NOERROR ? AAAA : 0);
    if (lookup.found !== 0) this.finish(lookup, s, 'ok');
    else this.nameFailed(lookup, s, failureOf(s));
  }

  private nameFailed(lookup: Lookup, s: GlibcLookup, failure: NameFailure): void {
    this.host.clearTimer(lookup, BUDGET);
    this.closeSockets(s);
    // The search looks at the code that the answer buffer holds, even if an earlier name left it there.
    const isServfail = failure === TRY_AGAIN && s.firstCode === SERVFAIL;
    const next = s.search.after(lookup.candidate, isServfail ? SERVER_FAILED : failure);
    if (next === NO_CANDIDATE) this.finish(lookup, s, s.search.error);
    else this.askName(lookup, s, next);
  }

  private finish(lookup: Lookup, s: GlibcLookup, error: LookupError): void {
    this.host.clearTimer(lookup, BUDGET);
    this.closeSockets(s);
    this.host.finish(lookup, error);
  }

  private closeSockets(s: GlibcLookup): void {
    for (let server = 0; server < MAX_SERVERS; server++) {
      if (s.sockets[server] !== NO_SOCKET) {
        this.host.closeSocket(s.sockets[server]!);
        s.sockets[server] = NO_SOCKET;
      }
    }
    if (s.connection !== NO_SOCKET) {
      this.host.closeSocket(s.connection);
      s.connection = NO_SOCKET;
    }
  }

  private nextRotation(lookup: Lookup, s: GlibcLookup): number {
    const { thread } = s;
    const { servers } = s.config;
    if (thread.rotation < 0) thread.rotation = this.host.integer(lookup, ROTATION_DRAW, servers);
    const offset = thread.rotation % servers;
    thread.rotation = (offset + 1) % servers;
    return offset;
  }
}

function budgets(timeoutNs: Nanoseconds, servers: number): readonly Nanoseconds[] {
  return Array.from({ length: servers }, (_, server) => {
    const seconds = (timeoutNs / SECOND) * (1 << server);
    return Math.max(1, server === 0 ? seconds : Math.floor(seconds / servers)) * SECOND;
  });
}

function noticeRewrittenFile(thread: GlibcThread, config: GlibcConfig): void {
  if (thread.config === config) return;
  if (!thread.config.version.reloads || thread.config.options.noReload) return;
  thread.config = config;
  thread.serial = false;
  thread.reopen = false;
}

function asksInSeries(s: GlibcLookup): boolean {
  return s.thread.serial || s.config.options.singleRequest || reopens(s);
}

function reopens(s: GlibcLookup): boolean {
  return s.thread.reopen || s.config.options.singleRequestReopen;
}

function forgetAnswers(s: GlibcLookup): void {
  s.answered = 0;
  s.codeOfA = NONE;
  s.codeOfAaaa = NONE;
  s.sentAgain = false;
}

function hasAnswer(s: GlibcLookup): boolean {
  return s.codeOfA !== NONE || s.codeOfAaaa !== NONE;
}

function store(s: GlibcLookup, question: QuestionType, code: AnswerCode): void {
  s.answered |= question;
  if (question === A) s.codeOfA = code;
  else s.codeOfAaaa = code;
}

/** Neither family was found: the answer that says most decides. Errors reach this point over TCP only. */
function failureOf(s: GlibcLookup): NameFailure {
  const { codeOfA, codeOfAaaa } = s;
  if (isError(codeOfA) || isError(codeOfAaaa)) return TRY_AGAIN;
  if (codeOfA === NXDOMAIN || codeOfAaaa === NXDOMAIN) return NOT_FOUND;
  return NO_DATA;
}

function isError(code: AnswerCode | typeof NONE): boolean {
  return code !== NONE && code !== NOERROR && code !== NXDOMAIN && code !== NODATA;
}
