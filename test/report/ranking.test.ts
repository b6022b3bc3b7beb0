import { describe, expect, it } from 'vitest';
import type { Cell, Comparison } from '../../src/experiment/comparison.ts';
import { fateOf, settingsOf, variedBlocks } from '../../src/report/contexts.ts';
import { blocksOf } from '../../src/report/findings.ts';
import { rankedRows, rankingOf } from '../../src/report/ranking.ts';
import { rankingTable } from '../../src/report/rankingTables.ts';
import { changeText, hourlyOf, stallRate, standingOf } from '../../src/report/rates.ts';
import { everyVerdict, manyMitigations } from './comparisons.ts';

const ids = (rows: readonly { readonly cell: Cell }[]) => rows.map(({ cell }) => cell.id);
const ranking = (comparison: Comparison) => rankingOf(blocksOf(comparison));

/** The comparison with one group of one cell changed. */
function withGroup(comparison: Comparison, id: string, change: object): Comparison {
  return {
    ...comparison,
    cells: comparison.cells.map((cell) =>
      cell.id === id
        ? { ...cell, groups: cell.groups.map((group, i) => (i === 0 ? { ...group, ...change } : group)) }
        : cell,
    ),
  };
}

describe('the ranking', () => {
  it('puts the least laborious group first, and in each group what leaves the fewest stalls', () => {
    const { groups } = ranking(manyMitigations());
    expect(groups.map(({ effort }) => effort)).toEqual([
      'setting',
      'node',
      'pod-spec',
      'component',
      'application',
      'kernel',
      'network',
    ]);
    for (const { ranked } of groups) {
      const left = ranked.map((row) => row.left);
      expect(left).toEqual([...left].sort((a, b) => a - b));
    }
  });

  it('sets what is worse for anybody apart, though it may be best for others', () => {
    const { worse, groups } = ranking(everyVerdict());
    expect(ids(worse)).toEqual(['ipvs', 'random-fully']);
    expect(groups.flatMap(({ ranked }) => ids(ranked))).not.toContain('random-fully');
  });

  it('names what is the same in every replication in one line of its group', () => {
    const { groups } = ranking(everyVerdict());
    const setting = groups.find(({ effort }) => effort === 'setting');
    expect(setting?.same.map(({ id }) => id)).toEqual(['one-backend']);
    expect(setting?.ranked).toEqual([]);
  });

  it('leaves out what has no effect by its own account', () => {
    const { ineffective, groups } = ranking(everyVerdict());
    expect(ineffective.map(({ id }) => id)).toEqual(['single-request-reopen']);
    expect(groups.flatMap(({ same }) => same.map(({ id }) => id))).not.toContain('single-request-reopen');
  });

  it('gives equal figures an equal rank', () => {
    const ranks = rankedRows(ranking(everyVerdict())).map(({ cell, rank }) => [cell.id, rank]);
    expect(ranks).toContainEqual(['kernel-5.6', 1]);
    expect(ranks).toContainEqual(['node-local-dns', 1]);
    expect(ranks).toContainEqual(['kernel-5.1', 3]);
  });

  it('shows of many rows no combination that leaves no less than one of its parts', () => {
    const comparison = manyMitigations();
    const { groups } = ranking(comparison);
    const covered = groups.flatMap((group) => group.covered.map(({ id }) => id));
    expect(covered).toHaveLength(6);
    const lines = JSON.stringify(rankingTable(ranking(comparison), 0.95, 1).rows);
    expect(lines).toContain('6 combinations leave no less than one of their parts alone');
    const few = {
      ...comparison,
      cells: comparison.cells.filter(({ id }) => id !== 'm1' && !/^m[2-3]\d$/.test(id)),
    };
    expect(ranking(few).groups.flatMap((group) => group.covered)).toEqual([]);
  });

  it('has a row for each cell, or names it', () => {
    const comparison = manyMitigations();
    const { groups, worse, ineffective } = ranking(comparison);
    const all = [
      ...groups.flatMap(({ ranked, same, alike, covered }) => [
        ...ids(ranked),
        ...[...same, ...alike, ...covered].map(({ id }) => id),
      ]),
      ...ids(worse),
      ...ineffective.map(({ id }) => id),
    ];
    expect(all.sort()).toEqual(
      comparison.cells
        .slice(1)
        .map(({ id }) => id)
        .sort(),
    );
  });
});

