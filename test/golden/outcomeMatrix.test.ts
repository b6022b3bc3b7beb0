/**
 * The outcome matrix, twice: as a golden table to be read, and checked against section 1.3 of the kernel
 * reference as transcribed below, so that a golden which was rewritten by mistake is caught.
 */
import { describe, expect, it } from 'vitest';
import { TCP, UDP } from '../../src/netfilter/tuple.ts';
import { expectGolden, markdownTable } from './golden.ts';
import {
  type Cell,
  countersInShort,
  outcomeOf,
  RELEASES,
  type Release,
  SITUATIONS,
} from './outcomeMatrix.ts';

const cells = new Map<string, Cell>();
function cell(situation: string, release: Release, protocol: typeof UDP | typeof TCP): Cell {
  const key = `${situation} ${release} ${protocol}`;
  const known = cells.get(key);
  if (known !== undefined) return known;
  const found = SITUATIONS.find(({ id }) => id === situation);
  if (found === undefined) throw new Error(`no situation ${situation}`);
  const computed = outcomeOf(found, release, protocol);
  cells.set(key, computed);
  return computed;
}

/** `DROP DR+IF`, `MERGE IF`, ...: the words and error counters of a cell. */
function inShort(one: Cell): string {
  const { found: _, ...errors } = one.counters;
  return [one.word, countersInShort(errors)].filter((part) => part !== '').join(' ');
}

describe('the golden matrix', () => {
  it('is what the steps do', () => {
    expectGolden('outcome-matrix.md', render());
  });
});

const SUMMARY: readonly Release[] = [
  '4.4.155',
  '4.14.96',
  '4.19.0',
  '4.19.78',
  '5.4.286',
  '5.6.4',
  '5.9.1',
  '5.10.89',
  '6.1.158',
  '6.18',
];

function render(): string {
  let text = `# What becomes of the second packet of a race

Computed by running the steps of src/netfilter; \`npm run golden\` writes it anew. Review a change as a change of physics.

The first packet always passes. Outcomes of the second: **PASS** an entry of its own, **MERGE** the first packet's entry
carries it too, **CLASH-INSERT** an entry in the reply direction only, for one second, **DROP**. Counters that the pair
moves: IF insert_failed, DR drop, CR clash_resolve, FO found. *port*: from which it leaves, or would have left. *then*: does
the answer to it find its way back after 0.5 s / a second answer 0.1 s later / a first answer after 1.5 s; if it was
dropped, what it gets when it is sent again after a second.

## UDP in short

`;
  text += markdownTable(
    ['', ...SUMMARY],
    SITUATIONS.map(({ id }) => [id, ...SUMMARY.map((release) => inShort(cell(id, release, UDP)))]),
  );
  for (const situation of SITUATIONS) {
    text += `\n## ${situation.id}: ${situation.title}\n\n\`${situation.schedule.join(' ')}\`\n\n`;
    text += markdownTable(
      ['', 'outcome', 'port', 'counters', 'then', 'kernels'],
      [...rowsOf(situation.id, 'UDP', UDP), ...rowsOf(situation.id, 'TCP', TCP)],
    );
  }
  return text;
}

/** One row for all kernels that do the same. */
function rowsOf(situation: string, name: string, protocol: typeof UDP | typeof TCP): string[][] {
  const yes = (value: boolean) => (value ? 'yes' : 'no');
  const rows = new Map<string, Release[]>();
  for (const release of RELEASES) {
    const { word, port, counters, answers, retry } = cell(situation, release, protocol);
    const then = answers
      ? `${yes(answers.early)} / ${yes(answers.again)} / ${yes(answers.late)}`
      : `again: ${retry}`;
    const row = JSON.stringify([name, word, port, countersInShort(counters) || '-', then]);
    rows.set(row, [...(rows.get(row) ?? []), release]);
  }
  return [...rows].map(([row, releases]) => [...JSON.parse(row), releases.join(', ')]);
}

/** Clash generation of a release, from section 1.2 of the reference; C1o: C1 with the same-origin test. */
type Class = 'C0' | 'C1' | 'C1o' | 'C2' | 'C3' | 'C4' | 'C5' | 'C6' | 'C7';
const CLASS_OF: Readonly<Record<Release, Class>> = {
  '3.10.0': 'C0',
  '4.4.155': 'C0',
  '4.9.115': 'C1',
  '4.9.163': 'C1o',
  '4.9.300': 'C1o',
  '4.14.96': 'C1',
  '4.14.106': 'C1o',
  '4.14.173': 'C3',
  '4.14.265': 'C3',
  '4.15.0-56-generic': 'C1o',
  '4.18.0': 'C1',
  '4.19.0': 'C2',
  '4.19.78': 'C3',
  '4.19.228': 'C3',
  '4.20': 'C2',
  '5.0.1': 'C3',
  '5.4.286': 'C3',
  '5.6.4': 'C4',
  '5.8.1': 'C4',
  '5.9.1': 'C4',
  '5.10.89': 'C5',
  '5.14.2': 'C5',
  '5.15.85': 'C6',
  '6.1.158': 'C6',
  '6.6.60': 'C6',
  '6.11.4': 'C6',
  '6.12.0': 'C7',
  '6.18': 'C7',
};
/** `--random` is a keyed hash of the destination: 3.10 to 4.20, the stable series included. */
const HASHED = (release: Release) => /^[34]\./.test(release);
/** A search without random flags starts at the rover. */
const ROVER = (release: Release) => HASHED(release) && !['4.9.300', '4.14.265', '4.19.228'].includes(release);
/** The allocator ignores entries of the same origin. */
const SAME_ORIGIN = (release: Release) => !['C0', 'C1', 'C2'].includes(CLASS_OF[release]);

