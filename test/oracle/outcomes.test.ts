/**
 * What booted kernels did (old-kernels.md sections 2 and 3), against every order of two packets' steps. Of
 * the mainline generations 4.4.155 is '4.2', 4.14.67 is '4.12', 5.0.1 and 5.4.59 are '5.0', 5.10.89 is
 * '5.10', Debian 6.1.192 is '5.18'. 4.19.78 is none: its stable branch took the same-origin test without
 * the random start.
 */
import { describe, expect, it } from 'vitest';
import {
  at,
  Journey,
  masquerade,
  moved,
  movedDuring,
  oracleOf,
  orders,
  type Rules,
  send,
  syn,
  udp,
} from './builders.ts';
import type { Oracle, OracleRange } from './oracle.ts';

/** Columns of the tables below. */
const KERNELS = [
  { booted: '4.4.155', generation: '4.2' },
  { booted: '4.14.67', generation: '4.12' },
  { booted: '5.0.1', generation: '5.0' },
  { booted: '5.4.59', generation: '5.0' },
  { booted: '5.10.89', generation: '5.10' },
  { booted: '6.1.192', generation: '5.18' },
] as const;

const POD1 = '10.0.0.1';
const POD2 = '10.0.0.2';
const POD3 = '10.0.0.3';
const VIP = '10.96.0.10:53';
const BACKENDS = [at('10.1.0.1:53'), at('10.1.0.2:53')];

/** Runs two journeys' steps in one order; tells where each step came. */
function run(order: readonly (0 | 1)[], journeys: readonly [Journey, Journey]) {
  const next = [0, 0];
  const position: Record<string, number> = {};
  order.forEach((whose, i) => {
    const step = journeys[whose].steps[next[whose]!]!;
    next[whose]!++;
    step.run();
    position[`${step.name} ${whose}`] = i;
  });
  return position;
}

