/**
 * A c-ares channel: what one process shares between its lookups. Servers with their failures and latencies,
 * open connections, and the questions that are on their way.
 */
import { MILLISECOND, type Nanoseconds, SECOND } from '../engine/time.ts';
import {
  A,
  AAAA,
  type Lookup,
  type LookupError,
  NO_SOCKET,
  type QuestionType,
  type ResolverThread,
  type SocketHandle,
} from './resolver.ts';

/** Which UDP socket to a server a further question may share. */
export type SocketReuse =
  /** The one opened last. */
  | 'always'
  /** None while the server has failures, so that every question leaves from a port of its own. */
  | 'unless-server-failing'
  /** The one opened last, unless a question timed out on it. */
  | 'unless-timed-out';

/** A server is probed when its last failure is this long ago. */
const PROBE_DELAY: Nanoseconds = 5 * SECOND;

/** A socket to one server. It is closed as soon as no question is open on it. */
export class CaresConnection {
  server!: CaresServer;
  socket: SocketHandle = NO_SOCKET;
  /** TCP connections are one lookup's, as the seam has it; c-ares shares them too. Null for UDP. */
  owner: Lookup | null = null;
  /** TCP: the handshake is over. */
  established = false;
  /** Questions sent, or waiting to be sent, on it and not answered. */
  questions = 0;
  /** A question on it timed out. */
  timedOut = false;
  /** The connection to the same server that was opened before it. */
  older: CaresConnection | null = null;
}

export class CaresServer {
  readonly index: number;
  /** Failures since the last answer. */
  failures = 0;
  /** From when on a server with failures may be probed. */
  probeFrom: Nanoseconds = 0;
  /** A probe was sent, and no answer of the server has come since; a probe that is lost stays the last one. */
  probed = false;
  /** Answers so far, and the sum of their latencies. */
  answers = 0;
  latencySumMs = 0;
  /** The connection opened last, which links to the older ones. */
  latest: CaresConnection | null = null;

  constructor(index: number) {
    this.index = index;
  }

  /** The connection that a further question would use, or null if it must open one. */
  reusable(question: CaresQuestion, rule: SocketReuse): CaresConnection | null {
    if (question.overTcp) {
      let connection = this.latest;
      while (connection !== null && connection.owner !== question.lookup) connection = connection.older;
      return connection;
    }
    const { latest } = this;
    if (latest === null || latest.owner !== null) return null;
    if (rule === 'unless-server-failing' && this.failures > 0) return null;
    if (rule === 'unless-timed-out' && latest.timedOut) return null;
    return latest;
  }

  failed(now: Nanoseconds): void {
    this.failures += 1;
    this.probeFrom = now + PROBE_DELAY;
  }

  answered(): void {
    this.failures = 0;
    this.probeFrom = 0;
    this.probed = false;
  }

  recordLatency(latency: Nanoseconds): void {
    this.answers += 1;
    this.latencySumMs += Math.max(1, Math.floor(latency / MILLISECOND));
  }
}

/** One question of a lookup, over all its tries. */
export class CaresQuestion {
  readonly type: QuestionType;
  /** A copy of a question, sent once to a server that failed, to learn whether it answers again. */
  readonly isProbe: boolean;
  /** Null while the question is not open. */
  lookup: Lookup | null = null;
  connection: CaresConnection | null = null;
  /** TCP: to be sent once the handshake is over. */
  isWaiting = false;
  overTcp = false;
  tries = 0;
  sentAt: Nanoseconds = 0;
  deadline: Nanoseconds = 0;
  /** Neighbours in the channel's list of open questions. */
  newer: CaresQuestion | null = null;
  older: CaresQuestion | null = null;

  constructor(type: QuestionType, isProbe: boolean) {
    this.type = type;
    this.isProbe = isProbe;
  }
}

export class CaresLookup {
  readonly a = new CaresQuestion(A, false);
  readonly aaaa = new CaresQuestion(AAAA, false);
  readonly probeByA = new CaresQuestion(A, true);
  readonly probeByAaaa = new CaresQuestion(AAAA, true);
  /** The application has its result. */
  reported = false;
  /** What to return if neither family is found; null while nothing is known. */
  error: LookupError | null = null;
  /** The next lookup that this event ends. */
  nextEnded: Lookup | null = null;

  question(type: QuestionType): CaresQuestion {
    return type === A ? this.a : this.aaaa;
  }

  probe(type: QuestionType): CaresQuestion {
    return type === A ? this.probeByA : this.probeByAaaa;
  }

  /**
   * What an answer of this type on this socket belongs to. c-ares goes by the query's number; a question and a
   * probe that share a socket are told apart by the question having been sent again since.
   */
  asked(type: QuestionType, socket: SocketHandle): CaresQuestion {
    const question = this.question(type);
    const probe = this.probe(type);
    return question.connection?.socket !== socket && probe.connection?.socket === socket ? probe : question;
  }

  get isAsking(): boolean {
    return this.a.lookup !== null || this.aaaa.lookup !== null;
  }

  get isProbing(): boolean {
    return this.probeByA.lookup !== null || this.probeByAaaa.lookup !== null;
  }
}

