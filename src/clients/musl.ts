/**
 * musl's stub resolver (src/network/res_msend.c, lookup_name.c).
 *
 * For each name: one unbound socket, A and AAAA to every name server at once; every `timeout / attempts`
 * whatever has no answer yet is sent again; at `timeout` the name is over. The first acceptable answer from
 * any server counts. Nothing is learned, and resolv.conf is read again at every lookup.
 */
import { invariant } from '../engine/invariant.ts';
import { MILLISECOND, type Nanoseconds } from '../engine/time.ts';
import {
  type AnswerCode,
  NODATA,
  NOERROR,
  NXDOMAIN,
  REFUSED,
  SERVFAIL,
  TRUNCATED,
} from '../network/dnsAnswers.ts';
import { type CandidateOrder, candidateAt, LIST_THEN_BARE, muslOrder, NO_CANDIDATE } from './candidates.ts';
import { asOf, type Change } from './catalogue/versions.ts';
import type { MuslOptions } from './resolvConf.ts';
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
interface MuslVersion {
  /** There is a search list. */
  readonly searches: boolean;
  /** A question without an answer fails the lookup, whatever the other one brought. */
  readonly needsBoth: boolean;
  /** A truncated answer is asked for again over TCP; else it counts as an empty one. */
  readonly fallsBackToTcp: boolean;
  /** What getaddrinfo says to an empty answer. */
  readonly emptyAnswer: LookupError;
}

const MUSL_1_1_0: MuslVersion = {
  searches: false,
  needsBoth: false,
  fallsBackToTcp: false,
  emptyAnswer: 'noname',
};

const CHANGES: readonly Change<MuslVersion>[] = [
  { since: '1.1.13', change: { searches: true } },
  { since: '1.2.1', change: { needsBoth: true } },
  { since: '1.2.4', change: { fallsBackToTcp: true, emptyAnswer: 'nodata' } },
];

/** The only timer: until the next round of sends. */
const ROUND = 0;

/** No answer to a question yet. */
const NONE = -1;

/** What a name gave: nothing, so that the next one is tried. */
const NEXT_NAME = null;

class MuslThread implements ResolverThread {
  lookups = 0;
}

class MuslLookup {
  order: CandidateOrder = LIST_THEN_BARE;
  step = 0;

  // One name.
  socket: SocketHandle = NO_SOCKET;
  startedAt: Nanoseconds = 0;
  roundAt: Nanoseconds = 0;
  /** Resends at once that this round still grants to servers that fail. */
  servfailBudget = 0;
  codeOfA: AnswerCode | typeof NONE = NONE;
  codeOfAaaa: AnswerCode | typeof NONE = NONE;
  /** Connections after truncated answers. */
  connectionForA: SocketHandle = NO_SOCKET;
  connectionForAaaa: SocketHandle = NO_SOCKET;
}

export class MuslResolver implements Resolver {
  readonly usualDelays: readonly Nanoseconds[];
  private readonly host: ResolverHost;
  private readonly version: MuslVersion;
  private readonly ndots: number;
  private readonly timeoutNs: Nanoseconds;
  private readonly intervalNs: Nanoseconds;
  private readonly servers: number;
  private readonly searchLength: number;

  constructor(
    version: string,
    options: MuslOptions,
    servers: number,
    searchLength: number,
    host: ResolverHost,
  ) {
    invariant(servers >= 1 && servers <= 3, 'musl asks one to three name servers');
    this.host = host;
    this.version = asOf(version, MUSL_1_1_0, CHANGES);
    this.ndots = options.ndots;
    this.timeoutNs = options.timeoutNs;
    // musl counts in whole milliseconds.
    this.intervalNs = Math.floor(options.timeoutNs / MILLISECOND / options.attempts) * MILLISECOND;
    this.servers = servers;
    this.searchLength = this.version.searches ? searchLength : 0;
    this.usualDelays = [this.intervalNs];
  }

  newThread(): ResolverThread {
    return new MuslThread();
  }

  forkThread(thread: ResolverThread): ResolverThread {
    return thread;
  }

  start(lookup: Lookup): void {
    if (!(lookup.state instanceof MuslLookup)) lookup.state = new MuslLookup();
    const s = lookup.state as MuslLookup;
    lookup.thread.lookups += 1;
    lookup.found = 0;
    s.order = muslOrder(lookup, this.ndots);
    s.step = 0;
    this.askName(lookup, s, candidateAt(s.order, 0, this.searchLength));
  }

  onAnswer(
    lookup: Lookup,
    socket: SocketHandle,
    question: QuestionType,
    server: number,
    code: AnswerCode,
  ): void {
    const s = lookup.state as MuslLookup;
    if (socket !== s.socket) {
      this.onTcpAnswer(lookup, s, question, code);
      return;
    }
    if (codeOf(s, question) === NONE && connectionFor(s, question) === NO_SOCKET) {
      this.onUdpAnswer(lookup, s, question, server, code);
    }
    this.continueLoop(lookup, s);
  }

  onTimer(lookup: Lookup): void {
    this.continueLoop(lookup, lookup.state as MuslLookup);
  }

  onConnected(lookup: Lookup, socket: SocketHandle): void {
    const s = lookup.state as MuslLookup;
    this.host.sendOverTcp(lookup, socket, socket === s.connectionForA ? A : AAAA);
  }

  onConnectFailed(lookup: Lookup): void {
    this.nameOver(lookup, lookup.state as MuslLookup);
  }

  /** sendto's result is not looked at. */
  onSendRefused(): void {}

  /** The socket is not connected, so nobody hears of it. */
  onUnreachable(): void {}