describe('two UDP packets of one socket, both past the lookup before either is in the table', () => {
  type Source = OracleRange | null;
  const cases: Record<string, { backends: number; source: Source } | 'no NAT'> = {
    'no NAT table': 'no NAT',
    'nat table, no rule': { backends: 0, source: null },
    MASQUERADE: { backends: 0, source: masquerade() },
    'DNAT 1 + MASQUERADE': { backends: 1, source: masquerade() },
    'DNAT 1': { backends: 1, source: null },
    'DNAT 2': { backends: 2, source: null },
    'DNAT 2 + MASQUERADE': { backends: 2, source: masquerade() },
    'MASQUERADE --random': { backends: 0, source: masquerade('random') },
    'MASQUERADE --random-fully': { backends: 0, source: masquerade('random-fully') },
    'DNAT 2 + --random-fully': { backends: 2, source: masquerade('random-fully') },
  };

  // Recorded: lost / overlapping [ended with two mappings].
  const recorded: Record<string, string[]> = {
    'no NAT table': ['1727/1727', '0/1819', '0/1576', '0/1866', '0/1396', '0/1901'],
    'nat table, no rule': ['828/828', '310/310', '0/289', '0/478', '0/484', '0/483'],
    MASQUERADE: ['1478/1478', '1069/1069', '0/1764', '0/1825', '0/1956', '0/1971'],
    'DNAT 1 + MASQUERADE': ['690/690', '91/91', '0/493', '0/493', '0/493', '0/496'],
    'DNAT 1': ['1318/1318', '938/938', '0/1960', '0/1943', '0/1949', '0/1937'],
    'DNAT 2': ['1276/1276', '504/504', '751/1503', '811/1516', '0/1977 [1008]', '0/1916 [954]'],
    'DNAT 2 + MASQUERADE': ['559/559', '186/186', '236/471', '170/358', '0/482 [224]', '0/488 [249]'],
    'MASQUERADE --random': ['968/968', '497/497', '424/424', '405/405', '0/490 [490]', '0/491 [491]'],
    'MASQUERADE --random-fully': ['732/732', '259/259', '446/446', '374/374', '0/484 [484]', '0/485 [485]'],
    'DNAT 2 + --random-fully': ['566/566', '282/282', '328/328', '399/399', '0/488 [488]', '0/487 [487]'],
  };

  /** None, all, or (when some of the overlapping pairs) those whose backends differ. */
  const share = (part: number, whole: number, sameBackend: boolean) =>
    part === whole || (part > 0 && !sameBackend);

  const predict = (cell: string, sameBackend: boolean) => {
    const [, lost, overlapping, twice] = /^(\d+)\/(\d+)(?: \[(\d+)\])?$/.exec(cell)!.map(Number);
    if (share(lost!, overlapping!, sameBackend)) return 'dropped';
    return share(twice || 0, overlapping!, sameBackend) ? 'reply-only' : 'merged';
  };

  const countersOf = (generation: string, verdict: string) => {
    if (generation === '4.2') return { insert_failed: 1 };
    if (verdict === 'dropped') return { insert_failed: 1, drop: 1 };
    return generation === '4.12' || generation === '5.0' ? { insert_failed: 1 } : { clash_resolve: 1 };
  };

  for (const [name, rule] of Object.entries(cases)) {
    it.each(KERNELS.map((kernel, column) => ({ ...kernel, cell: recorded[name]![column]! })))(
      `${name} on $booted: $cell`,
      ({ generation, cell }) => {
        const steps = rule === 'no NAT' ? 2 : 5;
        const pairs =
          rule !== 'no NAT' && rule.backends === 2
            ? [
                [0, 0],
                [0, 1],
                [1, 0],
              ]
            : [[0, 0]];
        let overlaps = 0;
        for (const order of orders(steps, steps)) {
          for (const [a, b] of pairs) {
            const oracle = oracleOf(generation, { natHooks: rule !== 'no NAT' });
            const journeys = [a!, b!].map((backend, cpu) => {
              const packet = udp({ from: `${POD1}:5000`, to: VIP });
              if (rule === 'no NAT') return new Journey(oracle, packet, cpu, rule);
              const to = rule.backends === 0 ? null : BACKENDS[backend]!;
              return new Journey(oracle, packet, cpu, { backend: to, source: rule.source });
            }) as [Journey, Journey];
            const position = run(order, journeys);
            const [loser, winner] = position['confirm 0']! > position['confirm 1']! ? [0, 1] : [1, 0];
            if (position[`lookup ${loser}`]! > position[`confirm ${winner}`]!) {
              expect(journeys[loser]!.verdict).toBe('known');
              continue;
            }
            overlaps++;
            const verdict = predict(cell, a === b);
            expect(journeys[winner]!.verdict).toBe('accepted');
            expect(journeys[loser]!.verdict).toBe(verdict);
            // `found`, `new`, `insert` are not the clash's own.
            const { found, new: created, insert, ...clash } = moved(oracle);
            expect(clash).toEqual(countersOf(generation, verdict));
            expect([created, insert]).toEqual(generation === '4.2' ? [2, 1] : [undefined, undefined]);
            if (generation !== '4.2' && rule === 'no NAT') expect(found).toBeUndefined();
          }
        }
        expect(overlaps).toBeGreaterThan(pairs.length);
      },
    );
  }
});

