/**
 * What becomes of the second of two packets that race, by situation, kernel and protocol: computed by running the
 * real steps. Situations are those of the kernel reference, section 1.3.
 */
import { COUNTER_NAMES } from '../../src/netfilter/counters.ts';
import type { TCP, UDP } from '../../src/netfilter/tuple.ts';
import {
  Bench,
  destinationOf,
  LATE,
  masquerade,
  OVERLAP,
  packetOf,
  type Rules,
  SERVER,
  sourceOf,
} from '../netfilter/builders.ts';

/** One at least from either side of every change. */
export const RELEASES = [
  '3.10.0',
  '4.4.155',
  '4.9.115',
  '4.9.163',
  '4.9.300',
  '4.14.96',
  '4.14.106',
  '4.14.173',
  '4.14.265',
  '4.15.0-56-generic',
  '4.18.0',
  '4.19.0',
  '4.19.78',
  '4.19.228',
  '4.20',
  '5.0.1',
  '5.4.286',
  '5.6.4',
  '5.8.1',
  '5.9.1',
  '5.10.89',
  '5.14.2',
  '5.15.85',
  '6.1.158',
  '6.6.60',
  '6.11.4',
  '6.12.0',
  '6.18',
] as const;
export type Release = (typeof RELEASES)[number];

const POD = '10.1.0.1:40000';
const OTHER_POD = '10.1.0.2:40000';
const VIP = '10.96.0.10:53';
const BACKENDS = ['10.2.0.1:53', '10.2.0.2:53'] as const;

export interface Situation {
  readonly id: string;
  readonly title: string;
  readonly schedule: readonly string[];
  readonly natHooks: boolean;
  /** Source and destination of the two packets, and what the rules do to them. */
  readonly packets: readonly [Leg, Leg];
  /** A third pod's flow that is in the table already. */
  readonly before?: Leg;
}

interface Leg {
  readonly from: string;
  readonly to: string;
  readonly rules: Rules;
}

const plain: Rules = { masquerade: masquerade() };
const random: Rules = { masquerade: masquerade('random') };
const fully: Rules = { masquerade: masquerade('random-fully') };

function sameSocket(rules: Rules, secondRules = rules, to = SERVER): readonly [Leg, Leg] {
  return [
    { from: POD, to, rules },
    { from: POD, to, rules: secondRules },
  ];
}

function twoPods(rules: Rules): readonly [Leg, Leg] {
  return [
    { from: POD, to: SERVER, rules },
    { from: OTHER_POD, to: SERVER, rules },
  ];
}

const toBackend = (i: 0 | 1): Rules => ({ dnat: BACKENDS[i] });
const bothEnds: readonly [Leg, Leg] = [
  { from: '10.1.0.1:5000', to: '10.1.0.2:6000', rules: {} },
  { from: '10.1.0.2:6000', to: '10.1.0.1:5000', rules: {} },
];

export const SITUATIONS: readonly Situation[] = [
  {
    id: 'S1-no-hooks',
    title: 'One socket, no NAT hooks in the namespace',
    schedule: OVERLAP,
    natHooks: false,
    packets: sameSocket({}),
  },
  {
    id: 'S1-null',
    title: 'One socket, NAT hooks but no rule matches (null bindings)',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket({}),
  },
  {
    id: 'S1-masquerade',
    title: 'One socket, MASQUERADE',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket(plain),
  },
  {
    id: 'S1-dnat',
    title: 'One socket, DNAT to the same backend',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket(toBackend(0), toBackend(0), VIP),
  },
  {
    id: 'S2-null',
    title: 'One socket, DNAT to the same backend; the second chooses its port after the first is confirmed',
    schedule: LATE,
    natHooks: true,
    packets: sameSocket(toBackend(0), toBackend(0), VIP),
  },
  {
    id: 'S2-masquerade',
    title: 'One socket, MASQUERADE; the second chooses its port after the first is confirmed',
    schedule: LATE,
    natHooks: true,
    packets: sameSocket(plain),
  },
  {
    id: 'S2r-fully',
    title: 'One socket, MASQUERADE --random-fully',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket(fully),
  },
  {
    id: 'S2r-random',
    title: 'One socket, MASQUERADE --random',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket(random),
  },
  {
    id: 'S2r-random-late',
    title: 'One socket, MASQUERADE --random; the second chooses its port after the first is confirmed',
    schedule: LATE,
    natHooks: true,
    packets: sameSocket(random),
  },
  {
    id: 'S3',
    title: 'One socket, DNAT to different backends',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket(toBackend(0), toBackend(1), VIP),
  },
  {
    id: 'S3-masquerade',
    title: 'One socket, DNAT to different backends and MASQUERADE',
    schedule: OVERLAP,
    natHooks: true,
    packets: sameSocket({ ...toBackend(0), ...plain }, { ...toBackend(1), ...plain }, VIP),
  },
  {
    id: 'S4',
    title: 'Two pods, one source port, MASQUERADE',
    schedule: OVERLAP,
    natHooks: true,
    packets: twoPods(plain),
  },
  {
    id: 'S4-late',
    title: 'Two pods, one source port, MASQUERADE; the second chooses its port after the first is confirmed',
    schedule: LATE,
    natHooks: true,
    packets: twoPods(plain),
  },
  {
    id: 'S4-occupied',
    title: 'Two pods, one source port that a third pod holds already, MASQUERADE',
    schedule: OVERLAP,
    natHooks: true,
    packets: twoPods(plain),
    before: { from: '10.1.0.3:40000', to: SERVER, rules: plain },
  },
  {
    id: 'S4-random',
    title: 'Two pods, one source port, MASQUERADE --random',
    schedule: OVERLAP,
    natHooks: true,
    packets: twoPods(random),
  },
  {
    id: 'S4-fully',
    title: 'Two pods, one source port, MASQUERADE --random-fully',
    schedule: OVERLAP,
    natHooks: true,
    packets: twoPods(fully),
  },
  {
    id: 'S5-no-hooks',
    title: 'Both ends send first, no NAT hooks',
    schedule: OVERLAP,
    natHooks: false,
    packets: bothEnds,
  },
  {
    id: 'S5',
    title: 'Both ends send first, NAT hooks but no rule matches',
    schedule: OVERLAP,
    natHooks: true,
    packets: bothEnds,
  },
  {
    id: 'S5-late',
    title: 'Both ends send first, NAT hooks but no rule matches; the second after the first is confirmed',
    schedule: LATE,
    natHooks: true,
    packets: bothEnds,
  },
];