export class CaresChannel implements ResolverThread {
  lookups = 0;
  readonly servers: readonly CaresServer[];
  /** When Node last looked for timeouts, or saw anything on a socket: the next tick is one period later. */
  tickedAt: Nanoseconds = 0;
  openConnections = 0;
  /** Open questions, the one sent last first. */
  newest: CaresQuestion | null = null;
  /** No open question has an earlier deadline. */
  earliestDeadline: Nanoseconds = Number.POSITIVE_INFINITY;
  /** A question that is about to leave, and may become the first half of a pair. */
  held: CaresQuestion | null = null;
  /** Questions that this look found overdue, to be sent again. */
  readonly timedOut: CaresQuestion[] = [];
  /** Lookups that the event being handled has ended. */
  ended: Lookup | null = null;
  /** Connections that are closed, to be used again; linked as open ones are. */
  private spare: CaresConnection | null = null;

  constructor(servers: number) {
    this.servers = Array.from({ length: servers }, (_, index) => new CaresServer(index));
  }

  /** The server with the fewest failures; of equals the first, or (`fairTies`) the one whose last is longest ago. */
  preferredServer(fairTies: boolean): CaresServer {
    const { servers } = this;
    let best = servers[0]!;
    for (let i = 1; i < servers.length; i++) {
      const other = servers[i]!;
      if (other.failures < best.failures) best = other;
      else if (fairTies && other.failures === best.failures && other.probeFrom < best.probeFrom) best = other;
    }
    return best;
  }

  /** The server to probe: of those with failures, long enough ago and not probed since, the one with the fewest. */
  serverToProbe(now: Nanoseconds, asked: CaresServer): CaresServer | null {
    let best: CaresServer | null = null;
    for (const server of this.servers) {
      if (server === asked || server.failures === 0 || server.probed || now < server.probeFrom) continue;
      if (best === null || server.failures < best.failures) best = server;
    }
    return best;
  }

  get anyFailing(): boolean {
    return this.servers.some(({ failures }) => failures > 0);
  }

  /** The servers that have no more failures than the preferred one: picks by a uniform variate. */
  randomPreferredServer(uniform: number): CaresServer {
    const fewest = this.preferredServer(false).failures;
    const { servers } = this;
    let count = 0;
    for (let i = 0; i < servers.length; i++) if (servers[i]!.failures === fewest) count += 1;
    let skip = Math.floor(uniform * count);
    for (let i = 0; i < servers.length; i++) {
      if (servers[i]!.failures === fewest && skip-- === 0) return servers[i]!;
    }
    return servers[0]!;
  }

  addConnection(server: CaresServer, socket: SocketHandle, owner: Lookup | null): CaresConnection {
    const connection = this.spare ?? new CaresConnection();
    this.spare = connection.older;
    connection.server = server;
    connection.socket = socket;
    connection.owner = owner;
    connection.established = false;
    connection.questions = 0;
    connection.timedOut = false;
    connection.older = server.latest;
    server.latest = connection;
    this.openConnections += 1;
    return connection;
  }

  removeConnection(connection: CaresConnection): void {
    const { server } = connection;
    if (server.latest === connection) {
      server.latest = connection.older;
    } else {
      let newer = server.latest!;
      while (newer.older !== connection) newer = newer.older!;
      newer.older = connection.older;
    }
    connection.socket = NO_SOCKET;
    connection.older = this.spare;
    this.spare = connection;
    this.openConnections -= 1;
  }

  connectionOn(socket: SocketHandle): CaresConnection | null {
    for (const server of this.servers) {
      let connection = server.latest;
      while (connection !== null && connection.socket !== socket) connection = connection.older;
      if (connection !== null) return connection;
    }
    return null;
  }

  /** Puts a question, which has its connection and deadline, on the list of open ones. */
  add(question: CaresQuestion): void {
    question.connection!.questions += 1;
    question.newer = null;
    question.older = this.newest;
    if (this.newest !== null) this.newest.newer = question;
    this.newest = question;
    if (question.deadline < this.earliestDeadline) this.earliestDeadline = question.deadline;
  }

  remove(question: CaresQuestion): void {
    question.connection!.questions -= 1;
    question.connection = null;
    question.isWaiting = false;
    if (question.newer === null) this.newest = question.older;
    else question.newer.older = question.older;
    if (question.older !== null) question.older.newer = question.newer;
    question.newer = null;
    question.older = null;
  }

  /**
   * The open question with the earliest deadline if that has come, else null. Of equal deadlines the one that
   * was set last comes first, as in c-ares' sorted list. Costs nothing while no deadline is near.
   */
  overdue(now: Nanoseconds): CaresQuestion | null {
    if (now < this.earliestDeadline) return null;
    let first: CaresQuestion | null = null;
    for (let question = this.newest; question !== null; question = question.older) {
      if (first === null || question.deadline < first.deadline) first = question;
    }
    this.earliestDeadline = first === null ? Number.POSITIVE_INFINITY : first.deadline;
    return first !== null && first.deadline <= now ? first : null;
  }
}
