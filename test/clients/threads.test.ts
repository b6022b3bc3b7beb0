/** What a thread knows goes with a fork of it, and what either learns later stays apart (`forkThread`). */
import { describe, expect, it } from 'vitest';
import { CaresResolver } from '../../src/clients/cares.ts';
import { parseResolver } from '../../src/clients/catalogue.ts';
import { createResolver } from '../../src/clients/createResolver.ts';
import { GlibcResolver } from '../../src/clients/glibc.ts';
import { GoResolver } from '../../src/clients/go.ts';
import { MuslResolver } from '../../src/clients/musl.ts';
import { readOptions } from '../../src/clients/resolvConf.ts';
import { A } from '../../src/clients/resolver.ts';
import { InvariantError } from '../../src/engine/invariant.ts';
import { NOERROR } from '../../src/network/dnsAnswers.ts';
import { Pod, story } from './support/pod.ts';
import { type Script, ScriptedHost } from './support/scriptedHost.ts';

const ANSWERED: Script = () => ({ kind: 'answer', code: NOERROR, afterNs: 20_000_000 });
/** The first answer to AAAA is lost. */
const ONE_LOST: Script = ({ question, earlier }) =>
  question !== A && earlier === 0 ? { kind: 'lost' } : { kind: 'answer', code: NOERROR, afterNs: 20_000_000 };

const PAIR = 'A@0 p1; AAAA@0 p1: ok A+AAAA at 0.02';
const ONE_BY_ONE = 'A@0 p1; AAAA@0.02 p1: ok A+AAAA at 0.04';

describe('a fork of a glibc thread', () => {
  it('asks one after the other if the thread had learnt to, and the thread goes on to', () => {
    const pod = new Pod({ libc: 'glibc-2.36' });
    pod.lookup(ONE_LOST);
    const thread = pod.resolver.forkThread(pod.thread);
    expect(thread).not.toBe(pod.thread);
    expect(story(pod.lookup(ANSWERED, { thread }))).toBe(ONE_BY_ONE);
    expect(story(pod.lookup(ANSWERED))).toBe(ONE_BY_ONE);
  });

  it('learns for itself alone, and does not learn what the thread learns later', () => {
    const pod = new Pod({ libc: 'glibc-2.36' });
    const forks = [1, 2].map(() => pod.resolver.forkThread(pod.thread));
    pod.lookup(ONE_LOST, { thread: forks[0]! });
    expect(story(pod.lookup(ANSWERED, { thread: forks[0]! }))).toBe(ONE_BY_ONE);
    expect(story(pod.lookup(ANSWERED, { thread: forks[1]! }))).toBe(PAIR);
    expect(story(pod.lookup(ANSWERED))).toBe(PAIR);
    pod.lookup(ONE_LOST);
    expect(story(pod.lookup(ANSWERED, { thread: forks[1]! }))).toBe(PAIR);
  });

  it('counts on from the lookups of the thread', () => {
    const pod = new Pod({ libc: 'glibc-2.36' });
    pod.lookup(ANSWERED);
    const fork = pod.resolver.forkThread(pod.thread);
    pod.lookup(ANSWERED, { thread: fork });
    expect([pod.thread.lookups, fork.lookups]).toEqual([1, 2]);
  });
});

describe('a library that learns nothing from a loss for good', () => {
  it.each(['musl-1.2.3', 'go-1.19', 'c-ares-1.34'])('%s shares its thread with its forks', (libc) => {
    const pod = new Pod({ libc });
    expect(pod.resolver.forkThread(pod.thread)).toBe(pod.thread);
  });
});

describe('every library', () => {
  it.each(['glibc-2.36', 'musl-1.2.3', 'go-1.19', 'c-ares-1.34'])(
    '%s counts the lookups of a thread, and threads apart',
    (libc) => {
      const pod = new Pod({ libc });
      const other = pod.resolver.newThread();
      for (let i = 0; i < 3; i++) pod.lookup(ANSWERED);
      pod.lookup(ANSWERED, { thread: other });
      expect([pod.thread.lookups, other.lookups]).toEqual([3, 1]);
    },
  );

  it.each(['glibc-2.36', 'musl-1.2.3', 'go-1.19', 'c-ares-1.34'])(
    '%s is set up for one to three name servers and a list of whole length',
    (libc) => {
      const create = (nameServers: number, searchLength = 0) =>
        createResolver({ libc, options: [], nameServers, searchLength }, new ScriptedHost());
      for (const nameServers of [1, 2, 3]) expect(() => create(nameServers)).not.toThrow();
      for (const nameServers of [0, -1, 4, 1.5, Number.NaN]) {
        expect(() => create(nameServers)).toThrow(InvariantError);
      }
      expect(() => create(1, 7)).not.toThrow();
      for (const length of [-1, 0.5]) expect(() => create(1, length)).toThrow(InvariantError);
    },
  );

  it('checks that itself, whoever makes it', () => {
    const host = new ScriptedHost();
    const { options } = readOptions(parseResolver('glibc-2.36'), []);
    for (const servers of [0, 4]) {
      expect(() => new GlibcResolver('2.36', options, servers, 0, host)).toThrow(InvariantError);
      expect(() => new MuslResolver('1.2.3', options, servers, 0, host)).toThrow(InvariantError);
      expect(() => new GoResolver(options, servers, 0, host)).toThrow(InvariantError);
      expect(() => new CaresResolver({ version: '1.34', options, servers }, host)).toThrow(InvariantError);
    }
  });
});