  private askName(lookup: Lookup, s: MuslLookup, candidate: number): void {
    lookup.candidate = candidate;
    s.codeOfA = NONE;
    s.codeOfAaaa = NONE;
    s.startedAt = this.host.now();
    s.socket = this.host.openSocket(lookup);
    if (this.timeoutNs === 0) this.nameOver(lookup, s);
    else this.sendRound(lookup, s);
  }

  private sendRound(lookup: Lookup, s: MuslLookup): void {
    const { host } = this;
    s.roundAt = host.now();
    s.servfailBudget = lookup.wanted === (A | AAAA) ? 4 : 2;
    const open =
      (needsSending(s, A) ? lookup.wanted & A : 0) | (needsSending(s, AAAA) ? lookup.wanted & AAAA : 0);
    for (let server = 0; server < this.servers; server++) {
      if (open === (A | AAAA)) host.sendPair(lookup, s.socket, server);
      else if (open !== 0) host.sendQuery(lookup, s.socket, open as QuestionType, server);
    }
    host.setTimer(lookup, ROUND, this.intervalNs);
  }

  private onUdpAnswer(
    lookup: Lookup,
    s: MuslLookup,
    question: QuestionType,
    server: number,
    code: AnswerCode,
  ): void {
    if (code === REFUSED) return;
    if (code === SERVFAIL) {
      if (s.servfailBudget === 0) return;
      s.servfailBudget -= 1;
      this.host.sendQuery(lookup, s.socket, question, server);
    } else if (code !== TRUNCATED) {
      store(s, question, code);
    } else if (!this.version.fallsBackToTcp) {
      store(s, question, NODATA);
    } else if (question === A) {
      s.connectionForA = this.host.connect(lookup, server);
    } else {
      s.connectionForAaaa = this.host.connect(lookup, server);
    }
  }

  private onTcpAnswer(lookup: Lookup, s: MuslLookup, question: QuestionType, code: AnswerCode): void {
    if (code === SERVFAIL || code === REFUSED) {
      this.nameOver(lookup, s);
      return;
    }
    this.closeConnectionFor(s, question);
    store(s, question, code === TRUNCATED ? NODATA : code);
    this.continueLoop(lookup, s);
  }

  /** What musl does whenever its poll returns: end if all is answered or time is up, else send if it is time. */
  private continueLoop(lookup: Lookup, s: MuslLookup): void {
    const now = this.host.now();
    const allAnswered = s.codeOfA !== NONE && (s.codeOfAaaa !== NONE || (lookup.wanted & AAAA) === 0);
    if (allAnswered || now - s.startedAt >= this.timeoutNs) this.nameOver(lookup, s);
    else if (now - s.roundAt >= this.intervalNs) this.sendRound(lookup, s);
  }

  private nameOver(lookup: Lookup, s: MuslLookup): void {
    this.closeConnectionFor(s, A);
    this.closeConnectionFor(s, AAAA);
    this.host.closeSocket(s.socket);
    s.socket = NO_SOCKET;

    const found = (s.codeOfA === NOERROR ? A : 0) | (s.codeOfAaaa === NOERROR ? AAAA : 0);
    const outcome = this.version.needsBoth
      ? this.outcomeOfBoth(s, lookup.wanted, found)
      : this.outcomeOfFirst(s, found);
    if (outcome === 'ok') lookup.found = found;
    if (outcome !== NEXT_NAME) {
      this.finish(lookup, outcome);
      return;
    }

    const next = candidateAt(s.order, s.step + 1, this.searchLength);
    if (next === NO_CANDIDATE) {
      this.finish(lookup, 'noname');
      return;
    }
    s.step += 1;
    this.askName(lookup, s, next);
  }

  /** From 1.2.1: the questions are judged in order, and the first that is missing or NXDOMAIN decides. */
  private outcomeOfBoth(s: MuslLookup, wanted: number, found: number): LookupError | typeof NEXT_NAME {
    if (s.codeOfA === NONE) return 'again';
    if (s.codeOfA === NXDOMAIN) return NEXT_NAME;
    if ((wanted & AAAA) !== 0) {
      if (s.codeOfAaaa === NONE) return 'again';
      if (s.codeOfAaaa === NXDOMAIN) return NEXT_NAME;
    }
    return found !== 0 ? 'ok' : this.version.emptyAnswer;
  }

  /** Up to 1.2.0: any address will do; without one the answer to A decides. */
  private outcomeOfFirst(s: MuslLookup, found: number): LookupError | typeof NEXT_NAME {
    if (found !== 0) return 'ok';
    if (s.codeOfA === NONE) return 'again';
    return s.codeOfA === NXDOMAIN ? NEXT_NAME : this.version.emptyAnswer;
  }

  private finish(lookup: Lookup, error: LookupError): void {
    this.host.clearTimer(lookup, ROUND);
    this.host.finish(lookup, error);
  }

  private closeConnectionFor(s: MuslLookup, question: QuestionType): void {
    const connection = connectionFor(s, question);
    if (connection === NO_SOCKET) return;
    this.host.closeSocket(connection);
    if (question === A) s.connectionForA = NO_SOCKET;
    else s.connectionForAaaa = NO_SOCKET;
  }
}

function codeOf(s: MuslLookup, question: QuestionType): AnswerCode | typeof NONE {
  return question === A ? s.codeOfA : s.codeOfAaaa;
}

function connectionFor(s: MuslLookup, question: QuestionType): SocketHandle {
  return question === A ? s.connectionForA : s.connectionForAaaa;
}

function needsSending(s: MuslLookup, question: QuestionType): boolean {
  return codeOf(s, question) === NONE && connectionFor(s, question) === NO_SOCKET;
}

function store(s: MuslLookup, question: QuestionType, code: AnswerCode): void {
  if (question === A) s.codeOfA = code;
  else s.codeOfAaaa = code;
}