type Row = Readonly<Record<Exclude<Class, 'C1o'>, string>>;

/** UDP, section 1.3, without the counter `found`. */
const S1_NO_HOOKS: Row = {
  C0: 'DROP IF',
  C1: 'MERGE IF',
  C2: 'MERGE IF',
  C3: 'MERGE IF',
  C4: 'MERGE IF',
  C5: 'MERGE CR',
  C6: 'MERGE CR',
  C7: 'MERGE CR',
};
const S1: Row = { ...S1_NO_HOOKS, C1: 'DROP DR+IF' };
const S2: Row = { ...S1, C2: 'DROP DR+IF' };
const S3: Row = {
  C0: 'DROP IF',
  C1: 'DROP DR+IF',
  C2: 'DROP DR+IF',
  C3: 'DROP DR+IF',
  C4: 'CLASH-INSERT',
  C5: 'CLASH-INSERT CR',
  C6: 'CLASH-INSERT CR',
  C7: 'CLASH-INSERT CR',
};
const S2R = S3;
const S4: Row = {
  C0: 'DROP IF',
  C1: 'DROP DR+IF',
  C2: 'DROP DR+IF',
  C3: 'DROP DR+IF',
  C4: 'DROP DR+IF',
  C5: 'DROP DR+IF',
  C6: 'DROP DR+IF',
  C7: 'DROP DR+IF',
};

const inRow = (row: Row, release: Release) => row[CLASS_OF[release].slice(0, 2) as keyof Row];

describe.each(RELEASES)('the reference on %s', (release) => {
  const udpCell = (situation: string) => inShort(cell(situation, release, UDP));

  it('UDP, one socket, same mapping (S1)', () => {
    expect(udpCell('S1-no-hooks')).toBe(inRow(S1_NO_HOOKS, release));
    for (const id of ['S1-null', 'S1-masquerade', 'S1-dnat']) {
      expect(udpCell(id), id).toBe(inRow(S1, release));
      expect(cell(id, release, UDP).counters.found, id).toBeUndefined();
    }
  });

  it('UDP, one socket, the port chosen late (S2)', () => {
    for (const id of ['S2-null', 'S2-masquerade']) {
      const one = cell(id, release, UDP);
      expect(inShort(one), id).toBe(inRow(S2, release));
      // Without the same-origin test the loser's own port looks taken.
      expect(one.port, id).toBe(SAME_ORIGIN(release) ? 'own' : 'other');
      expect(one.counters.found, id).toBe(SAME_ORIGIN(release) ? undefined : 2);
    }
  });

  it('UDP, one socket, random ports (S2r)', () => {
    // 3.10 does not know --random-fully: the rule is a plain MASQUERADE.
    expect(udpCell('S2r-fully')).toBe(inRow(S2R, release));
    expect(udpCell('S2r-random')).toBe(inRow(HASHED(release) ? S1 : S2R, release));
    expect(udpCell('S2r-random-late')).toBe(inRow(HASHED(release) ? S2 : S2R, release));
  });

  it('UDP, one socket, two backends (S3)', () => {
    expect(udpCell('S3')).toBe(inRow(S3, release));
    expect(udpCell('S3-masquerade')).toBe(inRow(S3, release));
  });

  it('UDP, two pods (S4)', () => {
    expect(udpCell('S4')).toBe(inRow(S4, release));
    expect(udpCell('S4-occupied')).toBe(ROVER(release) ? inRow(S4, release) : 'PASS');
    expect(udpCell('S4-random')).toBe(HASHED(release) ? inRow(S4, release) : 'PASS');
    expect(udpCell('S4-fully')).toBe(release === '3.10.0' ? 'DROP IF' : 'PASS');
    const late = cell('S4-late', release, UDP);
    expect([late.word, late.port, late.counters.found]).toEqual(['PASS', 'other', 1]);
  });

  it('UDP, both ends first (S5)', () => {
    expect(udpCell('S5-no-hooks')).toBe(inRow(S1_NO_HOOKS, release));
    for (const id of ['S5', 'S5-late']) {
      const one = cell(id, release, UDP);
      if (CLASS_OF[release] === 'C7') {
        expect([inShort(one), one.port], id).toEqual(['MERGE CR', 'own']);
      } else {
        // "port rewritten or DROP"
        expect(one.word === 'DROP' || one.port === 'other', id).toBe(true);
        expect(inShort(one), id).toBe(inRow(one.word === 'DROP' ? S4 : S3, release));
      }
    }
  });

  it('TCP: every clash is fatal, and the SYN that is sent again gets through', () => {
    const clash = CLASS_OF[release] === 'C0' ? 'DROP IF' : 'DROP DR+IF';
    for (const { id } of SITUATIONS) {
      const one = cell(id, release, TCP);
      const apart =
        id === 'S4-late' ||
        (id === 'S4-fully' && release !== '3.10.0') ||
        (id === 'S4-random' && !HASHED(release)) ||
        (id === 'S4-occupied' && !ROVER(release));
      expect(inShort(one), id).toBe(apart ? 'PASS' : clash);
      if (one.word !== 'DROP') continue;
      if (id.startsWith('S4')) expect(one.retry, id).toBe('another port');
      else expect(one.retry, id).toBe(id.startsWith('S5') ? 'own port' : "the first's mapping");
    }
  });

  it('answers to merged packets always arrive; those to reply-only entries for a second', () => {
    const killsOnReply = release === '5.6.4' || release === '5.8.1';
    for (const { id } of SITUATIONS) {
      const { word, answers } = cell(id, release, UDP);
      if (word === 'MERGE') expect(answers, id).toEqual({ early: true, again: true, late: true });
      if (word === 'CLASH-INSERT') {
        expect(answers, id).toEqual({ early: true, again: !killsOnReply, late: false });
      }
    }
  });
});
