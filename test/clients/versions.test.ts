/** What changed between versions of a library, and rules that no recording shows. */
import { describe, expect, it } from 'vitest';
import { A } from '../../src/clients/resolver.ts';
import { NODATA, NXDOMAIN, SERVFAIL } from '../../src/network/dnsAnswers.ts';
import { answer, existing, fault, LOST, UNREACHABLE } from './support/faults.ts';
import { Pod, type PodSetup, story } from './support/pod.ts';
import type { Script } from './support/scriptedHost.ts';

function one(setup: PodSetup, script: Script): string {
  return story(new Pod(setup).lookup(script));
}

describe('musl', () => {
  it('up to 1.2.0 returns the family that came when the other timed out, after the full timeout', () => {
    expect(one({ libc: 'musl-1.1.24' }, fault('dax'))).toBe('A@0 p1; AAAA@0 p1; A@2.5 p1: ok AAAA at 5');
    expect(one({ libc: 'musl-1.2.0' }, fault('dqx'))).toBe('A@0 p1; AAAA@0 p1; AAAA@2.5 p1: ok A at 5');
  });

  it('from 1.2.1 fails a lookup of which one family timed out', () => {
    expect(one({ libc: 'musl-1.2.1' }, fault('dax'))).toBe('A@0 p1; AAAA@0 p1; A@2.5 p1: again at 5');
    expect(one({ libc: 'musl-1.2.1' }, fault('dqx'))).toBe('A@0 p1; AAAA@0 p1; AAAA@2.5 p1: again at 5');
  });

  it('up to 1.2.0 lets the answer to A decide when no address came', () => {
    const noA: Script = ({ question }) => (question === A ? answer(NODATA) : LOST);
    expect(one({ libc: 'musl-1.2.0' }, noA)).toMatch(/: noname at 5$/);
    expect(one({ libc: 'musl-1.2.1' }, noA)).toMatch(/: again at 5$/);
  });

  it('from 1.1.13 to 1.1.16 ignores attempts', () => {
    const options = ['timeout:5', 'attempts:5'];
    const tenth = 'A@0 p1; AAAA@0 p1; A@1 p1: ok A+AAAA at 1.02';
    expect(one({ libc: 'musl-1.1.12', options }, fault('da1'))).toBe(tenth);
    for (const libc of ['musl-1.1.13', 'musl-1.1.16']) {
      expect(one({ libc, options }, fault('da1'))).toBe('A@0 p1; AAAA@0 p1; A@2.5 p1: ok A+AAAA at 2.52');
    }
    expect(one({ libc: 'musl-1.1.17', options }, fault('da1'))).toBe(tenth);
  });

  it('before 1.1.13 asks for the bare name alone', () => {
    const setup = { searchLength: 4, options: ['ndots:5'] };
    expect(one({ libc: 'musl-1.1.12', ...setup }, existing(2))).toBe('A@0 p1; AAAA@0 p1: noname at 0.02');
    expect(one({ libc: 'musl-1.1.13', ...setup }, existing(2))).toBe(
      'A@0 p1; AAAA@0 p1; A n2@0.02 p2; AAAA n2@0.02 p2: ok A+AAAA at 0.04',
    );
  });

  it('from 1.2.1 judges A before AAAA: NXDOMAIN for A leads to the next name though AAAA is missing', () => {
    const script: Script = (query) =>
      query.candidate === 1 && query.question !== A ? LOST : existing(0)(query);
    expect(one({ libc: 'musl-1.2.3', options: ['ndots:5'], searchLength: 1 }, script)).toMatch(
      /ok A\+AAAA at 5.02$/,
    );
  });

  it('before 1.2.4 takes a truncated answer for an empty one', () => {
    expect(one({ libc: 'musl-1.2.3' }, fault('tca'))).toBe('A@0 p1; AAAA@0 p1: ok AAAA at 0.02');
  });

  it('from 1.2.4 asks again over a TCP connection for each truncated answer', () => {
    expect(one({ libc: 'musl-1.2.4' }, fault('tca'))).toBe(
      'A@0 p1; AAAA@0 p1; SYN@0.02 p2; A/tcp@0.02 p2: ok A+AAAA at 0.04',
    );
    expect(one({ libc: 'musl-1.2.5' }, fault('tcb'))).toBe(
      'A@0 p1; AAAA@0 p1; SYN@0.02 p2; SYN@0.02 p3; A/tcp@0.02 p2; AAAA/tcp@0.02 p3: ok A+AAAA at 0.04',
    );
  });

  it('does not resend over UDP what it is asking over TCP', () => {
    const slowTcp: Script = (query) => (query.overTcp ? answer(0, 3_000_000_000) : fault('tca')(query));
    expect(one({ libc: 'musl-1.2.4' }, slowTcp)).toBe(
      'A@0 p1; AAAA@0 p1; SYN@0.02 p2; A/tcp@0.02 p2: ok A+AAAA at 3.04',
    );
  });

  it('fails when the TCP connection after a truncated answer is refused', () => {
    const host = { closedTcpServers: [0] };
    expect(one({ libc: 'musl-1.2.4', host }, fault('tca'))).toBe('A@0 p1; AAAA@0 p1: again at 0.02');
  });

  it('says nodata for an empty answer from 1.2.4 on, noname before', () => {
    expect(one({ libc: 'musl-1.2.3' }, fault('ndb'))).toMatch(/: noname/);
    expect(one({ libc: 'musl-1.2.4' }, fault('ndb'))).toMatch(/: nodata/);
  });

  it('waits out the timeout when the kernel refuses its packets', () => {
    expect(one({ libc: 'musl-1.2.3' }, () => ({ kind: 'refused' }))).toBe(': again at 5');
  });

  it('fails at once with timeout:0, which it honours', () => {
    expect(one({ libc: 'musl-1.2.3', options: ['timeout:0'] }, fault('ok'))).toBe(': again at 0');
  });
});