describe('two flows that want one port', () => {
  // Recorded: pairs with a lost packet / pairs.
  const recorded: Record<string, string[]> = {
    'tcp crosspod default': ['65/400', '1/250', '23/250', '36/250', '93/250', '62/250'],
    'tcp occupied default': ['38/200', '18/100', '0/100', '0/100', '0/100', '0/100'],
    'tcp samepod default': ['0/200', '0/100', '0/100', '0/100', '0/100', '0/100'],
    'udp crosspod default': ['110/1000', '12/1000', '154/1000', '57/1000', '72/1000', '132/1000'],
    'udp occupied default': ['127/500', '60/500', '0/500', '0/500', '0/500', '0/500'],
    'udp samepod default': ['0/500', '0/500', '0/500', '0/500', '0/500', '0/500'],
    'tcp occupied random': ['15/200', '24/100', '0/100', '0/100', '0/100', '0/100'],
    'tcp crosspod random': ['75/400', '41/250', '0/250', '0/250', '0/250', '0/250'],
    'tcp samepod random': ['38/200', '43/100', '0/100', '0/100', '0/100', '0/100'],
    'udp occupied random': ['42/500', '52/500', '0/500', '0/500', '0/500', '0/500'],
    'udp crosspod random': ['71/1000', '37/1000', '0/1000', '0/1000', '0/1000', '0/1000'],
    'udp samepod random': ['44/500', '6/500', '0/500', '0/500', '0/500', '0/500'],
    'tcp crosspod fully': ['0/400', '0/250', '0/250', '0/250', '0/250', '0/250'],
    'tcp occupied fully': ['0/200', '0/100', '0/100', '0/100', '0/100', '0/100'],
    'tcp samepod fully': ['0/200', '0/100', '0/100', '0/100', '0/100', '0/100'],
    'udp crosspod fully': ['0/1000', '0/1000', '0/1000', '0/1000', '0/1000', '0/1000'],
    'udp occupied fully': ['0/500', '0/500', '0/500', '0/500', '0/500', '0/500'],
    'udp samepod fully': ['0/500', '0/500', '0/500', '0/500', '0/500', '0/500'],
  };
  const flags = { default: 'preserve', random: 'random', fully: 'random-fully' } as const;
  const TO = '203.0.113.53:53';

  const senders: Record<string, readonly [string, string]> = {
    crosspod: [`${POD1}:5000`, `${POD2}:5000`],
    occupied: [`${POD1}:5000`, `${POD2}:5000`],
    samepod: [`${POD1}:5000`, `${POD1}:6000`],
  };

  const prepare = (oracle: Oracle, shape: string, make: typeof udp) => {
    if (shape === 'occupied') send(oracle, make({ from: `${POD3}:5000`, to: TO }), masquerade());
  };

  for (const [name, cells] of Object.entries(recorded)) {
    const [protocol, shape, mode] = name.split(' ') as ['tcp' | 'udp', string, keyof typeof flags];
    const make = protocol === 'tcp' ? syn : udp;
    const rules: Rules = { backend: null, source: masquerade(flags[mode]) };

    it.each(KERNELS.map((kernel, column) => ({ ...kernel, cell: cells[column]! })))(
      `${name} on $booted: $cell`,
      ({ generation, cell }) => {
        const races = !cell.startsWith('0/');
        let overlaps = 0;
        for (const order of orders(5, 5)) {
          const oracle = oracleOf(generation);
          prepare(oracle, shape, make);
          const packets = senders[shape]!.map((from) => make({ from, to: TO }));
          const journeys = packets.map((packet, cpu) => new Journey(oracle, packet, cpu, rules)) as [
            Journey,
            Journey,
          ];
          let position: Record<string, number> = {};
          const {
            found: _,
            new: _new,
            insert: _insert,
            ...counters
          } = movedDuring(oracle, () => {
            position = run(order, journeys);
          });
          const [late, early] = position['confirm 0']! > position['confirm 1']! ? [0, 1] : [1, 0];
          // Whoever searches before the other is in the table does not see its port.
          const overlapping = position[`search ${late}`]! < position[`confirm ${early}`]!;
          if (overlapping) overlaps++;
          const lost = races && overlapping;
          expect(journeys[early]!.verdict).toBe('accepted');
          expect(journeys[late]!.verdict).toBe(lost ? 'dropped' : 'accepted');
          const drop = generation === '4.2' ? {} : { drop: 1 };
          expect(counters).toEqual(lost ? { insert_failed: 1, ...drop } : {});
        }
        expect(overlaps).toBeGreaterThan(0);
      },
    );
  }
});

describe('6.18 (generation 6.12): two packets of one socket', () => {
  // lab-6.18.md section 2: nothing is ever lost; different backends or ports make a second mapping.
  it.each([
    { name: 'MASQUERADE', backends: [0, 0], flag: 'preserve', verdict: 'merged' },
    { name: 'MASQUERADE --random-fully', backends: [0, 0], flag: 'random-fully', verdict: 'reply-only' },
    { name: 'the same backend', backends: [1, 1], flag: null, verdict: 'merged' },
    { name: 'different backends', backends: [0, 1], flag: null, verdict: 'reply-only' },
    { name: 'different backends + MASQUERADE', backends: [0, 1], flag: 'preserve', verdict: 'reply-only' },
  ] as const)('$name: $verdict in every order', ({ backends, flag, verdict }) => {
    for (const order of orders(5, 5)) {
      const oracle = oracleOf('6.12');
      const journeys = backends.map((backend, cpu) => {
        const source = flag === null ? null : masquerade(flag);
        const packet = udp({ from: `${POD1}:5000`, to: VIP });
        return new Journey(oracle, packet, cpu, { backend: BACKENDS[backend]!, source });
      }) as [Journey, Journey];
      run(order, journeys);
      const verdicts = journeys.map((journey) => journey.verdict);
      if (verdicts.includes('known')) continue;
      expect(verdicts.sort()).toEqual(['accepted', verdict].sort());
      const { found: _, ...counters } = moved(oracle);
      expect(counters).toEqual({ clash_resolve: 1 });
    }
  });
});
