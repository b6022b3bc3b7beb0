/**
 * A world of one pod for a resolver under test: simulated time, name servers that do what a script says, and a
 * record of every packet that leaves. It checks the contract of `ResolverHost` as it goes: no use of closed
 * sockets, no timer or answer for a lookup that is over, no call back from inside a call.
 */

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
} from '../../../src/clients/resolver.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../../src/engine/time.ts';
import type { AnswerCode } from '../../../src/network/dnsAnswers.ts';

/** A query as a name server sees it. */
export interface Query {
  readonly question: QuestionType;
  /** Index in resolv.conf, from 0. */
  readonly server: number;
  readonly candidate: number;
  readonly overTcp: boolean;
  /** Queries for this type that the lookup sent before, whatever the name and server. */
  readonly earlier: number;
  /** The same for this name alone. */
  readonly earlierForName: number;
}

/** What becomes of a query. `refused`: the sender's own kernel does not let it out. */
export type Fate =
  | { readonly kind: 'answer'; readonly code: AnswerCode; readonly afterNs: Nanoseconds }
  | { readonly kind: 'lost' | 'unreachable' | 'refused' };

export type Script = (query: Query) => Fate;

export interface Packet {
  readonly atNs: Nanoseconds;
  readonly port: number;
  readonly protocol: 'UDP' | 'TCP' | 'SYN';
  /** From 1, as in the recordings. */
  readonly server: number;
  readonly question: 'A' | 'AAAA' | '-';
  /** 0 for a SYN. */
  readonly name: number;
}

export interface HostSetup {
  /** Timers fire this late, as they did where the recordings were made: 1 ms at least. */
  readonly latenessNs?: Nanoseconds;
  /** The first SYN of every connection is lost. */
  readonly firstSynIsLost?: boolean;
  /** These servers (from 0) refuse TCP connections. Their SYNs are not on record. */
  readonly closedTcpServers?: readonly number[];
  /** The second packet of a pair finds ICMP's answer to the first, and is not sent. */
  readonly errorStopsPair?: boolean;
  readonly uniform?: (lookup: Lookup, index: number) => number;
}

export class TestLookup implements Lookup {
  readonly handle: number;
  thread!: ResolverThread;
  wanted = A | AAAA;
  dots = 2;
  trailingDot = false;
  candidate = -1;
  found = 0;
  state: unknown = null;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** One lookup as it went. */
export interface Run {
  readonly lookup: TestLookup;
  readonly resolver: Resolver;
  readonly script: Script;
  readonly startedAt: Nanoseconds;
  readonly packets: Packet[];
  /** Null while it is in flight. */
  endedAt: Nanoseconds | null;
  /** The resolver is done with it too: no probe is on the way. */
  isOver: boolean;
  error: LookupError | null;
  found: number;
}

interface Socket {
  readonly port: number;
  readonly overTcp: boolean;
  readonly server: number;
  readonly run: Run;
  isOpen: boolean;
}

interface Event {
  readonly at: Nanoseconds;
  /** At one time timers come first, as in an event loop. */
  readonly isTimer: boolean;
  readonly happens: () => void;
}

export class ScriptedHost implements ResolverHost {
  socketsOpened = 0;
  socketsClosed = 0;
  /** Of calls to `sendPair`, that is pairs that may come onto two CPUs. */
  pairsSent = 0;
  private clock: Nanoseconds = 0;
  private timerStamp = 0;
  private readonly setup: HostSetup;
  private readonly events: Event[] = [];
  private readonly sockets: Socket[] = [];
  private readonly timers = new Map<string, number>();
  private readonly runs = new Map<Lookup, Run>();

  constructor(setup: HostSetup = {}) {
    this.setup = setup;
  }

  /** Starts a lookup; `runUntil` lets it happen. */
  start(resolver: Resolver, lookup: TestLookup, script: Script): Run {
    if (this.runs.has(lookup)) throw new Error('the lookup is in flight');
    const run: Run = {
      lookup,
      resolver,
      script,
      startedAt: this.clock,
      packets: [],
      endedAt: null,
      isOver: false,
      error: null,
      found: 0,
    };
    this.runs.set(lookup, run);
    resolver.start(lookup);
    return run;
  }

  /** Handles events until `isDone` says so or nothing happens before `until`. */
  runUntil(until: Nanoseconds, isDone: () => boolean = () => false): void {
    while (!isDone()) {
      const event = this.events[0];
      if (event === undefined || event.at > until) {
        this.clock = until;
        return;
      }
      this.events.shift();
      this.clock = event.at;
      event.happens();
    }
  }

  get timersSet(): number {
    return this.timers.size;
  }

  now(): Nanoseconds {
    return this.clock;
  }

  openSocket(lookup: Lookup): SocketHandle {
    return this.addSocket(lookup, false, -1);
  }

  closeSocket(socket: SocketHandle): void {
    this.open(socket).isOpen = false;
    this.socketsClosed += 1;
  }

  sendQuery(lookup: Lookup, socket: SocketHandle, question: QuestionType, server: number): void {
    this.send(this.run(lookup), socket, question, server);
  }

  sendPair(lookup: Lookup, socket: SocketHandle, server: number): void {
    const run = this.run(lookup);
    this.pairsSent += 1;
    const fate = this.send(run, socket, A, server);
    if (fate.kind === 'unreachable' && this.setup.errorStopsPair) return;
    this.send(run, socket, AAAA, server);
  }