describe('glibc', () => {
  /** The second packet of the first pair is refused by a hook of the sender's own namespace. */
  const refusesAaaa = (): Script => {
    let done = false;
    return (query) => {
      if (query.question === A || done) return answer();
      done = true;
      return { kind: 'refused' };
    };
  };

  it('before 2.16 sends a pair too, and gives up its socket when the second send is refused', () => {
    expect(one({ libc: 'glibc-2.15' }, fault('ok'))).toBe('A@0 p1; AAAA@0 p1: ok A+AAAA at 0.02');
    expect(one({ libc: 'glibc-2.15' }, refusesAaaa())).toBe('A@0 p1; A@0 p2; AAAA@0 p2: ok A+AAAA at 0.02');
  });

  it('from 2.16 sends a refused AAAA again at once, from the same port', () => {
    expect(one({ libc: 'glibc-2.16' }, refusesAaaa())).toBe('A@0 p1; AAAA@0 p1: ok A+AAAA at 0.02');
  });

  it('gives up after two refused packets a try, without waiting', () => {
    expect(one({ libc: 'glibc-2.36' }, () => ({ kind: 'refused' }))).toBe(': again at 0');
  });

  it('2.10 has no second step in its ladder: it is content with one family', () => {
    const pod = new Pod({ libc: 'glibc-2.10' });
    expect(story(pod.lookup(fault('dqx')))).toBe('A@0 p1; AAAA@0 p1; A@5 p1; AAAA@5.02 p1: ok A at 10');
    expect(story(pod.lookup(fault('ok')))).toBe('A@0 p1; AAAA@0.02 p1: ok A+AAAA at 0.04');
  });

  it('2.11 to 2.40 but for 2.36 wait for an answer that they never asked for (bug 30081)', () => {
    const options = ['single-request'];
    for (const libc of ['glibc-2.11', 'glibc-2.35', 'glibc-2.37', 'glibc-2.40']) {
      expect(one({ libc, options }, fault('sfa'))).toBe('A@0 p1; A@5 p1: again at 10');
    }
    for (const libc of ['glibc-2.36', 'glibc-2.41']) {
      expect(one({ libc, options }, fault('sfa'))).toBe('A@0 p1; A@0.02 p2: again at 0.04');
    }
  });

  it('notices a rewritten resolv.conf from 2.26 on, and forgets what it learned', () => {
    const relearned = (libc: string, options: string[]) => {
      const pod = new Pod({ libc, options });
      pod.lookup(fault('da1'));
      return story(pod.lookup(fault('ok'), {}, pod.resolverWith([...options, 'timeout:1'])));
    };
    const pair = 'A@0 p1; AAAA@0 p1: ok A+AAAA at 0.02';
    const serial = 'A@0 p1; AAAA@0.02 p1: ok A+AAAA at 0.04';
    expect(relearned('glibc-2.25', [])).toBe(serial);
    expect(relearned('glibc-2.26', [])).toBe(pair);
    expect(relearned('glibc-2.36', ['no-reload'])).toBe(serial);
  });

  it('uses options of a rewritten resolv.conf only where it notices it', () => {
    const options = ['single-request'];
    for (const [libc, sends] of [
      ['glibc-2.25', 'A@0 p1; AAAA@0 p1'],
      ['glibc-2.26', 'A@0 p1; AAAA@0.02 p1'],
    ] as const) {
      const pod = new Pod({ libc });
      pod.lookup(fault('ok'));
      expect(story(pod.lookup(fault('ok'), {}, pod.resolverWith(options)))).toContain(`${sends}:`);
    }
  });

  it('before 2.26 reads six elements of the search list', () => {
    const names = (libc: string) => {
      const run = new Pod({ libc, options: ['ndots:5'], searchLength: 8 }).lookup(existing(0));
      return new Set(run.packets.map(({ name }) => name)).size;
    };
    expect(names('glibc-2.25')).toBe(7);
    expect(names('glibc-2.26')).toBe(9);
  });

  it('waits 5, 3 and 6 s for three silent servers, in both rounds', () => {
    const setup = { libc: 'glibc-2.36', nameServers: 3, options: ['no-aaaa'] };
    expect(one(setup, fault('dall'))).toBe(
      'A@0 p1; A#2@5 p2; A#3@8 p3; A@14 p1; A#2@19 p2; A#3@22 p3: again at 28',
    );
  });

  it('waits at least a second', () => {
    expect(one({ libc: 'glibc-2.36', options: ['timeout:0', 'attempts:1'] }, fault('dall'))).toMatch(
      /again at 1$/,
    );
  });

  it('asks nobody with attempts:0, which it honours', () => {
    expect(one({ libc: 'glibc-2.36', options: ['attempts:0'] }, fault('ok'))).toBe(': again at 0');
  });

  it('over TCP asks each server once', () => {
    const setup = {
      libc: 'glibc-2.36',
      options: ['use-vc'],
      nameServers: 3,
      host: { closedTcpServers: [0, 1, 2] },
    };
    const pod = new Pod(setup);
    expect(story(pod.lookup(fault('ok')))).toBe(': again at 0');
    expect(pod.host.socketsOpened).toBe(3);
  });

  it('ends the search at a name of the list for which it reaches no server', () => {
    const run = new Pod({ libc: 'glibc-2.36', options: ['ndots:5'], searchLength: 3 }).lookup(
      () => UNREACHABLE,
    );
    expect(story(run)).toBe('A@0 p1; AAAA@0 p1; A@0 p2; AAAA@0 p2: again at 0');
  });

  it('returns the error of the bare name if that came first, else nodata if any name was empty', () => {
    const emptyList: Script = ({ candidate }) => answer(candidate === 0 ? NXDOMAIN : NODATA);
    const setup = { libc: 'glibc-2.36', searchLength: 2 };
    expect(one({ ...setup, options: ['ndots:1'] }, emptyList)).toMatch(/: noname/);
    expect(one({ ...setup, options: ['ndots:5'] }, emptyList)).toMatch(/: nodata/);
  });

  it('does not take a second answer to A for a sign to send AAAA again', () => {
    const script: Script = ({ question, earlier }) => {
      if (question !== A) return answer(0, 1_000_000_000);
      return answer(0, earlier === 0 ? 5_480_000_000 : 780_000_000);
    };
    expect(one({ libc: 'glibc-2.36', options: ['single-request'] }, script)).toBe(
      'A@0 p1; A@5 p1; AAAA@5.5 p1: ok A+AAAA at 6.52',
    );
  });

  it('searches on past a name whose server failed, also if it failed for another name before', () => {
    const script: Script = ({ candidate }) =>
      candidate === 1 ? answer(SERVFAIL) : candidate === 2 ? LOST : existing(3)({ candidate } as never);
    const run = new Pod({ libc: 'glibc-2.36', options: ['ndots:5'], searchLength: 3 }).lookup(script);
    expect(run.packets.at(-1)!.name).toBe(3);
    expect(run.error).toBe('ok');
  });
});

