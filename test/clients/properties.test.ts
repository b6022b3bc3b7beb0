/** What holds for every library, every resolv.conf and every loss. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResolver } from '../../src/clients/catalogue.ts';
import { readOptions } from '../../src/clients/resolvConf.ts';
import { A, AAAA } from '../../src/clients/resolver.ts';
import { MILLISECOND, SECOND } from '../../src/engine/time.ts';
import {
  type AnswerCode,
  NODATA,
  NOERROR,
  NXDOMAIN,
  REFUSED,
  SERVFAIL,
  TRUNCATED,
} from '../../src/network/dnsAnswers.ts';
import { Pod } from './support/pod.ts';
import type { Fate, Run, Script } from './support/scriptedHost.ts';

const LIBCS = [
  'glibc-2.10',
  'glibc-2.15',
  'glibc-2.36',
  'glibc-2.39',
  'musl-1.1.12',
  'musl-1.1.16',
  'musl-1.1.20',
  'musl-1.2.3',
  'musl-1.2.5',
  'go-1.12',
  'go-1.19',
  'c-ares-1.30',
  'c-ares-1.34',
];

const WORDS = [
  'ndots:5',
  'ndots:0',
  'timeout:1',
  'timeout:3',
  'attempts:1',
  'attempts:3',
  'single-request',
  'single-request-reopen',
  'use-vc',
  'no-aaaa',
  'rotate',
  'edns0',
  'nonsense',
];

interface World {
  readonly libc: string;
  readonly options: readonly string[];
  readonly nameServers: number;
  readonly searchLength: number;
  readonly dots: number;
  readonly trailingDot: boolean;
  readonly wanted: number;
  readonly lookups: number;
  /** Of queries over UDP; nothing is lost over TCP, which repairs it. */
  readonly lossPercent: number;
  /** Of the answers that are no plain answers. */
  readonly troublePercent: number;
  readonly dice: readonly number[];
}

const worlds: fc.Arbitrary<World> = fc.record({
  libc: fc.constantFrom(...LIBCS),
  options: fc.subarray(WORDS, { maxLength: 5 }),
  nameServers: fc.integer({ min: 1, max: 3 }),
  searchLength: fc.integer({ min: 0, max: 4 }),
  dots: fc.integer({ min: 0, max: 6 }),
  trailingDot: fc.boolean(),
  wanted: fc.constantFrom(A | AAAA, A | AAAA, A),
  lookups: fc.integer({ min: 1, max: 5 }),
  lossPercent: fc.integer({ min: 10, max: 40 }),
  troublePercent: fc.constantFrom(0, 0, 30),
  dice: fc.array(fc.nat(99), { minLength: 40, maxLength: 40 }),
});

const TROUBLE: readonly (AnswerCode | 'unreachable' | 'refused')[] = [
  SERVFAIL,
  REFUSED,
  NODATA,
  NXDOMAIN,
  TRUNCATED,
  'unreachable',
  'refused',
];

/** Loses, delays and answers by the dice, over and over. */
function scriptOf({ dice, lossPercent, troublePercent }: World): Script {
  let throws = 0;
  const throwDie = () => dice[throws++ % dice.length]! + Math.floor(throws / dice.length) * 37;
  return ({ overTcp, candidate }): Fate => {
    const die = () => throwDie() % 100;
    const afterNs = (1 + die()) * MILLISECOND;
    if (!overTcp && die() < lossPercent) return { kind: 'lost' };
    if (die() < troublePercent) {
      const trouble = TROUBLE[die() % TROUBLE.length]!;
      if (typeof trouble === 'number') return { kind: 'answer', code: trouble, afterNs };
      return overTcp ? { kind: 'answer', code: SERVFAIL, afterNs } : { kind: trouble };
    }
    return { kind: 'answer', code: candidate % 2 === 0 ? NOERROR : NXDOMAIN, afterNs };
  };
}

/** Queries that the options allow one lookup at most, over UDP and TCP. */
function mostQueries(world: World): number {
  const resolver = parseResolver(world.libc);
  const { attempts } = readOptions(resolver, world.options).options;
  const { nameServers } = world;
  const names = world.searchLength + 1;
  switch (resolver.family) {
    // Every round a pair to each server; two more for the ladder; a refused AAAA once more; then TCP.
    case 'glibc':
      return names * (3 * (attempts * nameServers + 2) + 2 * (nameServers + 1));
    // Every round a pair to each server and four resends after SERVFAIL, a last round on time; then TCP.
    case 'musl':
      return names * ((attempts + 1) * (2 * nameServers + 4) + 2);
    // Every try once over UDP and once over TCP.
    case 'go':
      return names * 2 * 2 * attempts * nameServers;
    // Four tries a server, and one truncated answer each.
    case 'c-ares':
      return 2 * (4 * nameServers + 1);
  }
}

function queriesOf(run: Run): number {
  return run.packets.filter(({ protocol }) => protocol !== 'SYN').length;
}

describe('under random loss', () => {
  it('every lookup ends, with no more queries, families, sockets or timers than it may have', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const pod = new Pod(world);
        const script = scriptOf(world);
        const { wanted, dots, trailingDot } = world;
        for (let i = 0; i < world.lookups; i++) {
          const run = pod.lookup(script, { wanted, dots, trailingDot });
          expect(run.found & ~wanted).toBe(0);
          expect(run.found !== 0).toBe(run.error === 'ok');
          expect(queriesOf(run)).toBeLessThanOrEqual(mostQueries(world));
          expect(pod.host.socketsClosed).toBe(pod.host.socketsOpened);
          expect(pod.host.timersSet).toBe(0);
        }
      }),
      { seed: 42, numRuns: 1000 },
    );
  });

  it('overlapping lookups of one c-ares channel all end and leave nothing behind', () => {
    fc.assert(
      fc.property(worlds, fc.array(fc.nat(3000), { minLength: 2, maxLength: 12 }), (world, startsMs) => {
        const pod = new Pod({ ...world, libc: 'c-ares-1.34' });
        const script = scriptOf(world);
        const runs = startsMs
          .toSorted((a, b) => a - b)
          .map((startMs) => {
            pod.host.runUntil(startMs * MILLISECOND);
            return pod.start(script, { wanted: world.wanted });
          });
        pod.host.runUntil(600 * SECOND);
        for (const run of runs) {
          expect(run.endedAt).not.toBe(null);
          expect(run.found & ~world.wanted).toBe(0);
          expect(queriesOf(run)).toBeLessThanOrEqual(mostQueries({ ...world, libc: 'c-ares-1.34' }));
        }
        expect(pod.host.socketsClosed).toBe(pod.host.socketsOpened);
        expect(pod.host.timersSet).toBe(0);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it('a lookup that loses nothing never waits for a timer', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const pod = new Pod(world);
        const quick: Script = ({ candidate }) => ({
          kind: 'answer',
          code: candidate % 2 === 0 ? NOERROR : NXDOMAIN,
          afterNs: MILLISECOND,
        });
        const { wanted, dots, trailingDot } = world;
        const run = pod.lookup(quick, { wanted, dots, trailingDot });
        expect(run.endedAt! - run.startedAt).toBeLessThanOrEqual(2 * (world.searchLength + 1) * MILLISECOND);
      }),
      { seed: 42, numRuns: 300 },
    );
  });
});
