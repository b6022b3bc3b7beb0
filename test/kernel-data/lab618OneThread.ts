/** One thread never races with itself on the 6.18 lab kernel (`lab-6.18-e5`, `-e5b`). */
import { racePairs } from '../../src/simulation/packetPairs.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { labOf, sameSocket } from './lab618.ts';
import { labScenario } from './labScenario.ts';
import { type Line, numberOf, recording, sumOf } from './recordings.ts';
import { compared, notCompared } from './rows.ts';

const SEED = 'lab 6.18 one thread';

export function labOneThreadTable(): ValidationTable {
  const pairs = [...recording('lab-6.18-e5.csv'), ...recording('lab-6.18-e5b.csv')];
  const rows = pairs.filter(({ exp }) => exp === 'E5' || exp === 'E5b');
  const groups = new Map<string, Line[]>();
  for (const line of rows) {
    const [nat = '', rest = ''] = splitVariant(line);
    const key = `${nat}, RPS ${/rps(\d)/.exec(rest)?.[1]}${line.exp === 'E5b' ? ', both CPUs busy' : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return {
    id: 'lab-one-thread',
    title: 'One thread never races with itself on 6.18',
    source: '`test/data/lab-6.18-e5.csv`, `lab-6.18-e5b.csv`, experiment E5',
    about:
      'Pairs that one thread sends on one socket, with sendmmsg or two sends, pinned or not; RPS 3 is ' +
      `both CPUs. Seed "${SEED}".`,
    rows: [
      ...[...groups].map(([what, lines]) => oneThreadRow(what, lines)),
      resolverRow(pairs.filter(({ exp }) => exp === 'E5gai')),
      missingRow(rows),
    ],
  };
}

function splitVariant({ variant = '' }: Line): [string, string] {
  const at = variant.indexOf('_');
  const nat = variant.slice(0, at);
  // The runs with busy CPUs do not name their rule; they are MASQUERADE and DNAT to one address alike.
  return [nat === 'busy' ? 'dnat2' : nat, variant.slice(at + 1)];
}

function oneThreadRow(what: string, lines: readonly Line[]): ValidationRow {
  const [nat] = splitVariant(lines[0]!);
  const rps = !what.includes('RPS 0');
  const lab = { ...labOf(nat === 'masq' ? 'a_masq' : 'c_dnat2'), rps };
  const { raced, pairs, lost } = racePairs(labScenario(lab), sameSocket(lab, 2_000), {
    seed: SEED,
    // One thread: both on its CPU, the second after the first; RPS may send them to another, together.
    offsetsNs: [0, 500, 1000, 2000],
    prepare: (packet) => ({ ...packet, cpu: 0 }),
  });
  const sent = sumOf(lines.map((line) => numberOf(line, 'pairs_sent')));
  const differ = sumOf(lines.map((line) => numberOf(line, 'diffport') + numberOf(line, 'diffbe')));
  const clashes = Math.round(
    sumOf(lines.map((line) => numberOf(line, 'p_race') * numberOf(line, 'pairs_sent'))),
  );
  // Two sockets, hashed to the two CPUs, met once (lab report, 6): no race of a pair.
  const foreign = sumOf(lines.map((line) => Number(line.ct_insert_failed || 0)));
  return compared({
    what,
    expected:
      `${clashes - foreign} of ${sent} ` +
      `pairs${foreign > 0 ? `, and ${foreign} clash of two sockets` : ''}; two mappings ${differ}`,
    simulated: `${raced} of ${pairs} pairs; lost ${lost}`,
    tolerance: 'exactly 0 (lab, 10.14)',
    agrees: clashes - foreign === 0 && differ === 0 && raced === 0 && lost === 0,
  });
}

/** getaddrinfo, against a resolver of one thread in the model. */
function resolverRow(lines: readonly Line[]): ValidationRow {
  const lab = {
    ...labOf('d_dnat2_masq'),
    lookups: { pods: 50, perSecond: 20, dispatch: 'clean-veth' },
  };
  const { exposures, groups } = simulate(labScenario(lab), { seed: SEED });
  const lookups = groups[0]?.lookups;
  const stalls = sumOf(Object.values(lookups?.stalls ?? {}));
  const sum = (name: string) => sumOf(lines.map((line) => numberOf(line, name)));
  return compared({
    what: 'getaddrinfo, 1 and 8 threads, MASQUERADE and DNAT2+MASQUERADE, RPS 0 and 3',
    expected:
      `${sum('lookups')} lookups: ${sum('p_race')} races, ${sum('over_0_5s')} over 0.5 s, ` +
      `${sum('errors')} errors`,
    simulated: `${lookups?.started} lookups: ${exposures.sameSocket} races, ${stalls} stalls`,
    tolerance: 'exactly 0 (lab, 10.14)',
    agrees:
      sum('p_race') + sum('over_0_5s') + sum('errors') === 0 && exposures.sameSocket === 0 && stalls === 0,
  });
}

/** Packets that never arrived, and of which no counter of conntrack tells. */
function missingRow(lines: readonly Line[]): ValidationRow {
  const sum = (name: string) => sumOf(lines.map((line) => Number(line[name] || 0)));
  const missing = 2 * sum('pairs_sent') - sum('arrived') - sum('ct_insert_failed');
  return notCompared(
    'RPS 2 (all to the other CPU): packets lost without a counter',
    `${missing} of ${2 * sum('pairs_sent')}`,
    '-',
    "overflow of that CPU's input queue (netdev_max_backlog), by the lab's guess; the senders' rate " +
      'is not recorded',
  );
}
