/** How long UDP entries live, and when they are assured (kernel reference 2.7, lab 6.18 section 8). */
import { describe, expect, it } from 'vitest';
import { Bench, describeEntry, masquerade, type Outcome, OVERLAP, udp } from './builders.ts';

const plain = { masquerade: masquerade() };
const SINCE_5_0 = ['5.0.1', '5.4.286', '5.10.89', '5.14.2', '5.15.85', '6.1.158', '6.18'];
/** Assured with the stream timeout only. */
const STREAM_ONLY = ['5.4.286', '5.10.89', '5.15.85', '6.1.158', '6.18'];

type Step = readonly [atMs: number, what: 'query' | 'reply'];

/** One flow: a first query at 0, then the steps. */
function flow(release: string, steps: readonly Step[]) {
  const bench = new Bench(release);
  bench.pass(udp('10.9.0.1:40000'));
  const first = bench.pass(udp('10.1.0.1:40000'), plain);
  let now = 0;
  for (const [at, what] of steps) {
    bench.advance(at - now);
    now = at;
    if (what === 'reply') bench.answer(first);
    else bench.pass(udp('10.1.0.1:40000'), plain);
  }
  return { bench, first, ...describeEntry(bench, first.packet.entry) };
}

/** Is the flow still found, this long from now? The answer to its first packet tells. */
function livesFor(bench: Bench, first: Outcome, ms: number): boolean {
  bench.advance(ms);
  return bench.answer(first).reaches === '10.1.0.1:40000';
}

describe('a UDP flow without an answer', () => {
  it.each(['3.10.0', '4.4.155', '4.20', '5.0.1', '6.18'])('%s: lives 30 s, to the tick', (release) => {
    const { bench, first, secondsLeft, assured } = flow(release, []);
    expect([secondsLeft, assured]).toEqual([30, false]);
    expect(livesFor(bench, first, 29_999)).toBe(true);
    const again = flow(release, []);
    expect(livesFor(again.bench, again.first, 30_000)).toBe(false);
  });

  it('starts again with every packet', () => {
    for (const release of ['4.14.96', '6.18']) {
      const { secondsLeft, assured } = flow(release, [
        [10_000, 'query'],
        [35_000, 'query'],
      ]);
      expect([secondsLeft, assured]).toEqual([30, false]);
    }
  });
});

describe('a UDP flow up to 4.20', () => {
  const releases = ['3.10.0', '4.4.155', '4.9.300', '4.14.96', '4.19.78', '4.20'];

  it.each(releases)('%s: its first answer renews the 30 s and no more', (release) => {
    const { secondsLeft, assured, seenReply } = flow(release, [[1000, 'reply']]);
    expect([secondsLeft, assured, seenReply]).toEqual([30, false, true]);
  });

  it.each(releases)('%s: any packet after that makes it assured, for 180 s', (release) => {
    for (const what of ['query', 'reply'] as const) {
      const { secondsLeft, assured } = flow(release, [
        [1, 'reply'],
        [2, what],
      ]);
      expect([secondsLeft, assured]).toEqual([180, true]);
    }
  });

  it.each(releases)(
    '%s: so A, AAAA and their two answers over one socket hold an entry for 180 s',
    (release) => {
      const { bench, first } = flow(release, [
        [1, 'query'],
        [3, 'reply'],
        [4, 'reply'],
      ]);
      expect(livesFor(bench, first, 179_000)).toBe(true);
    },
  );
});

