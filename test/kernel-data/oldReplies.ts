/** Do the answers come back? (`old-e5-replies.csv`): pairs of one socket, answered after a pause. */
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { type PairOutcome, racePairs } from '../../src/simulation/packetPairs.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { type Lab, labScenario } from './labScenario.ts';
import { distinct, type Line, numberOf, recording, releaseOf, sumOf } from './recordings.ts';
import { compared } from './rows.ts';

const SEED = 'old replies';
const LINES = recording('old-e5-replies.csv');

/** Two receive time-outs of the recorder (old-kernels.md, section 1): no counter of the node moved. */
export const RECORDER_EXCEPTIONS: readonly Readonly<Record<string, string>>[] = [
  { kernel: '5.0.1', case: 'b_dnat1', reply_delay_ms: '100', pair_class: 'one_packet_lost', pairs: '1' },
  {
    kernel: '6.1.0-56-cloud-amd64',
    case: 'c_dnat2',
    reply_delay_ms: '700',
    pair_class: 'one_packet_lost',
    pairs: '1',
  },
];

const CASES: Readonly<Record<string, Omit<Lab, 'kernel'>>> = {
  c_dnat2: { backends: 2 },
  f_dnat2_masq: { backends: 2, masquerade: 'preserve' },
  a2_masq_fully: { masquerade: 'random-fully' },
  b_dnat1: { backends: 1 },
};

/** A batch was answered together: a pair was up to so much older than the pause. */
const BATCH_MS = 300;

/** From the first packet to the second: past both ends of the longest window (2955 ns). */
const OFFSETS = Array.from({ length: 61 }, (_, i) => (i - 30) * 100);

/** Classes of pairs, and how many answers a pair of the class got, as `class: 2`. */
type Kinds = ReadonlyMap<string, number>;

function recordedKinds(lines: readonly Line[]): Kinds {
  const kinds = new Map<string, number>();
  for (const line of lines) {
    for (const [answers, name] of ['pairs_0_replies', 'pairs_1_reply', 'pairs_2_replies'].entries()) {
      add(kinds, `${line.pair_class}: ${answers}`, numberOf(line, name));
    }
  }
  return kinds;
}

/** Pairs answered at the pause, and at the end of the batch. */
function simulatedKinds(kernel: string, name: string, pauseMs: number): Kinds {
  const lab = CASES[name] as Omit<Lab, 'kernel'>;
  const kinds = new Map<string, number>();
  for (const ageMs of [pauseMs, pauseMs + BATCH_MS]) {
    const experiment: RaceExperiment = {
      kind: 'race',
      senders: 'same-socket',
      protocol: 'udp',
      to: lab.backends === undefined ? 'external' : 'service',
      pairs: 4 * OFFSETS.length,
      answerAfterNs: ageMs * 1e6,
    };
    racePairs(labScenario({ kernel, ...lab }), experiment, {
      seed: `${SEED}, ${kernel}, ${name}`,
      offsetsNs: OFFSETS,
      podsUntracked: true,
      onPair: (pair) => {
        const answers = [pair.first, pair.second].filter(({ answer }) => answer === 'received').length;
        add(kinds, `${classOf(pair)}: ${answers}`, 1);
      },
    });
  }
  return kinds;
}

function classOf({ first, second, moved }: PairOutcome): string {
  if (first.fate === 'lost' || second.fate === 'lost') return 'one_packet_lost';
  const two =
    first.source.port !== second.source.port || first.destination.address !== second.destination.address;
  if (two) return 'overlap_two_mappings';
  const clashed = (moved.insert_failed ?? 0) + (moved.clash_resolve ?? 0) > 0;
  return clashed ? 'overlap_merged_same_tuple' : 'no_overlap';
}

function add(kinds: Map<string, number>, kind: string, by: number): void {
  if (by > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + by);
}

export function oldReplyTable(): ValidationTable {
  const lines = LINES.filter((line) => !RECORDER_EXCEPTIONS.some((exception) => matches(line, exception)));
  const keys = distinct(lines.map(keyOf));
  return {
    id: 'old-replies',
    title: 'Answers to a pair, kernels 4.14 to 6.1',
    source: '`test/data/old-e5-replies.csv`, experiment E5 (real kernels, emulated machine)',
    about:
      'Both packets of a pair are answered after a pause; how many of the answers the client got, by ' +
      'what had become of the pair. Recorded batches were answered together, so the model answers at ' +
      'the pause and 0.3 s later. ' +
      'Two pairs marked lost, of which no counter moved, are receive time-outs of the recorder and ' +
      `left out. Seed "${SEED}".`,
    rows: grouped(
      keys.map((key) => {
        const [kernel, name, pause] = key.split(',') as [string, string, string];
        const own = lines.filter((line) => keyOf(line) === key);
        return {
          name,
          kernels: [kernel],
          pauseMs: Number(pause),
          recorded: recordedKinds(own),
          simulated: simulatedKinds(kernel, name, Number(pause)),
        };
      }),
    ).map(replyRow),
  };
}

function keyOf(line: Line): string {
  return [releaseOf(line), line.case, line.reply_delay_ms].join();
}

interface Replies {
  readonly name: string;
  readonly kernels: readonly string[];
  readonly pauseMs: number;
  readonly recorded: Kinds;
  readonly simulated: Kinds;
}

/** Kernels whose pairs came to the same kinds, recorded and simulated, stand in one row. */
function grouped(all: readonly Replies[]): Replies[] {
  const groups = new Map<string, Replies>();
  for (const one of all) {
    const kinds = [one.recorded, one.simulated].map((side) => [...side.keys()].sort());
    const key = JSON.stringify([one.name, one.pauseMs, kinds]);
    const group = groups.get(key);
    groups.set(key, group === undefined ? one : joined(group, one));
  }
  return [...groups.values()];
}

function joined(a: Replies, b: Replies): Replies {
  const sum = (side: 'recorded' | 'simulated') => {
    const kinds = new Map(a[side]);
    for (const [kind, n] of b[side]) add(kinds, kind, n);
    return kinds;
  };
  return {
    ...a,
    kernels: [...a.kernels, ...b.kernels],
    recorded: sum('recorded'),
    simulated: sum('simulated'),
  };
}

function matches(line: Line, values: Line): boolean {
  return Object.entries(values).every(([name, value]) => line[name] === value);
}

function replyRow({ name, kernels, pauseMs, recorded, simulated }: Replies): ValidationRow {
  // The oldest pairs of a batch may be a little short of the second, or past it: both are possible then.
  const borderline = pauseMs < 1000 && pauseMs + BATCH_MS >= 1000;
  const missing = [...recorded.keys()].filter((kind) => !simulated.has(kind));
  const extra = [...simulated.keys()].filter((kind) => !recorded.has(kind));
  const allowed = borderline ? ['overlap_two_mappings: 1'] : [];
  return compared({
    what: `${name}, answered after ${pauseMs} ms, ${kernels.join(', ')}`,
    expected: say(recorded),
    simulated: say(simulated),
    tolerance: borderline ? 'exact; two mappings may lose an answer (age 0.7 to 1.0 s)' : 'exact',
    agrees: missing.length === 0 && extra.every((kind) => allowed.includes(kind)),
  });
}

function say(kinds: Kinds): string {
  return [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, n]) => `${kind.replaceAll('_', ' ')} of 2 answers (${n})`)
    .join('; ');
}

/** Pairs in the recording, for the count of what is compared. */
export function recordedPairs(): number {
  return sumOf(LINES.map((line) => numberOf(line, 'pairs')));
}
