/**
 * Go's own stub resolver (src/net/dnsclient_unix.go).
 *
 * For each name: A and AAAA each go their own way, in parallel (or A, then AAAA, with single-request): for
 * each round, for each server, a fresh socket, one query, one timeout. When both have ended, any address ends
 * the lookup; else the next name. Nothing is shared between the two, and nothing is learned.
 */
import { invariant } from '../engine/invariant.ts';
import type { Nanoseconds } from '../engine/time.ts';
import { type AnswerCode, NODATA, NOERROR, NXDOMAIN, TRUNCATED } from '../network/dnsAnswers.ts';
import { type CandidateOrder, candidateAt, LIST_THEN_BARE, NO_CANDIDATE, usualOrder } from './candidates.ts';
import type { GoOptions } from './resolvConf.ts';
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

/** Recorded with 1.19: AAAA left first in 1310 of 2000 lookups. */
const AAAA_FIRST = 0.655;

/** Counts questions to rotate over servers; one for the process. */
class GoThread implements ResolverThread {
  lookups = 0;
  questions = 0;
}

/** One question on its way; a goroutine. */
class GoQuestion {
  readonly type: QuestionType;
  /** Timer slot. */
  readonly slot: number;
  socket: SocketHandle = NO_SOCKET;
  offset = 0;
  turn = 0;
  round = 0;
  overTcp = false;

  constructor(type: QuestionType, slot: number) {
    this.type = type;
    this.slot = slot;
  }
}

class GoLookup {
  readonly a = new GoQuestion(A, 0);
  readonly aaaa = new GoQuestion(AAAA, 1);
  order: CandidateOrder = LIST_THEN_BARE;
  step = 0;
  /** Questions of this name that have not ended. */
  open = 0;
  /** The error to return if no name gives an address; null before the first. */
  error: LookupError | null = null;
}

export class GoResolver implements Resolver {
  readonly usualDelays: readonly Nanoseconds[];
  private readonly host: ResolverHost;
  private readonly options: GoOptions;
  private readonly servers: number;
  private readonly searchLength: number;

  constructor(options: GoOptions, servers: number, searchLength: number, host: ResolverHost) {
    invariant(servers >= 1 && servers <= 3, 'Go asks one to three name servers');
    this.host = host;
    this.options = options;
    this.servers = servers;
    this.searchLength = searchLength;
    this.usualDelays = [options.timeoutNs];
  }

  newThread(): ResolverThread {
    return new GoThread();
  }

  forkThread(thread: ResolverThread): ResolverThread {
    return thread;
  }

  start(lookup: Lookup): void {
    if (!(lookup.state instanceof GoLookup)) lookup.state = new GoLookup();
    const s = lookup.state as GoLookup;
    lookup.thread.lookups += 1;
    lookup.found = 0;
    s.order = usualOrder(lookup, this.options.ndots);
    s.step = 0;
    s.error = null;
    this.askName(lookup, s, candidateAt(s.order, 0, this.searchLength));
  }

  onAnswer(
    lookup: Lookup,
    _socket: SocketHandle,
    question: QuestionType,
    _server: number,
    code: AnswerCode,
  ): void {
    const s = lookup.state as GoLookup;
    const q = questionOf(s, question);
    this.hangUp(lookup, q);
    if (code === NOERROR) {
      lookup.found |= question;
      this.questionEnded(lookup, s, q, null);
    } else if (code === NXDOMAIN || code === NODATA) {
      this.questionEnded(lookup, s, q, 'noname');
    } else if (code === TRUNCATED && !q.overTcp) {
      q.overTcp = true;
      this.exchange(lookup, q);
    } else {
      this.nextTry(lookup, s, q);
    }
  }

  onTimer(lookup: Lookup, slot: number): void {
    const s = lookup.state as GoLookup;
    this.tryFailed(lookup, s, slot === s.a.slot ? s.a : s.aaaa);
  }

  onConnected(lookup: Lookup, socket: SocketHandle): void {
    this.host.sendOverTcp(lookup, socket, questionOn(lookup.state as GoLookup, socket).type);
  }