describe('Go', () => {
  it('before 1.13 ignores single-request, single-request-reopen and use-vc', () => {
    for (const word of ['single-request', 'single-request-reopen', 'use-vc']) {
      expect(one({ libc: 'go-1.12', options: [word] }, fault('ok'))).toBe(
        'AAAA@0 p1; A@0 p2: ok A+AAAA at 0.02',
      );
    }
  });

  it('from 1.13 takes both single-request words for the same', () => {
    for (const word of ['single-request', 'single-request-reopen']) {
      expect(one({ libc: 'go-1.13', options: [word] }, fault('ok'))).toBe(
        'A@0 p1; AAAA@0.02 p2: ok A+AAAA at 0.04',
      );
    }
    expect(one({ libc: 'go-1.13', options: ['use-vc'] }, fault('ok'))).toMatch(/^SYN/);
  });

  it('goes to the next try at once when the kernel refuses a packet', () => {
    expect(one({ libc: 'go-1.19', nameServers: 2 }, () => ({ kind: 'refused' }))).toBe(': again at 0');
  });

  it('reports the error of the name as given, not that of a name of the list', () => {
    const script: Script = ({ candidate }) => (candidate === 0 ? answer(NXDOMAIN) : LOST);
    const setup = { libc: 'go-1.19', options: ['ndots:5', 'timeout:1', 'attempts:1'], searchLength: 1 };
    expect(one(setup, script)).toMatch(/: noname at 1.02$/);
  });
});