describe('stalls in an hour', () => {
  it('are counts over the replications and seconds that were measured, taken to 3600 s', () => {
    const comparison = everyVerdict();
    const [block] = blocksOf(comparison);
    const { cell, result } = block!.baseline;
    const { total, byLength } = hourlyOf(comparison, cell, result);
    const stalls = Object.values(result.stalls).reduce((sum, each) => sum + each, 0);
    expect(stalls).toBe(3000);
    // Five replications of 60 s.
    expect(total).toBeCloseTo((3000 / (5 * 60)) * 3600, 6);
    expect(Object.fromEntries(byLength)).toEqual({
      '2.5 s': 12 * result.stalls['2.5 s'],
      '5 s': 12 * result.stalls['5 s'],
    });
  });

  it('go by the replications of their own cell, which may have stopped sooner', () => {
    const comparison = everyVerdict();
    const [block] = blocksOf(comparison);
    const { cell, result } = block!.baseline;
    const once = hourlyOf(comparison, cell, result).total;
    expect(hourlyOf(comparison, { replications: 1 }, result).total).toBeCloseTo(5 * once, 6);
  });
});

describe('a computed rate', () => {
  const estimate = { estimate: 0.25, low: 0.1, high: 0.4, method: 't', n: 120_000, replications: 5 } as const;
  const computed = {
    stallsPerMillion: estimate,
    lossesPerMillion: estimate,
    contrast: null,
  };

  it('stands in the place of the drawn zero, and is marked', () => {
    const comparison = withGroup(everyVerdict(), 'kernel-5.6', { computed });
    const [block] = blocksOf(comparison);
    const variant = block!.mitigations.find(({ cell }) => cell.id === 'kernel-5.6')!;
    expect(stallRate(variant.result)).toEqual(estimate);
    const { total, byLength } = hourlyOf(comparison, variant.cell, variant.result);
    expect(total).toBeCloseTo((0.25 / 1e6) * 120_000 * 12, 9);
    expect(byLength).toEqual([]);
    const rows = rankingTable(ranking(comparison), 0.95, 1).rows;
    expect(JSON.stringify(rows)).toContain('0.25 (computed)');
  });
});

describe('a change in words', () => {
  it('carries its interval, whatever the verdict', () => {
    const [block] = blocksOf(everyVerdict());
    const texts = Object.fromEntries(
      [block!.baseline, ...block!.mitigations].map(({ cell, result }) => [cell.id, changeText(result)]),
    );
    expect(texts).toEqual({
      baseline: '23,200 to 26,900',
      'kernel-5.1': '−60 % [−62, −58]',
      'kernel-5.6': 'none left, at most 25',
      ipvs: 'worse: 1.50 × [1.47, 1.53]',
      'random-fully': 'no detectable difference (±0.39 %)',
      'node-local-dns': 'none left, at most 25',
      'without-ndots': 'undecided: −5 % [−11, +1.4]',
      'one-backend': 'same in every replication',
      'single-request-reopen': 'same in every replication',
    });
    const verdicts = block!.mitigations.map(({ result }) => standingOf(result));
    expect(new Set(verdicts)).toEqual(new Set(['fewer', 'none left', 'worse', 'equal', 'undecided', 'same']));
  });
});

describe('another dispatch', () => {
  it('tells what survives from what flips, and does not count settings without a stall', () => {
    const comparison = everyVerdict();
    const [block] = variedBlocks(comparison, settingsOf(comparison, 'dispatch'));
    const fates = Object.fromEntries(block!.rows.map((row) => [row.cell.id, fateOf(row)]));
    expect(fates).toMatchObject({
      'kernel-5.1': 'helps everywhere',
      'kernel-5.6': 'helps everywhere',
      ipvs: 'flips',
      'random-fully': 'harms in some',
      'one-backend': 'changes nothing',
    });
  });

  it('is in the order of the pairs that it splits, the assumed one in its place', () => {
    const settings = settingsOf(everyVerdict(), 'dispatch');
    expect(settings.map(({ label, assumed }) => [label, assumed])).toEqual([
      ['clean-veth', false],
      ['as-reported', true],
      ['worst-case', false],
    ]);
    expect(settingsOf(everyVerdict(), 'load').map(({ label }) => label)).toEqual(['0.5 ×', '1 ×', '2 ×']);
  });
});