  onConnectFailed(lookup: Lookup, socket: SocketHandle): void {
    const s = lookup.state as GoLookup;
    this.tryFailed(lookup, s, questionOn(s, socket));
  }

  onSendRefused(lookup: Lookup, socket: SocketHandle): void {
    const s = lookup.state as GoLookup;
    this.tryFailed(lookup, s, questionOn(s, socket));
  }

  onUnreachable(lookup: Lookup, socket: SocketHandle): void {
    const s = lookup.state as GoLookup;
    this.tryFailed(lookup, s, questionOn(s, socket));
  }

  private askName(lookup: Lookup, s: GoLookup, candidate: number): void {
    lookup.candidate = candidate;
    s.open = lookup.wanted;
    if (s.open !== (A | AAAA) || this.options.singleRequest) {
      this.ask(lookup, s.a);
      return;
    }
    const aaaaFirst = this.host.uniform(lookup, orderDraw(s.step)) < AAAA_FIRST;
    this.ask(lookup, aaaaFirst ? s.aaaa : s.a);
    this.ask(lookup, aaaaFirst ? s.a : s.aaaa);
  }

  private ask(lookup: Lookup, q: GoQuestion): void {
    const thread = lookup.thread as GoThread;
    q.offset = this.options.rotate ? thread.questions % this.servers : 0;
    thread.questions += 1;
    q.turn = 0;
    q.round = 0;
    q.overTcp = this.options.useVc;
    this.exchange(lookup, q);
  }

  private exchange(lookup: Lookup, q: GoQuestion): void {
    const { host } = this;
    const server = (q.offset + q.turn) % this.servers;
    if (q.overTcp) {
      q.socket = host.connect(lookup, server);
    } else {
      q.socket = host.openSocket(lookup);
      host.sendQuery(lookup, q.socket, q.type, server);
    }
    host.setTimer(lookup, q.slot, this.options.timeoutNs);
  }

  private tryFailed(lookup: Lookup, s: GoLookup, q: GoQuestion): void {
    this.hangUp(lookup, q);
    this.nextTry(lookup, s, q);
  }

  private nextTry(lookup: Lookup, s: GoLookup, q: GoQuestion): void {
    q.overTcp = this.options.useVc;
    q.turn += 1;
    if (q.turn === this.servers) {
      q.turn = 0;
      q.round += 1;
      if (q.round === this.options.attempts) {
        this.questionEnded(lookup, s, q, 'again');
        return;
      }
    }
    this.exchange(lookup, q);
  }

  private questionEnded(lookup: Lookup, s: GoLookup, q: GoQuestion, error: LookupError | null): void {
    s.open &= ~q.type;
    // The first error is kept, unless the name as given says something else.
    if (error !== null && (s.error === null || lookup.candidate === 0)) s.error = error;
    if (s.open !== 0) {
      if (this.options.singleRequest) this.ask(lookup, s.aaaa);
      return;
    }
    if (lookup.found !== 0) {
      this.host.finish(lookup, 'ok');
      return;
    }
    const next = candidateAt(s.order, s.step + 1, this.searchLength);
    if (next === NO_CANDIDATE) {
      this.host.finish(lookup, s.error!);
    } else {
      s.step += 1;
      this.askName(lookup, s, next);
    }
  }

  private hangUp(lookup: Lookup, q: GoQuestion): void {
    this.host.clearTimer(lookup, q.slot);
    this.host.closeSocket(q.socket);
    q.socket = NO_SOCKET;
  }
}

/** Draw that decides whether AAAA leaves first for the name at this position of the search. */
export function orderDraw(step: number): number {
  return step & 63;
}

function questionOf(s: GoLookup, question: QuestionType): GoQuestion {
  return question === A ? s.a : s.aaaa;
}

function questionOn(s: GoLookup, socket: SocketHandle): GoQuestion {
  return s.a.socket === socket ? s.a : s.aaaa;
}