export interface Cell {
  /** What became of the second packet; the first always passes. */
  readonly word: 'PASS' | 'MERGE' | 'CLASH-INSERT' | 'DROP';
  /** The port that it left from (or would have): that which its pod sent it from, the first packet's, or another. */
  readonly port: 'own' | "first's" | 'other';
  /** Kernel counters that the pair moved. */
  readonly counters: Readonly<Record<string, number>>;
  /** Is an answer to the second packet translated back: after 0.5 s, once more, and first after 1.5 s? */
  readonly answers: { readonly early: boolean; readonly again: boolean; readonly late: boolean } | null;
  /** A lost packet sent again after a second. */
  readonly retry: "the first's mapping" | 'own port' | 'another port' | 'dropped' | null;
}

/** Runs a situation on a kernel. */
export function outcomeOf(situation: Situation, release: Release, protocol: typeof UDP | typeof TCP): Cell {
  const race = () => {
    const bench = new Bench(release, { natHooks: situation.natHooks });
    if (situation.before) {
      const { from, to, rules } = situation.before;
      bench.pass(packetOf(protocol, from, to), rules);
    }
    const sent = situation.packets.map(({ from, to, rules }) => ({
      packet: packetOf(protocol, from, to),
      rules,
    }));
    const before = bench.counters();
    const [first, second] = bench.run(sent, situation.schedule);
    if (first?.word !== 'PASS' || second === undefined) throw new Error('the first packet wins');
    const counters: Record<string, number> = {};
    for (const [name, value] of Object.entries(bench.counters())) {
      if (value !== (before[name] ?? 0)) counters[name] = value - (before[name] ?? 0);
    }
    return { bench, first, second, counters };
  };
  const { first, second, counters } = race();
  const [, leg] = situation.packets;
  return {
    word: second.word,
    port:
      portOf(second.source) === portOf(leg.from)
        ? 'own'
        : portOf(second.source) === portOf(first.source)
          ? "first's"
          : 'other',
    counters,
    answers: second.word === 'DROP' ? null : answersOf(race, leg),
    retry: second.word === 'DROP' ? retryOf(race, leg, protocol) : null,
  };
}

const portOf = (text: string) => text.split(':')[1];

type Race = () => { bench: Bench; first: ReturnType<Bench['pass']>; second: ReturnType<Bench['pass']> };

function answersOf(race: Race, leg: Leg): NonNullable<Cell['answers']> {
  const after = (ms: readonly number[]) => {
    const { bench, second } = race();
    return ms.map((wait) => {
      bench.advance(wait);
      const { reaches, from } = bench.answer(second);
      return reaches === leg.from && from === leg.to;
    });
  };
  const [early = false, again = false] = after([500, 100]);
  const [late = false] = after([1500]);
  return { early, again, late };
}

function retryOf(race: Race, leg: Leg, protocol: number): NonNullable<Cell['retry']> {
  const { bench, first } = race();
  bench.advance(1000);
  const retry = packetOf(protocol, leg.from, leg.to);
  const { word } = bench.pass(retry, leg.rules);
  if (word === 'DROP') return 'dropped';
  if (sourceOf(retry) === first.source && destinationOf(retry) === first.destination)
    return "the first's mapping";
  return portOf(sourceOf(retry)) === portOf(leg.from) ? 'own port' : 'another port';
}

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  insert_failed: 'IF',
  drop: 'DR',
  clash_resolve: 'CR',
  found: 'FO',
};

/** `DR+IF`, `IF FO×2`. Counters of the normal course of things (`insert`, `new`) are left out. */
export function countersInShort(counters: Readonly<Record<string, number>>): string {
  const errors = ['drop', 'insert_failed', 'clash_resolve'].filter((name) => counters[name] !== undefined);
  for (const name of errors) if (counters[name] !== 1) throw new Error(`${name} moved by ${counters[name]}`);
  for (const name of Object.keys(counters)) {
    if (!COUNTER_NAMES.some((known) => known === name)) throw new Error(`no counter ${name}`);
  }
  const found = counters.found ?? 0;
  return [
    errors.map((name) => ABBREVIATIONS[name]).join('+'),
    found === 0 ? '' : found === 1 ? 'FO' : `FO×${found}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
