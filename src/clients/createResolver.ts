/** From what a scenario says to a machine that plays it. */
import { invariant } from '../engine/invariant.ts';
import { CaresResolver } from './cares.ts';
import { parseResolver } from './catalogue.ts';
import { GlibcResolver } from './glibc.ts';
import { GoResolver } from './go.ts';
import { MuslResolver } from './musl.ts';
import { readOptions } from './resolvConf.ts';
import type { Resolver, ResolverHost } from './resolver.ts';

export interface ResolverSettings {
  /** Library with version, or a well-known image: `musl-1.1.20`, `alpine-3.9`. */
  readonly libc: string;
  /** Words of the `options` line of resolv.conf, in order. */
  readonly options: readonly string[];
  /** Name servers that it asks, 1 to 3. */
  readonly nameServers: number;
  /** Elements of the search list. */
  readonly searchLength: number;
}

/** Of those in resolv.conf, how many a library reads (`MAXNS`; c-ares is taken to have the same limit). */
export const MOST_NAME_SERVERS = 3;

/** A resolver of one's own: a value that a program hands to `simulate` beside the scenario that names it. */
export interface ResolverKind {
  /** What the scenario's `resolver.libc` says. */
  readonly name: string;
  readonly create: (settings: ResolverSettings, host: ResolverHost) => Resolver;
}

/** Throws `UnknownResolverError` if there is no such library or version; options that it ignores are no error. */
export function createResolver(settings: ResolverSettings, host: ResolverHost): Resolver {
  const { nameServers, searchLength } = settings;
  invariant(
    Number.isInteger(nameServers) && nameServers >= 1 && nameServers <= MOST_NAME_SERVERS,
    'a library asks one to three name servers',
  );
  invariant(
    Number.isInteger(searchLength) && searchLength >= 0,
    'a search list has a whole number of elements',
  );
  const { family, version, ...rest } = parseResolver(settings.libc);
  const { options } = readOptions({ family, version, ...rest }, settings.options);
  switch (family) {
    case 'glibc':
      return new GlibcResolver(version, options, nameServers, searchLength, host);
    case 'musl':
      return new MuslResolver(version, options, nameServers, searchLength, host);
    case 'go':
      return new GoResolver(options, nameServers, searchLength, host);
    case 'c-ares':
      return new CaresResolver({ version, options, servers: nameServers }, host);
  }
}
