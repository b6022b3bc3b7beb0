/**
 * The seam between a stub resolver and the world around it.
 *
 * A resolver (glibc, musl, Go, c-ares, each by version) is a state machine over `Lookup` objects: it is told
 * that a lookup starts, that an answer came, that a timer fired, and tells its host to open sockets, send
 * queries and finish. It reads no clock but `host.now()` and draws nothing but from the host, so the same
 * machine runs in the simulation and against recorded packet timelines.
 *
 * Three rules hold for every host. It never calls the resolver from inside one of its own methods: what a
 * method causes is reported later, at the same simulated time if need be. It reports nothing for a socket that
 * was closed, and nothing for a lookup that has finished, though its object may be in use again. And it hands
 * a thread only to resolvers of the library and version that made it.
 */
import type { Nanoseconds } from '../engine/time.ts';
import type { AnswerCode } from '../network/dnsAnswers.ts';

/** Question types as a bit mask, so that a set of them is a number. */
export const A = 1;
export const AAAA = 2;
export type QuestionType = typeof A | typeof AAAA;

/**
 * How a lookup ended. `ok` with one family missing is a partial answer. `again` stands for every failure that
 * says nothing about the name: timeouts, servers that fail, refuse or cannot be reached.
 */
export type LookupError = 'ok' | 'again' | 'noname' | 'nodata';

/** A UDP socket or a TCP connection; owned and pooled by the host. */
export type SocketHandle = number;
export const NO_SOCKET: SocketHandle = -1;

export interface ResolverHost {
  now(): Nanoseconds;
  /** A UDP socket on a fresh ephemeral port of the lookup's pod. */
  openSocket(lookup: Lookup): SocketHandle;
  /**
   * Queries in flight on it keep flying; their answers reach nobody. Connections are closed so too, failed
   * ones included. Closing twice is an error.
   */
  closeSocket(socket: SocketHandle): void;
  /**
   * Sends one query now, for the candidate name `lookup.candidate`, to name server `server` (index). The
   * socket may be one that another lookup of the same thread opened (c-ares): the answer is reported for the
   * lookup that asked.
   */
  sendQuery(lookup: Lookup, socket: SocketHandle, question: QuestionType, server: number): void;
  /**
   * Sends A and AAAA back to back from one socket. The host decides what brings them onto two CPUs;
   * two `sendQuery` calls in a row mean two sends whose first has returned.
   */
  sendPair(lookup: Lookup, socket: SocketHandle, server: number): void;
  /**
   * Starts a TCP connection of this lookup; `onConnected` or `onConnectFailed` follows, unless it is closed
   * before.
   */
  connect(lookup: Lookup, server: number): SocketHandle;
  /** Sends queries (a mask of question types, pipelined) on an established connection of this lookup. */
  sendOverTcp(lookup: Lookup, socket: SocketHandle, questions: number): void;
  /** One timer per lookup and slot (0 to 7); setting it again replaces it. */
  setTimer(lookup: Lookup, slot: number, delay: Nanoseconds): void;
  /** Clearing a timer that is not set does nothing. */
  clearTimer(lookup: Lookup, slot: number): void;
  /**
   * A uniform variate in [0, 1) for this lookup, the same for the same `index` (0 to 63) whatever else was
   * drawn. Each machine says what its draws are for.
   */
  uniform(lookup: Lookup, index: number): number;
  /** The same, uniform over the integers 0 to bound - 1. */
  integer(lookup: Lookup, index: number, bound: number): number;
  /**
   * The lookup is over; the resolver has closed its sockets, but for those that other lookups share, and
   * cleared its timers, and must not touch the lookup again. May be called from within `start`, and (c-ares)
   * for another lookup of the same thread than the one being reported on.
   */
  finish(lookup: Lookup, error: LookupError): void;
  /**
   * The application has its result, and the lookup goes on: a probe of it is on the way (c-ares), whose answer,
   * timers and end (`finish`, with the same error) are still the resolver's.
   */
  report(lookup: Lookup, error: LookupError): void;
}

/** One resolver configuration (library, version, resolv.conf); holds no state of a lookup. */
export interface Resolver {
  /** Delays that most of its timers have, so that the host may give them lanes. */
  readonly usualDelays: readonly Nanoseconds[];
  /** Fresh state for one thread (or process, where the library keeps it there). */
  newThread(): ResolverThread;
  /**
   * A thread that knows what this one knows, and learns apart from it from then on; the thread itself where nothing
   * is learnt from a loss for good.
   */
  forkThread(thread: ResolverThread): ResolverThread;
  /**
   * A thread that another resolver made means that resolv.conf was rewritten in between: the machine notices
   * it, or not, as the library does.
   */
  start(lookup: Lookup): void;
  /** An answer to `question` for `lookup.candidate`, received on a socket that is still open. */
  onAnswer(
    lookup: Lookup,
    socket: SocketHandle,
    question: QuestionType,
    server: number,
    code: AnswerCode,
  ): void;
  onTimer(lookup: Lookup, slot: number): void;
  onConnected(lookup: Lookup, socket: SocketHandle): void;
  onConnectFailed(lookup: Lookup, socket: SocketHandle): void;
  /** The kernel refused a send: EPERM from a hook of the sender's own namespace. */
  onSendRefused(lookup: Lookup, socket: SocketHandle, question: QuestionType, server: number): void;
  /** ICMP said that a query sent from this UDP socket reached no server. */
  onUnreachable(lookup: Lookup, socket: SocketHandle): void;
}

/** What a thread (glibc: `_res`; c-ares: the channel) remembers between lookups. */
export interface ResolverThread {
  /** Lookups started so far; the resolver counts. */
  lookups: number;
}

/**
 * One call of getaddrinfo (or what the library has in its place), in flight. Objects are pooled: a resolver
 * resets what it uses in `start`.
 */
export interface Lookup {
  /** Index in the host's pool. */
  readonly handle: number;
  readonly thread: ResolverThread;
  /** Question types that the application wants: A | AAAA, or A alone. */
  readonly wanted: number;
  /** Dots in the name as given, and whether it ends in one. */
  readonly dots: number;
  readonly trailingDot: boolean;
  /**
   * Which absolute name is being asked for: 0 is the bare name, k > 0 the name with the k-th element of the
   * search list appended.
   */
  candidate: number;
  /** Families found, a mask of A and AAAA; the host reads it when the lookup ends. */
  found: number;
  /**
   * State of the resolver's machine: null, or an object of the resolver's own class, made once per pooled
   * lookup. A pool that lookups of several libraries share makes it anew at every change of hands.
   */
  state: unknown;
}