describe('a UDP flow since 5.0 (lab 6.18, E7)', () => {
  it.each(SINCE_5_0)('%s: one query and one answer: 30 s, not assured', (release) => {
    const { secondsLeft, assured } = flow(release, [[40, 'reply']]);
    expect([secondsLeft, assured]).toEqual([30, false]);
  });

  it.each(STREAM_ONLY)(
    '%s: two queries and two answers within milliseconds: 30 s, not assured',
    (release) => {
      const { secondsLeft, assured } = flow(release, [
        [1, 'query'],
        [2, 'reply'],
        [3, 'reply'],
      ]);
      expect([secondsLeft, assured]).toEqual([30, false]);
    },
  );

  it.each(['5.0.1', '5.4.272', '5.10.88', '5.14.2'])('%s: the same, but assured', (release) => {
    const { secondsLeft, assured } = flow(release, [
      [1, 'query'],
      [2, 'reply'],
      [3, 'reply'],
    ]);
    expect([secondsLeft, assured]).toEqual([30, true]);
  });

  it.each(STREAM_ONLY)('%s: an answer at once, queries at 1.2 and 1.9 s: 30 s, not assured', (release) => {
    const { secondsLeft, assured } = flow(release, [
      [0, 'reply'],
      [1200, 'query'],
      [1900, 'query'],
    ]);
    expect([secondsLeft, assured]).toEqual([30, false]);
  });

  it.each(SINCE_5_0)('%s: ... and one at 2.6 s: 120 s, assured, and gone 120 s later', (release) => {
    const { bench, first, secondsLeft, assured } = flow(release, [
      [0, 'reply'],
      [1200, 'query'],
      [1900, 'query'],
      [2600, 'query'],
    ]);
    expect([secondsLeft, assured]).toEqual([120, true]);
    expect(bench.answer(first).reaches).toBe('10.1.0.1:40000');
    bench.advance(120_000);
    expect(bench.answer(first).reaches).not.toBe('10.1.0.1:40000');
  });

  it('becomes a stream only when it is older than two seconds', () => {
    const after = (ms: number) =>
      flow('6.18', [
        [0, 'reply'],
        [ms, 'query'],
      ]).assured;
    expect([1996, 2000, 2004].map(after)).toEqual([false, false, true]);
  });

  it('is as old as its first packet, on whatever day that came', () => {
    const bench = new Bench('6.18');
    const first = bench.advance(86_400_000).pass(udp('10.1.0.1:40000'), plain);
    const assuredAfter = (ms: number) => {
      bench.advance(ms).answer(first);
      return describeEntry(bench, first.packet.entry).assured;
    };
    expect([0, 2000, 4].map(assuredAfter)).toEqual([false, false, true]);
  });

  it('does not become a stream without an answer, however old', () => {
    const { secondsLeft, assured } = flow('6.18', [[20_000, 'query']]);
    expect([secondsLeft, assured]).toEqual([30, false]);
  });

  it('takes the timeouts that the namespace was given', () => {
    const bench = new Bench('6.18', { timeouts: { udp: 250, udpStream: 2500 } });
    const first = bench.pass(udp('10.1.0.1:40000'), plain);
    expect(describeEntry(bench, first.packet.entry).secondsLeft).toBe(1);
    bench.answer(first);
    for (let i = 0; i < 4; i++) bench.advance(900).answer(first);
    expect(describeEntry(bench, first.packet.entry).secondsLeft).toBe(10);
  });
});

