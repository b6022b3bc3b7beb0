/** Which failure of several decides, by library. */
import { describe, expect, it } from 'vitest';
import { A } from '../../src/clients/resolver.ts';
import {
  type AnswerCode,
  NODATA,
  NOERROR,
  NXDOMAIN,
  REFUSED,
  SERVFAIL,
  TRUNCATED,
} from '../../src/network/dnsAnswers.ts';
import { answer, LOST } from './support/faults.ts';
import { Pod, type PodSetup, story } from './support/pod.ts';
import type { Script, TestLookup } from './support/scriptedHost.ts';

/** A is answered first. */
const answers =
  (a: AnswerCode, aaaa: AnswerCode): Script =>
  ({ question }) =>
    question === A ? answer(a) : answer(aaaa, 10_000_000);

function run(setup: PodSetup, script: Script, given: Partial<TestLookup> = {}) {
  const { error, found, packets } = new Pod(setup).lookup(script, given);
  return { error, found, names: [...new Set(packets.map(({ name }) => name))] };
}

describe('glibc', () => {
  const glibc = { libc: 'glibc-2.36' };

  it('goes on with the search list after SERVFAIL if that came first, and to the bare name if REFUSED did', () => {
    const setup = { ...glibc, options: ['ndots:5', 'attempts:1'], searchLength: 2 };
    const failing =
      (a: AnswerCode, aaaa: AnswerCode): Script =>
      (query) =>
        query.candidate === 0 ? answer(NXDOMAIN) : answers(a, aaaa)(query);
    expect(run(setup, failing(SERVFAIL, REFUSED)).names).toEqual([1, 2, 0]);
    expect(run(setup, failing(REFUSED, SERVFAIL)).names).toEqual([1, 0]);
  });

  it('has no data if one family has none and the other failed, though the failure came first', () => {
    expect(run(glibc, answers(SERVFAIL, NODATA))).toMatchObject({ error: 'nodata', found: 0 });
  });

  it('over TCP says the same of both answers: failed if either did, else absent if either was', () => {
    const error = (a: AnswerCode, aaaa: AnswerCode) =>
      run({ ...glibc, options: ['use-vc'] }, answers(a, aaaa)).error;
    expect([error(SERVFAIL, NODATA), error(NODATA, SERVFAIL), error(REFUSED, NXDOMAIN)]).toEqual(
      Array(3).fill('again'),
    );
    expect([error(NXDOMAIN, NODATA), error(NODATA, NXDOMAIN), error(NXDOMAIN, NXDOMAIN)]).toEqual(
      Array(3).fill('noname'),
    );
    expect(error(NODATA, NODATA)).toBe('nodata');
    expect([error(NOERROR, SERVFAIL), error(NODATA, NOERROR)]).toEqual(['ok', 'ok']);
  });

  it('begins with a server drawn once for the thread under rotate, and then with one after the other', () => {
    for (const [draw, first] of [
      [0, 1],
      [0.5, 2],
      [0.99, 3],
    ] as const) {
      const pod = new Pod({ ...glibc, options: ['rotate'], nameServers: 3, host: { uniform: () => draw } });
      const servers = Array.from({ length: 7 }, () => pod.lookup(() => answer()).packets[0]?.server);
      expect(servers).toEqual(Array.from({ length: 7 }, (_, i) => ((first - 1 + i) % 3) + 1));
    }
  });

  describe('whose own kernel refuses a packet', () => {
    const refused = { kind: 'refused' } as const;

    it('sends the second of a pair once more, and gives the socket up if that is refused too', () => {
      const pod = new Pod(glibc);
      const tries: number[] = [];
      const one = pod.lookup(({ question, earlier }) => {
        if (question === A) return answer();
        tries.push(earlier);
        return refused;
      });
      // Two rounds of two.
      expect(tries).toHaveLength(4);
      expect(one.error).toBe('again');
      expect(story(one)).toBe('A@0 p1; A@0 p2: again at 0');
    });

    it('asks again from another port at once if it was the first of a pair', () => {
      let done = false;
      const once: Script = ({ question }) => {
        if (question !== A || done) return answer();
        done = true;
        return refused;
      };
      expect(story(new Pod(glibc).lookup(once))).toBe('AAAA@0 p1; A@0 p2; AAAA@0 p2: ok A+AAAA at 0.02');
    });

    it('asks again from another port at once if questions go one by one', () => {
      let done = false;
      const once: Script = ({ question }) => {
        if (question === A || done) return answer();
        done = true;
        return refused;
      };
      const pod = new Pod({ ...glibc, options: ['single-request'] });
      expect(story(pod.lookup(once))).toBe('A@0 p1; A@0.02 p2; AAAA@0.04 p2: ok A+AAAA at 0.06');
    });
  });
});