  connect(lookup: Lookup, server: number): SocketHandle {
    const run = this.run(lookup);
    const socket = this.addSocket(lookup, true, server);
    if (this.setup.closedTcpServers?.includes(server)) {
      this.deliver(run, socket, 0, () => run.resolver.onConnectFailed(lookup, socket));
      return socket;
    }
    const { port } = this.open(socket);
    const syn = { port, protocol: 'SYN', server: server + 1, question: '-', name: 0 } as const;
    run.packets.push({ ...syn, atNs: this.clock });
    const handshakeNs = this.setup.firstSynIsLost ? SECOND : 0;
    this.deliver(run, socket, handshakeNs, () => {
      if (handshakeNs > 0) run.packets.push({ ...syn, atNs: this.clock });
      run.resolver.onConnected(lookup, socket);
    });
    return socket;
  }

  sendOverTcp(lookup: Lookup, socket: SocketHandle, questions: number): void {
    const run = this.run(lookup);
    const { server, run: owner } = this.open(socket);
    if (owner !== run) throw new Error("a connection is one lookup's");
    if (questions & A) this.send(run, socket, A, server);
    if (questions & AAAA) this.send(run, socket, AAAA, server);
  }

  setTimer(lookup: Lookup, slot: number, delay: Nanoseconds): void {
    if (!(slot >= 0 && slot <= 7)) throw new Error(`no timer slot ${slot}`);
    if (!(delay >= 0)) throw new Error(`a timer cannot wait ${delay} ns`);
    const run = this.run(lookup);
    const key = `${lookup.handle}:${slot}`;
    const stamp = this.timerStamp++;
    this.timers.set(key, stamp);
    this.schedule(
      delay + (this.setup.latenessNs ?? MILLISECOND),
      () => {
        if (this.timers.get(key) !== stamp) return;
        this.timers.delete(key);
        run.resolver.onTimer(lookup, slot);
      },
      true,
    );
  }

  clearTimer(lookup: Lookup, slot: number): void {
    this.timers.delete(`${lookup.handle}:${slot}`);
  }

  uniform(lookup: Lookup, index: number): number {
    if (!(Number.isInteger(index) && index >= 0 && index <= 63)) throw new Error(`no draw ${index}`);
    return this.setup.uniform?.(lookup, index) ?? 0.5;
  }

  integer(lookup: Lookup, index: number, bound: number): number {
    return Math.floor(this.uniform(lookup, index) * bound);
  }

  finish(lookup: Lookup, error: LookupError): void {
    const run = this.run(lookup);
    for (const key of this.timers.keys()) {
      if (key.startsWith(`${lookup.handle}:`)) throw new Error(`timer ${key} is left over`);
    }
    if (run.endedAt === null) this.report(lookup, error);
    if (run.error !== error) throw new Error(`reported ${run.error}, then finished with ${error}`);
    run.isOver = true;
    this.runs.delete(lookup);
  }

  report(lookup: Lookup, error: LookupError): void {
    const run = this.run(lookup);
    if (run.endedAt !== null) throw new Error('a result is reported once');
    run.endedAt = this.clock;
    run.error = error;
    run.found = lookup.found;
  }

  private send(run: Run, socket: SocketHandle, question: QuestionType, server: number): Fate {
    const { lookup, resolver, packets } = run;
    const { port, overTcp } = this.open(socket);
    const name = lookup.candidate;
    const text = question === A ? 'A' : 'AAAA';
    const same = packets.filter((packet) => packet.question === text);
    const fate = run.script({
      question,
      server,
      candidate: name,
      overTcp,
      earlier: same.length,
      earlierForName: same.filter((packet) => packet.name === name).length,
    });
    if (fate.kind === 'refused') {
      this.deliver(run, socket, 0, () => resolver.onSendRefused(lookup, socket, question, server));
      return fate;
    }
    packets.push({
      atNs: this.clock,
      port,
      protocol: overTcp ? 'TCP' : 'UDP',
      server: server + 1,
      question: text,
      name,
    });
    if (fate.kind === 'unreachable') {
      this.deliver(run, socket, 0, () => resolver.onUnreachable(lookup, socket));
    } else if (fate.kind === 'answer') {
      const { code, afterNs } = fate;
      this.deliver(run, socket, afterNs, () => {
        if (lookup.candidate !== name) throw new Error('an answer to another name came through');
        resolver.onAnswer(lookup, socket, question, server, code);
      });
    }
    return fate;
  }

  /** Something for a lookup on a socket; it reaches nobody if one of them is gone by then. */
  private deliver(run: Run, socket: SocketHandle, afterNs: Nanoseconds, call: () => void): void {
    this.schedule(afterNs, () => {
      if (this.sockets[socket]!.isOpen && !run.isOver) call();
    });
  }

  private schedule(afterNs: Nanoseconds, happens: () => void, isTimer = false): void {
    const at = this.clock + afterNs;
    const isLater = (other: Event) => other.at > at || (other.at === at && isTimer && !other.isTimer);
    let place = this.events.length;
    while (place > 0 && isLater(this.events[place - 1]!)) place -= 1;
    this.events.splice(place, 0, { at, isTimer, happens });
  }

  private addSocket(lookup: Lookup, overTcp: boolean, server: number): SocketHandle {
    const run = this.run(lookup);
    this.socketsOpened += 1;
    this.sockets.push({ port: this.sockets.length, overTcp, server, run, isOpen: true });
    return this.sockets.length - 1;
  }

  private open(socket: SocketHandle): Socket {
    const found = this.sockets[socket];
    if (socket === NO_SOCKET || found === undefined || !found.isOpen) {
      throw new Error(`socket ${socket} is not open`);
    }
    return found;
  }

  private run(lookup: Lookup): Run {
    const run = this.runs.get(lookup);
    if (run === undefined) throw new Error(`lookup ${lookup.handle} is over`);
    return run;
  }
}