describe('an entry in the reply direction only (IPS_NAT_CLASH)', () => {
  const clash = (release: string) => {
    const bench = new Bench(release);
    const sent = ['10.2.0.1:53', '10.2.0.2:53'].map((dnat) => ({
      packet: udp('10.1.0.1:40000', '10.96.0.10:53'),
      rules: { dnat },
    }));
    const [first, second] = bench.run(sent, OVERLAP);
    return { bench, first: first as Outcome, second: second as Outcome };
  };
  const arrives = (bench: Bench, outcome: Outcome) => bench.answer(outcome).from === '10.96.0.10:53';

  it.each(['5.6.4', '5.9.1', '5.10.89', '6.1.158', '6.18'])(
    '%s: lets an answer through for less than a second',
    (release) => {
      for (const [ms, expected] of [
        [970, true],
        [996, true],
        [1000, false],
        [1220, false],
      ] as const) {
        const { bench, second } = clash(release);
        bench.advance(ms);
        expect(arrives(bench, second), `${ms} ms`).toBe(expected);
      }
    },
  );

  it.each(['5.9.1', '5.10.89', '6.18'])('%s: is not renewed by answers', (release) => {
    const { bench, second } = clash(release);
    expect(arrives(bench.advance(900), second)).toBe(true);
    expect(arrives(bench.advance(90), second)).toBe(true);
    expect(describeEntry(bench, second.packet.entry)).toMatchObject({ assured: false });
    expect(arrives(bench.advance(10), second)).toBe(false);
  });

  it.each(['5.6.4', '5.8.1'])('%s: is gone with the first answer', (release) => {
    const { bench, second } = clash(release);
    expect(bench.table.count).toBe(2);
    expect(arrives(bench, second)).toBe(true);
    expect(bench.table.count).toBe(1);
    expect(arrives(bench, second)).toBe(false);
  });

  it('leaves later packets of the socket to the first backend', () => {
    const { bench, first } = clash('6.18');
    const third = bench.pass(udp('10.1.0.1:40000', '10.96.0.10:53'), { dnat: '10.2.0.2:53' });
    expect(third.destination).toBe(first.destination);
  });

  it('takes a third packet with the same backend in', () => {
    const bench = new Bench('6.18');
    const sent = ['10.2.0.1:53', '10.2.0.2:53', '10.2.0.2:53'].map((dnat) => ({
      packet: udp('10.1.0.1:40000', '10.96.0.10:53'),
      rules: { dnat },
    }));
    const steps = ['lookup', 'dnat', 'snat', 'confirm'];
    const outcomes = bench.run(
      sent,
      steps.flatMap((step) => [1, 2, 3].map((n) => `${n}:${step}`)),
    );
    expect(outcomes.map(({ word }) => word)).toEqual(['PASS', 'CLASH-INSERT', 'MERGE']);
    expect(bench.counters()).toEqual({ clash_resolve: 2 });
    expect(bench.table.count).toBe(2);
  });

  it('is refused if its reply tuple belongs to a stranger', () => {
    const bench = new Bench('6.18');
    // The pod also talks to the second backend directly, from the same port.
    const sent = [
      { packet: udp('10.1.0.1:40000', '10.96.0.10:53'), rules: { dnat: '10.2.0.1:53' } },
      { packet: udp('10.1.0.1:40000', '10.96.0.10:53'), rules: { dnat: '10.2.0.2:53' } },
      { packet: udp('10.1.0.1:40000', '10.2.0.2:53'), rules: {} },
    ];
    const [, second] = bench.run(sent, [
      '1:lookup',
      '2:lookup',
      '1:dnat',
      '2:dnat',
      '1:snat',
      '2:snat',
      '1',
      '3',
      '2',
    ]);
    expect(second?.word).toBe('DROP');
    expect(bench.counters()).toEqual({ drop: 1, insert_failed: 1 });
  });
});

describe('expiry', () => {
  it('is noticed by the next packet that looks: the port is free again', () => {
    for (const release of ['4.4.155', '4.14.96', '6.18']) {
      const bench = new Bench(release);
      bench.pass(udp('10.1.0.1:40000'), plain);
      bench.advance(30_000);
      expect(bench.pass(udp('10.1.0.2:40000'), plain).source).toBe('192.0.2.1:40000');
      expect(bench.table.count).toBe(1);
    }
  });

  it('is not noticed at confirm since 4.9, where a dead entry that nobody has reaped still clashes', () => {
    const clash = (release: string) => {
      const rules = { masquerade: masquerade('preserve', { min: 20000, max: 20000 }) };
      const bench = new Bench(release);
      bench.pass(udp('10.1.0.1:40000'), rules);
      bench.advance(31_000);
      // A single port is granted without looking, up to 4.20.
      return bench.pass(udp('10.1.0.2:40000'), rules).word;
    };
    expect(clash('4.4.155')).toBe('PASS');
    expect(clash('4.9.115')).toBe('DROP');
    expect(clash('4.14.96')).toBe('DROP');
    // Since 5.0 the port is probed, and the probe reaps.
    expect(clash('5.0.1')).toBe('PASS');
  });
});
