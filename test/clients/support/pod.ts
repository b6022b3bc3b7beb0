/** Small builders for tests of single rules: one thread of one library, and lookups one after the other. */
import { createResolver } from '../../../src/clients/createResolver.ts';
import type { Resolver, ResolverThread } from '../../../src/clients/resolver.ts';
import { SECOND } from '../../../src/engine/time.ts';
import { packetsOf } from './comparison.ts';
import { type HostSetup, type Run, type Script, ScriptedHost, TestLookup } from './scriptedHost.ts';

export interface PodSetup {
  readonly libc: string;
  readonly options?: readonly string[];
  readonly nameServers?: number;
  readonly searchLength?: number;
  readonly host?: HostSetup;
}

export class Pod {
  readonly host: ScriptedHost;
  readonly resolver: Resolver;
  readonly thread: ResolverThread;
  private readonly setup: PodSetup;
  private lookups = 0;

  constructor(setup: PodSetup) {
    this.setup = setup;
    this.host = new ScriptedHost({ latenessNs: 0, ...setup.host });
    this.resolver = this.resolverWith(setup.options ?? []);
    this.thread = this.resolver.newThread();
  }

  /** The same library after resolv.conf was rewritten. */
  resolverWith(options: readonly string[]): Resolver {
    const { libc, nameServers = 1, searchLength = 0 } = this.setup;
    return createResolver({ libc, options, nameServers, searchLength }, this.host);
  }

  /** Starts a lookup and leaves it in flight. */
  start(script: Script, given: Partial<TestLookup> = {}, resolver = this.resolver): Run {
    const lookup = Object.assign(new TestLookup(this.lookups++), { thread: this.thread }, given);
    return this.host.start(resolver, lookup, script);
  }

  /** Runs one lookup to its end; throws if that takes more than ten minutes. */
  lookup(script: Script, given: Partial<TestLookup> = {}, resolver = this.resolver): Run {
    const run = this.start(script, given, resolver);
    this.host.runUntil(this.host.now() + 600 * SECOND, () => run.endedAt !== null);
    if (run.endedAt === null) throw new Error('the lookup hangs');
    return run;
  }
}

/** `A@0 p1; AAAA@0 p1; A@5 p1: ok A+AAAA at 5.02`, in seconds. */
export function story(run: Run): string {
  const packets = packetsOf(run).map(({ question, protocol, server, name, atMs, port }) => {
    const what = protocol === 'SYN' ? 'SYN' : protocol === 'TCP' ? `${question}/tcp` : question;
    return `${what}${server === 1 ? '' : `#${server}`}${name > 1 ? ` n${name}` : ''}@${seconds(atMs)} p${port}`;
  });
  const families = ['', ' A', ' AAAA', ' A+AAAA'][run.found];
  const tookMs = (run.endedAt! - run.startedAt) / 1e6;
  return `${packets.join('; ')}: ${run.error}${families} at ${seconds(tookMs)}`;
}

function seconds(ms: number): string {
  return String(Math.round(ms) / 1000);
}