describe('c-ares', () => {
  /** First wait of the third lookup, whose first A is lost. */
  const thirdWait = (libc: string) => {
    const pod = new Pod({ libc });
    pod.lookup(fault('ok'));
    pod.lookup(fault('ok'));
    return story(pod.lookup(fault('da1')));
  };

  it('from 1.32 waits five mean latencies, which the tick makes a second', () => {
    expect(thirdWait('c-ares-1.32')).toBe('A@0 p1; AAAA@0 p1; A@1.02 p1: ok A+AAAA at 1.04');
  });

  it('before 1.32 waits what is configured', () => {
    expect(thirdWait('c-ares-1.31')).toBe('A@0 p1; AAAA@0 p1; A@2.02 p1: ok A+AAAA at 2.04');
  });

  it('learns from the third answer on', () => {
    const waitAfter = (answers: number) => {
      const pod = new Pod({ libc: 'c-ares-1.34' });
      for (let i = 0; i < answers; i++) pod.lookup(fault('ok'), { wanted: A });
      const run = pod.lookup(fault('da1'), { wanted: A });
      return Math.round((run.packets[1]!.atNs - run.startedAt) / 1e8) / 10;
    };
    expect(waitAfter(2)).toBe(2);
    expect(waitAfter(3)).toBe(1);
  });

  it('with a slow server learns to wait longer than at first', () => {
    const pod = new Pod({ libc: 'c-ares-1.34' });
    const slow =
      (lost: boolean): Script =>
      (query) =>
        lost && query.question === A && query.earlier === 0 ? LOST : answer(0, 600_000_000);
    pod.lookup(slow(false));
    pod.lookup(slow(false));
    // Mean 620 ms, so 3.1 s; the first tick after that, counted from the answer to AAAA.
    expect(story(pod.lookup(slow(true)))).toMatch(/; A@3.62 p2: ok A\+AAAA/);
  });

  it('sends all questions of overlapping lookups from one port', () => {
    const pod = new Pod({ libc: 'c-ares-1.34' });
    const runs = Array.from({ length: 6 }, () => pod.start(fault('ok')));
    pod.host.runUntil(1e9);
    const packets = runs.flatMap((run) => run.packets);
    expect(packets.length).toBe(12);
    expect(new Set(packets.map(({ port }) => port)).size).toBe(1);
    expect(runs.map(({ error }) => error)).toEqual(Array(6).fill('ok'));
    expect(pod.host.socketsClosed).toBe(1);
  });

  it('gives lookups that follow each other a port each', () => {
    const pod = new Pod({ libc: 'c-ares-1.34' });
    const ports = [1, 2, 3].map(() => pod.lookup(fault('ok')).packets[0]!.port);
    expect(new Set(ports).size).toBe(3);
  });

  it('notices a timeout at any answer of the channel, so a busy channel waits for no tick', () => {
    const pod = new Pod({ libc: 'c-ares-1.34' });
    const lost = pod.start(fault('da1'));
    for (let t = 1; t <= 20; t++) {
      pod.host.runUntil(t * 300_000_000);
      if (lost.endedAt === null) pod.start(fault('ok'));
    }
    expect(story(lost)).toBe('A@0 p1; AAAA@0 p1; A@2.12 p2: ok A+AAAA at 2.14');
  });

  it('keeps a shared port open until the last question on it is answered', () => {
    const pod = new Pod({ libc: 'c-ares-1.34' });
    const slow = pod.start(fault('dlq'));
    const quick = pod.start(fault('ok'));
    pod.host.runUntil(100_000_000);
    expect([quick.error, slow.error, pod.host.socketsClosed]).toEqual(['ok', null, 0]);
    pod.host.runUntil(300_000_000);
    expect([slow.error, pod.host.socketsClosed]).toEqual(['ok', 1]);
  });

  it('up to 1.33 sends again from the same port, which 1.34.6 does not', () => {
    const resends = (libc: string, name: string) => one({ libc }, fault(name));
    expect(resends('c-ares-1.33', 'da1')).toBe('A@0 p1; AAAA@0 p1; A@2.02 p1: ok A+AAAA at 2.04');
    expect(resends('c-ares-1.34', 'da1')).toBe('A@0 p1; AAAA@0 p1; A@2.02 p2: ok A+AAAA at 2.04');
    expect(resends('c-ares-1.33', 'db1')).toMatch(/^A@0 p1; AAAA@0 p1; A@2.98 p1; AAAA@2.98 p1: ok/);
    expect(resends('c-ares-1.34', 'db1')).toMatch(/^A@0 p1; AAAA@0 p1; A@2.98 p2; AAAA@2.98 p3: ok/);
  });

  describe('with a second server', () => {
    /** The second server answers, the first only from 10 s on; then lookups until 20 s. */
    const podAfterFailure = (chance: number) => {
      const host = { uniform: (_: unknown, index: number) => (index >= 56 ? chance : 0.5) };
      const pod = new Pod({ libc: 'c-ares-1.34', nameServers: 2, host });
      const script: Script = ({ server }) => (server === 0 && pod.host.now() < 10e9 ? LOST : answer());
      return { pod, next: () => pod.lookup(script) };
    };

    it('asks the other one until a probe of the failed one is answered', () => {
      const { pod, next } = podAfterFailure(0);
      expect(story(next())).toMatch(/^A@0 p1; AAAA@0 p1; A#2@2.98 p2; AAAA#2@2.98 p2: ok/);
      // Failed less than five seconds ago.
      expect(story(next())).toBe('A#2@0 p1; AAAA#2@0 p1: ok A+AAAA at 0.02');
      pod.host.runUntil(12e9);
      expect(story(next())).toBe('A#2@0 p1; A@0 p2; AAAA#2@0 p1: ok A+AAAA at 0.02');
      expect(story(next())).toBe('A@0 p1; AAAA@0 p1: ok A+AAAA at 0.02');
    });

    it('never asks the failed one again if no probe is drawn', () => {
      const { pod, next } = podAfterFailure(0.1);
      next();
      pod.host.runUntil(12e9);
      for (let i = 0; i < 5; i++) expect(story(next())).toBe('A#2@0 p1; AAAA#2@0 p1: ok A+AAAA at 0.02');
    });

    it('probes once only if the probe is lost', () => {
      const { pod, next } = podAfterFailure(0);
      next();
      pod.host.runUntil(8.5e9);
      expect(story(next())).toBe('A#2@0 p1; A@0 p2; AAAA#2@0 p1: ok A+AAAA at 0.02');
      pod.host.runUntil(30e9);
      expect(story(next())).toBe('A#2@0 p1; AAAA#2@0 p1: ok A+AAAA at 0.02');
    });

    it('gives the result before the end of a probe, and closes its socket after it', () => {
      const { pod, next } = podAfterFailure(0);
      next();
      pod.host.runUntil(8.5e9);
      const run = next();
      expect([run.error, run.isOver]).toEqual(['ok', false]);
      pod.host.runUntil(12e9);
      expect([run.isOver, pod.host.socketsOpened - pod.host.socketsClosed, pod.host.timersSet]).toEqual([
        true,
        0,
        0,
      ]);
    });
  });

  it('reads resolv.conf once', () => {
    const pod = new Pod({ libc: 'c-ares-1.34' });
    pod.lookup(fault('ok'));
    const rewritten = pod.resolverWith(['use-vc']);
    expect(story(pod.lookup(fault('ok'), {}, rewritten))).not.toContain('SYN');
  });
});

it('all but Go send A and AAAA as a pair, in a first send and in a resend of both', () => {
  const pairs = (libc: string, name: string, options: string[] = []) => {
    const pod = new Pod({ libc, options });
    pod.lookup(fault(name));
    return pod.host.pairsSent;
  };
  for (const libc of ['glibc-2.15', 'glibc-2.16', 'musl-1.1.20']) {
    expect([pairs(libc, 'ok'), pairs(libc, 'db1'), pairs(libc, 'da1')]).toEqual([1, 2, 1]);
  }
  // Resends of 1.34.6 leave from two ports.
  for (const [libc, ofBoth] of [
    ['c-ares-1.33', 2],
    ['c-ares-1.34.5', 2],
    ['c-ares-1.34.6', 1],
    ['c-ares-1.34', 1],
    ['c-ares-1.34.8', 2],
  ] as const) {
    expect([libc, pairs(libc, 'ok'), pairs(libc, 'db1')]).toEqual([libc, 1, ofBoth]);
  }
  expect(pairs('go-1.19', 'db1')).toBe(0);
  expect(pairs('glibc-2.36', 'ok', ['single-request'])).toBe(0);
});

describe.each(['glibc-2.36', 'musl-1.2.3', 'go-1.19', 'c-ares-1.34'])('%s', (libc) => {
  it('sends one query for one family, and ends with its answer', () => {
    const run = new Pod({ libc }).lookup(fault('ok'), { wanted: A });
    expect(story(run)).toBe('A@0 p1: ok A at 0.02');
  });

  it('counts the lookups of a thread', () => {
    const pod = new Pod({ libc });
    for (let i = 0; i < 3; i++) pod.lookup(fault('ok'));
    expect(pod.thread.lookups).toBe(3);
  });

  it('hands the state of a lookup object on to the next lookup clean', () => {
    const pod = new Pod({ libc, options: ['ndots:5'], searchLength: 2 });
    const { lookup } = pod.lookup(fault('dall'));
    const { state } = lookup;
    lookup.thread = pod.resolver.newThread();
    const run = pod.lookup(existing(0), lookup);
    expect(run.error).toBe('ok');
    expect(state).not.toBe(null);
  });

  it('announces the delays of its timers', () => {
    const pod = new Pod({ libc });
    const delays = new Set<number>();
    const { host } = pod;
    const setTimer = host.setTimer.bind(host);
    host.setTimer = (lookup, slot, delay) => {
      delays.add(delay);
      setTimer(lookup, slot, delay);
    };
    pod.lookup(fault('ok'));
    expect([...delays].every((delay) => pod.resolver.usualDelays.includes(delay))).toBe(true);
  });
});
