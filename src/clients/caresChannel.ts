/**
 * A c-ares channel: what one process shares between its lookups. Servers with their failures and latencies,
 * open connections, and the questions that are on their way.
 */
import { MILLISECOND, type Nanoseconds } from '../engine/time.ts';
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
  /** The connection to the same server that was opened before it. */
  older: CaresConnection | null = null;
}

export class CaresServer {
  readonly index: number;
  /** Failures since the last answer. */
  failures = 0;
  /** Answers so far, and the sum of their latencies. */
  answers = 0;
  latencySumMs = 0;
  /** The connection opened last, which links to the older ones. */
  latest: CaresConnection | null = null;

  constructor(index: number) {
    this.index = index;
  }

  /** The connection that a further question would use, or null if it must open one. */
  reusable(question: CaresQuestion): CaresConnection | null {
    if (question.overTcp) {
      let connection = this.latest;
      while (connection !== null && connection.owner !== question.lookup) connection = connection.older;
      return connection;
    }
    // Recorded: while a server has failures, every question to it leaves from a port of its own.
    if (this.failures > 0 || this.latest === null || this.latest.owner !== null) return null;
    return this.latest;
  }

  recordLatency(latency: Nanoseconds): void {
    this.answers += 1;
    this.latencySumMs += Math.max(1, Math.floor(latency / MILLISECOND));
  }
}

/** One question of a lookup, over all its tries. */
export class CaresQuestion {
  readonly type: QuestionType;
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

  constructor(type: QuestionType) {
    this.type = type;
  }
}

export class CaresLookup {
  readonly a = new CaresQuestion(A);
  readonly aaaa = new CaresQuestion(AAAA);
  /** What to return if neither family is found; null while nothing is known. */
  error: LookupError | null = null;
  /** The next lookup that this event ends. */
  nextEnded: Lookup | null = null;

  question(type: QuestionType): CaresQuestion {
    return type === A ? this.a : this.aaaa;
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
  /** Lookups that the event being handled has ended. */
  ended: Lookup | null = null;
  /** Connections that are closed, to be used again; linked as open ones are. */
  private spare: CaresConnection | null = null;

  constructor(servers: number) {
    this.servers = Array.from({ length: servers }, (_, index) => new CaresServer(index));
  }

  /** The server with the fewest failures, the first of equals. */
  preferredServer(): CaresServer {
    const { servers } = this;
    let best = servers[0]!;
    for (let i = 1; i < servers.length; i++) {
      if (servers[i]!.failures < best.failures) best = servers[i]!;
    }
    return best;
  }

  /** The servers that have no more failures than the preferred one: picks by a uniform variate. */
  randomPreferredServer(uniform: number): CaresServer {
    const fewest = this.preferredServer().failures;
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
