/** `dns` and `tcp` of a group, complete. */
import { absoluteName } from '../clusterNames.ts';
import { DEFAULTS, LIMITS } from '../defaults.ts';
import * as messages from '../messages.ts';
import type { Path, Problem } from '../problems.ts';
import type { DnsTraffic, LookupName, TcpTraffic } from '../scenario.ts';
import {
  type DnsTrafficFile,
  ENDPOINT,
  HOST_NAME,
  type LookupNameFile,
  type TcpTrafficFile,
} from '../schema/traffic.ts';
import { resolveArrivals, type Targets } from './arrivals.ts';
import { type Resolving, resolveDistribution, resolveDuration } from './values.ts';

/** What `dns` and `tcp` need to know of their group. */
export interface GroupContext {
  /** Pods in it. */
  readonly count: number;
  /** The search list of its pods. */
  readonly search: readonly string[];
}

export function resolveDnsTraffic(
  file: DnsTrafficFile,
  group: GroupContext,
  at: Path,
  resolving: Resolving,
): DnsTraffic {
  const written = file.names ?? [];
  const names = written.map((name, index) =>
    resolveLookupName(name, group.search, [...at, 'names', index], resolving),
  );
  const targets = new Names(names, (text) => {
    if (!HOST_NAME.test(text)) return messages.replayedName(text, 'not-a-name');
    return text.length > 253 ? messages.nameTooLong(text) : defaultName(text, group.search);
  });
  const arrivals = resolveArrivals(file, group.count, targets, at, resolving);
  if (names.length === 0 && arrivals.process !== 'replay') {
    resolving.problems.add(at, messages.lookupWithoutNames());
  }
  const warmUp = file.warmUp ?? 'all';
  const warmUpNs = warmUp === 'all' ? null : resolveDuration(warmUp, 0, [...at, 'warmUp'], resolving);
  return { arrivals, warmUpNs, names };
}

/** What a name alone stands for. */
export function defaultName(name: string, search: readonly string[]): LookupName {
  const { families, ttlNs } = DEFAULTS.lookupName;
  return { name, fqdn: absoluteName(name, search), families, ttlNs };
}

function resolveLookupName(
  file: LookupNameFile,
  search: readonly string[],
  at: Path,
  resolving: Resolving,
): LookupName {
  const { name, fqdn, families, ttl } = typeof file === 'string' ? { name: file } : file;
  const defaults = defaultName(name, search);
  for (const text of [name, fqdn ?? '']) {
    if (text.length > 253) resolving.problems.add(at, messages.nameTooLong(text));
  }
  if (families !== undefined && new Set(families).size < families.length) {
    resolving.problems.add([...at, 'families'], messages.duplicateFamily());
  }
  return {
    name,
    fqdn: fqdn?.replace(/\.$/, '') ?? defaults.fqdn,
    families: families ?? defaults.families,
    ttlNs: resolveDuration(ttl, defaults.ttlNs, [...at, 'ttl'], resolving),
  };
}

export function resolveTcpTraffic(
  file: TcpTrafficFile,
  group: GroupContext,
  at: Path,
  resolving: Resolving,
): TcpTraffic {
  const defaults = DEFAULTS.tcp;
  const to = (file.to ?? []).map((text, index) => {
    const endpoint = endpointOf(text);
    if ('port' in endpoint) return { ...endpoint, name: text };
    resolving.problems.add([...at, 'to', index], endpoint);
    return { address: '', port: 0, name: text };
  });
  const targets = new Names(to, (text) => {
    if (!ENDPOINT.test(text)) return messages.replayedName(text, 'not-an-endpoint');
    const endpoint = endpointOf(text);
    return 'port' in endpoint ? { ...endpoint, name: text } : endpoint;
  });
  const arrivals = resolveArrivals(file, group.count, targets, at, resolving);
  if (to.length === 0 && arrivals.process !== 'replay') {
    resolving.problems.add(at, messages.connectsWithoutDestinations());
  }
  const connectTimeout = file.connectTimeout ?? 'kernel';
  return {
    arrivals,
    to: to.map(({ address, port }) => ({ address, port })),
    reuse: file.reuse ?? defaults.reuse,
    hold: resolveDistribution(file.hold, defaults.hold, [...at, 'hold'], resolving),
    closedBy: file.closedBy ?? defaults.closedBy,
    connectTimeoutNs:
      connectTimeout === 'kernel'
        ? null
        : resolveDuration(connectTimeout, 0, [...at, 'connectTimeout'], resolving, 1),
  };
}

/** A list of named targets that a replayed log adds to, so that a log may bring its own. */
class Names<Target extends { readonly name: string }> implements Targets {
  private readonly list: Target[];
  private readonly make: (text: string) => Target | Problem;
  private readonly indices = new Map<string, number>();

  constructor(list: Target[], make: (text: string) => Target | Problem) {
    this.list = list;
    this.make = make;
    for (const [index, { name }] of list.entries()) {
      if (!this.indices.has(name)) this.indices.set(name, index);
    }
  }

  indexOf(text: string): number | Problem {
    const known = this.indices.get(text);
    if (known !== undefined) return known;
    const target = this.make(text);
    if ('code' in target) return target;
    if (this.list.length === LIMITS.names) return messages.tooManyNames();
    this.indices.set(text, this.list.length);
    return this.list.push(target) - 1;
  }

  size(): number {
    return this.list.length;
  }
}

/** `text` has the form of an endpoint. */
function endpointOf(text: string): { readonly address: string; readonly port: number } | Problem {
  const [address, portText] = text.split(':') as [string, string];
  const port = Number(portText);
  // Leading zeros are octal to some libraries and decimal to others.
  const octets = address.split('.');
  if (octets.some((octet) => Number(octet) > 255 || String(Number(octet)) !== octet)) {
    return messages.badAddress(text);
  }
  if (port < 1 || port > 65535) return messages.portOutOfRange(text);
  return { address, port };
}