describe('musl', () => {
  const few = { options: ['ndots:5', 'timeout:1'], searchLength: 2 };

  it('since 1.2.1 goes by A and then by AAAA: the first that is missing or NXDOMAIN decides', () => {
    const setup = { libc: 'musl-1.2.3' };
    expect(run(setup, answers(NOERROR, NXDOMAIN))).toEqual({ error: 'noname', found: 0, names: [0] });
    expect(run({ ...setup, ...few }, answers(NODATA, NXDOMAIN)).names).toEqual([1, 2, 0]);
    expect(run({ ...setup, ...few }, answers(NODATA, NODATA)).names).toEqual([1]);
    expect(run(setup, answers(NODATA, NOERROR))).toMatchObject({ error: 'ok', found: 2 });
  });

  it('up to 1.2.0 takes any address, and without one goes by A alone', () => {
    const setup = { libc: 'musl-1.2.0', ...few };
    expect(run(setup, answers(NXDOMAIN, NOERROR))).toMatchObject({ error: 'ok', found: 2, names: [1] });
    expect(run(setup, answers(NXDOMAIN, NODATA)).names).toEqual([1, 2, 0]);
    expect(run(setup, answers(NODATA, NXDOMAIN))).toMatchObject({ error: 'noname', names: [1] });
    const lostA: Script = ({ question }) => (question === A ? LOST : answer(NXDOMAIN));
    expect(run(setup, lostA)).toMatchObject({ error: 'again', names: [1] });
  });

  it('keeps the first answer to a question, and what a server says over UDP no more once it asks over TCP', () => {
    const twoServers =
      (a: AnswerCode): Script =>
      (query) => {
        if (query.question !== A) return answer(NOERROR, 40_000_000);
        if (query.overTcp) return answer(NOERROR, 40_000_000);
        return query.server === 0 ? answer(a) : answer(NXDOMAIN, 10_000_000);
      };
    for (const first of [NOERROR, TRUNCATED] as const) {
      expect(run({ libc: 'musl-1.2.4', nameServers: 2 }, twoServers(first))).toMatchObject({
        error: 'ok',
        found: 3,
      });
    }
  });

  it('sends again at once after SERVFAIL four times a round for a pair, and twice for one question', () => {
    const queries = (wanted: number) =>
      new Pod({ libc: 'musl-1.2.3', options: ['timeout:1', 'attempts:1'] }).lookup(() => answer(SERVFAIL), {
        wanted,
      }).packets.length;
    expect(queries(3)).toBe(2 + 4);
    expect(queries(A)).toBe(1 + 2);
  });

  it('over TCP gives up at SERVFAIL and REFUSED, and takes a truncated answer for an empty one', () => {
    const overTcp =
      (code: AnswerCode): Script =>
      ({ question, overTcp }) =>
        question === A ? answer(overTcp ? code : TRUNCATED) : answer();
    for (const code of [SERVFAIL, REFUSED] as const) {
      expect(run({ libc: 'musl-1.2.4' }, overTcp(code))).toMatchObject({ error: 'again', found: 0 });
    }
    expect(run({ libc: 'musl-1.2.4' }, overTcp(TRUNCATED))).toMatchObject({ error: 'ok', found: 2 });
  });
});

describe('Go', () => {
  const go = { libc: 'go-1.19', options: ['ndots:5', 'attempts:1', 'timeout:1'], searchLength: 2 };
  /** What each name gives: `nx`, or nothing at all. */
  const by =
    (names: Readonly<Record<number, 'nx' | 'lost'>>): Script =>
    ({ candidate }) =>
      names[candidate] === 'nx' ? answer(NXDOMAIN) : LOST;

  it('fails as the name as given does, wherever in the search that came', () => {
    const error = (script: Script, dots: number) => run(go, script, { dots }).error;
    // Few dots: the list first.
    expect(error(by({ 1: 'nx', 2: 'nx', 0: 'lost' }), 2)).toBe('again');
    expect(error(by({ 1: 'lost', 2: 'nx', 0: 'nx' }), 2)).toBe('noname');
    expect(error(by({ 1: 'nx', 2: 'lost', 0: 'nx' }), 2)).toBe('noname');
    // Enough of them: the list last.
    expect(error(by({ 0: 'lost', 1: 'nx', 2: 'nx' }), 5)).toBe('again');
    expect(error(by({ 0: 'nx', 1: 'lost', 2: 'lost' }), 5)).toBe('noname');
  });

  it('draws which question leaves first, for each name anew', () => {
    const first = (draw: number) => {
      const pod = new Pod({ libc: 'go-1.19', host: { uniform: () => draw } });
      return pod.lookup(() => answer()).packets.map(({ question }) => question);
    };
    expect(first(0)).toEqual(['AAAA', 'A']);
    expect(first(0.999)).toEqual(['A', 'AAAA']);
    const drawn: number[] = [];
    const pod = new Pod({
      ...go,
      host: { uniform: (_lookup, index) => drawn.push(index) / 4 },
    });
    pod.lookup(by({ 0: 'nx', 1: 'nx', 2: 'nx' }));
    expect(new Set(drawn).size).toBe(3);
  });
});
