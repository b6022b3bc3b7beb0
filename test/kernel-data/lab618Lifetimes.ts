/** How long UDP entries live on the 6.18 lab kernel (`lab-6.18-e7`). */
import { ASSURED, ENTRY_SIZE, STATUS } from '../../src/netfilter/entry.ts';
import { Testbed } from '../../src/simulation/testbed.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { KERNEL } from './lab618.ts';
import { labScenario } from './labScenario.ts';
import { type Line, numberOf, recording } from './recordings.ts';
import { compared, digits, same } from './rows.ts';

const SEED = 'lab 6.18 lifetimes';

export function labLifetimeTable(): ValidationTable {
  const lines = recording('lab-6.18-e7.csv');
  return {
    id: 'lab-lifetimes',
    title: 'How long UDP entries live on 6.18',
    source: '`test/data/lab-6.18-e7.csv`, experiment E7 (poll step 0.4 s)',
    about:
      'When the entry of a flow is gone, counted from its last packet: in the model, when an answer ' +
      'is no longer translated.',
    rows: ['unreplied', 'replied_once', 'two_exchanges_fast', 'stream'].flatMap((name) =>
      lifetimeRows(name, lines),
    ),
  };
}

/**
 * Packets of the cases, seconds from the first: `q` from the pod, `r` from the server (lab report, section
 * 8).
 */
const EXCHANGES: Readonly<Record<string, readonly (readonly ['q' | 'r', number])[]>> = {
  unreplied: [['q', 0]],
  replied_once: [
    ['q', 0],
    ['r', 0.001],
  ],
  two_exchanges_fast: [
    ['q', 0],
    ['r', 0.001],
    ['q', 0.002],
    ['r', 0.003],
  ],
  stream: [
    ['q', 0],
    ['r', 0.001],
    ['q', 1.2],
    ['q', 1.9],
    ['q', 2.6],
  ],
};

function lifetimeRows(name: string, lines: readonly Line[]): ValidationRow[] {
  const own = lines.filter((line) => line.case === name);
  const gone = own.find((line) => line.what?.startsWith('entry gone'))!;
  const listed = own.filter((line) => line !== gone);
  const recorded = numberOf(gone, 'timeout');
  const exchanges = EXCHANGES[name]!;
  const assured = exchanges.map((_, i) => assuredAfter(exchanges.slice(0, i + 1)));
  const seconds = lifetime(exchanges);
  const last = listed[listed.length - 1]!;
  const rows = [
    compared({
      what: `${name}: gone after`,
      expected: `${recorded} s`,
      simulated: `${digits(seconds)} s`,
      tolerance: '+-0.5 s (lab, 10.13)',
      agrees: Math.abs(seconds - recorded) <= 0.5,
    }),
    same(
      `${name}: ASSURED at the end`,
      last.assured === 'True' ? 'yes' : 'no',
      assured[assured.length - 1] ? 'yes' : 'no',
    ),
  ];
  if (name !== 'stream') return rows;
  // Listed after the reply, and after each original packet.
  rows.push(
    same(
      'stream: ASSURED after the reply, and after packets at 1.2, 1.9 and 2.6 s',
      listed.map((line) => (line.assured === 'True' ? 'yes' : 'no')).join(', '),
      assured
        .slice(1)
        .map((is) => (is ? 'yes' : 'no'))
        .join(', '),
    ),
  );
  return rows;
}

function bedAfter(exchanges: readonly (readonly ['q' | 'r', number])[]) {
  const bed = new Testbed(labScenario({ kernel: KERNEL, masquerade: 'preserve' }), { seed: SEED });
  const send = () => bed.send({ protocol: 'udp', pod: 0, port: 40_000, to: 0, cpu: 0, atNs: bed.now });
  let flow = null as ReturnType<typeof send> | null;
  for (const [what, at] of exchanges) {
    bed.run(at * 1e9);
    if (what === 'q') flow = send();
    else if (flow !== null) bed.answer(flow, 0);
    bed.run(bed.now + 500_000);
  }
  return { bed, flow: flow! };
}

function assuredAfter(exchanges: readonly (readonly ['q' | 'r', number])[]): boolean {
  const { table } = bedAfter(exchanges).bed.netfilter;
  let assured = false;
  table.forEachConfirmed((entry) => {
    assured ||= (table.data[entry * ENTRY_SIZE + STATUS]! & ASSURED) !== 0;
  });
  return assured;
}

/** By bisection, to 10 ms: an answer is translated as long as the entry lives. */
function lifetime(exchanges: readonly (readonly ['q' | 'r', number])[]): number {
  const lastNs = exchanges[exchanges.length - 1]![1] * 1e9;
  const lives = (afterNs: number) => {
    const { bed, flow } = bedAfter(exchanges);
    bed.answer(flow, lastNs + afterNs - bed.now);
    bed.run(lastNs + afterNs + 1e7);
    return flow.answer === 'received';
  };
  let [alive, dead] = [1e9, 200e9];
  while (dead - alive > 1e7) {
    const middle = (alive + dead) / 2;
    if (lives(middle)) alive = middle;
    else dead = middle;
  }
  return dead / 1e9;
}
