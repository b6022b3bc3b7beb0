/** The simplified client of the reference workload: a value like any library's. */

import type { ResolverKind } from '../../../src/clients/createResolver.ts';
import {
  A,
  AAAA,
  type Lookup,
  type QuestionType,
  type Resolver,
  type ResolverHost,
  type ResolverThread,
  type SocketHandle,
} from '../../../src/clients/resolver.ts';
import { invariant } from '../../../src/engine/invariant.ts';
import { SECOND } from '../../../src/engine/time.ts';

const TIMEOUT_NS = 5 * SECOND;
const ATTEMPTS = 2;
const TIMER = 0;
/** Which draw of a lookup chooses its server. */
const SERVER = 0;

class DnsRaceLookup {
  socket: SocketHandle = 0;
  server = 0;
  attempt = 0;
  answered = 0;
}

/** One server per lookup, A and AAAA from one port; after 5 s once more from the same port, after 10 s the end. */
class DnsRaceResolver implements Resolver {
  readonly usualDelays = [TIMEOUT_NS];
  private readonly servers: number;
  private readonly host: ResolverHost;
  private readonly onTimeout: () => void;

  constructor(servers: number, host: ResolverHost, onTimeout: () => void) {
    this.servers = servers;
    this.host = host;
    this.onTimeout = onTimeout;
  }

  newThread(): ResolverThread {
    return { lookups: 0 };
  }

  forkThread(thread: ResolverThread): ResolverThread {
    return thread;
  }

  start(lookup: Lookup): void {
    if (!(lookup.state instanceof DnsRaceLookup)) lookup.state = new DnsRaceLookup();
    const s = lookup.state as DnsRaceLookup;
    s.socket = this.host.openSocket(lookup);
    s.server = this.host.integer(lookup, SERVER, this.servers);
    s.attempt = 0;
    this.ask(lookup, s);
  }

  onAnswer(lookup: Lookup, _socket: SocketHandle, question: QuestionType): void {
    const s = lookup.state as DnsRaceLookup;
    s.answered |= question;
    if (s.answered !== (A | AAAA)) return;
    this.host.clearTimer(lookup, TIMER);
    lookup.found = A | AAAA;
    this.host.closeSocket(s.socket);
    this.host.finish(lookup, 'ok');
  }

  onTimer(lookup: Lookup): void {
    const s = lookup.state as DnsRaceLookup;
    this.onTimeout();
    if (s.attempt < ATTEMPTS) {
      this.ask(lookup, s);
      return;
    }
    this.host.closeSocket(s.socket);
    this.host.finish(lookup, 'again');
  }

  onConnected(): void {
    invariant(false, 'it never connects');
  }

  onConnectFailed(): void {
    invariant(false, 'it never connects');
  }

  onSendRefused(): void {}

  onUnreachable(): void {}

  private ask(lookup: Lookup, s: DnsRaceLookup): void {
    s.attempt += 1;
    s.answered = 0;
    this.host.sendPair(lookup, s.socket, s.server);
    this.host.setTimer(lookup, TIMER, TIMEOUT_NS);
  }
}

/** The kind under which scenarios name it; `onTimeout` is called whenever an attempt has taken 5 s. */
export function dnsRaceResolver(onTimeout: () => void): ResolverKind {
  return {
    name: 'dns-race-1',
    create: ({ nameServers }, host) => new DnsRaceResolver(nameServers, host, onTimeout),
  };
}
