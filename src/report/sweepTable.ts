/** A sweep as sections: the answer, a table with a row for each point, what it rests on and how to make it again. */
import type { RaceName } from '../experiment/comparison.ts';
import type { Sweep, SweepPoint } from '../experiment/sweep.ts';
import { assumptionsOf } from './assumptions.ts';
import {
  type ColumnGroup,
  numbers,
  type Part,
  type Row,
  range,
  type Section,
  type Table,
  texts,
} from './document.ts';
import * as format from './format.ts';
import { rateCells } from './measures.ts';
import { isComputed, stallRate } from './rates.ts';
import {
  everyPoint,
  placesName,
  pointName,
  SWEEP_VERDICTS,
  type SweepBlock,
  type SweepVerdict,
  sweepBlocks,
  verdictAt,
} from './sweepBlocks.ts';
import { detailsTable } from './sweepDetails.ts';
import { methodsOf } from './tables.ts';
import { textDocument } from './textDocument.ts';
import type { TextOptions } from './textStyle.ts';
import { glossary, RACE_HINTS, RACE_TEXTS, raceTerms } from './wording.ts';

/** A sweep as text for a terminal. Without a line feed at the end. */
export function renderSweep(sweep: Sweep, options: TextOptions): string {
  const heading = [format.plain(sweep.question), format.plain(sweep.title)].filter((line) => line !== '');
  return textDocument(heading, sweepSections(sweep), options);
}

/** In the order in which they are asked for, to be set as text, Markdown or HTML. */
export function sweepSections(sweep: Sweep): Section[] {
  const blocks = sweepBlocks(sweep);
  // Those under other dispatches and loads have no row of their own in the table of side effects.
  const own = sweepBlocks({ ...sweep, points: sweep.points.map(withoutContexts) });
  const sections: Section[] = [
    section('answer', 'In short', answerOf(sweep, blocks)),
    section('assumptions', 'Under these assumptions', [{ kind: 'facts', facts: assumed(sweep) }]),
    ...blocks.map((block, i) =>
      section(`points-${i + 1}`, `Stalls: ${block.name}`, [
        { kind: 'table', table: pointsTable(sweep, block) },
      ]),
    ),
    section('details', 'Latency and side effects, as it is', [
      { kind: 'table', table: detailsTable(sweep, own) },
    ]),
    section('races', 'Was each race tested?', [{ kind: 'list', items: racesOf(sweep) }]),
    section('words', 'How to read this', [{ kind: 'facts', facts: wordsOf(sweep, blocks) }]),
    section('again', 'Make it again', [
      { kind: 'commands', commands: [{ line: format.plain(sweep.command) }] },
    ]),
  ];
  return sections;
}

/**
 * One row a point: its levels, the stalls as it is, and the verdict on each mitigation. With several factors the
 * head of a row is the point's number: where a table is too wide, it is all that stands beside the columns below.
 */
export function pointsTable(sweep: Sweep, block: SweepBlock): Table {
  const { factors } = sweep;
  const isNumbered = factors.length > 1;
  const { mitigations } = block;
  const groups: ColumnGroup[] = [
    { title: '', columns: texts(...(isNumbered ? factors : []).map(({ name }) => format.plain(name))) },
    {
      title: '',
      columns: [...numbers('stalls per million'), range(`${format.percent(sweep.confidence)} interval`)],
    },
    ...mitigations.map(({ title }) => ({ title: '', columns: texts(title) })),
  ];
  const rows = block.rows.map((row, i): Row => {
    const labels = row.point.labels.map(format.plain);
    const verdicts = mitigations.map(({ id }) => verdictAt(row, id));
    const rate = row.baseline === null ? null : stallRate(row.baseline);
    const cells = [
      ...(isNumbered ? labels : []),
      ...(rate === null ? [format.NONE, ''] : rateCells(rate)),
      ...verdicts.map((verdict) => verdict?.text ?? format.NONE),
    ];
    const tones = [
      ...Array.from({ length: cells.length - verdicts.length }, () => 'plain' as const),
      ...verdicts.map((verdict) => verdict?.tone ?? 'plain'),
    ];
    return { head: isNumbered ? String(i + 1) : labels.join(), cells, tone: 'plain', tones };
  });
  const baselines = block.rows.flatMap(({ baseline }) => baseline ?? []);
  const fewest = baselines.length === 0 ? 0 : Math.min(...baselines.map(({ started }) => started));
  const computed = block.rows.filter(({ baseline }) => baseline !== null && isComputed(baseline));
  return {
    rowHead: isNumbered ? 'point' : format.plain(factors.map(({ name }) => name).join()),
    groups: groups.filter(({ columns }) => columns.length > 0),
    rows,
    notes: [
      `${format.count(fewest)} ${block.operation} or more at each point, as it is. ${methodsOf(baselines.map(stallRate))}`,
      ...(computed.length === 0
        ? []
        : [
            `Too rare to be drawn, and computed instead, given what the runs drew: ${few(computed.map(({ point }) => pointName(sweep, point)))}.`,
          ]),
    ],
  };
}

function answerOf(sweep: Sweep, blocks: readonly SweepBlock[]): Part[] {
  if (blocks.length === 0) return [{ kind: 'paragraph', text: 'Nothing looks names up or connects.' }];
  const items = blocks.map((block) =>
    [`${block.name}: ${extremes(sweep, block)}.`, ...effects(sweep, block)].join(' '),
  );
  return [{ kind: 'list', items }];
}

/** Where the fewest stalls are, and where the most. */
function extremes(sweep: Sweep, { rows, operation }: SweepBlock): string {
  const known = rows.flatMap(({ point, baseline }) =>
    baseline === null || baseline.started === 0 ? [] : [{ point, rate: stallRate(baseline) }],
  );
  const sorted = known.sort((a, b) => a.rate.estimate - b.rate.estimate);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  if (least === undefined || most === undefined) return `no ${operation} were started`;
  if (most.rate.estimate === 0) {
    const bounds = sorted.flatMap(({ rate }) => rate.high ?? []);
    const bound =
      bounds.length < sorted.length ? '' : ` (at most ${format.amount(Math.max(...bounds))} per million)`;
    return `no stall at ${everyPoint(sweep)}${bound}`;
  }
  if (least.rate.estimate === most.rate.estimate) {
    return `${format.amount(most.rate.estimate)} stalls per million at ${everyPoint(sweep)}`;
  }
  const said = (end: (typeof sorted)[number]) => {
    const tied = sorted.filter(({ rate }) => rate.estimate === end.rate.estimate);
    return `${format.amount(end.rate.estimate)} per million (${format.interval(end.rate)}) at ${placesName(
      sweep,
      tied.map(({ point }) => point),
    )}`;
  };
  return `the fewest stalls are ${said(least)}; the most, ${said(most)}`;
}

/** A sentence for each mitigation: at how many points it has which verdict. */
function effects(sweep: Sweep, { mitigations, rows }: SweepBlock): string[] {
  const isQuiet = rows.every((row) =>
    mitigations.every(({ id }) => (verdictAt(row, id)?.verdict ?? 'quiet') === 'quiet'),
  );
  if (isQuiet) return mitigations.length === 0 ? [] : ['No mitigation can show an effect here.'];
  return mitigations.map(({ id, title }) => {
    const points = new Map<SweepVerdict, string[]>();
    for (const row of rows) {
      const found = verdictAt(row, id);
      if (found === null) continue;
      points.set(found.verdict, [...(points.get(found.verdict) ?? []), pointName(sweep, row.point)]);
    }
    const said = (Object.keys(SWEEP_VERDICTS) as SweepVerdict[]).flatMap((verdict) => {
      const where = points.get(verdict);
      if (where === undefined) return [];
      const words = SWEEP_VERDICTS[verdict].said;
      if (where.length === rows.length) return [`${words} at ${everyPoint(sweep)}`];
      return [`${words} at ${where.length === 1 ? where[0] : `${where.length} of ${rows.length} points`}`];
    });
    return `${title}: ${said.length === 0 ? 'nothing compared' : said.join('; ')}.`;
  });
}

/** The factors, then what all points have in common; what differs between them is only named. */
function assumed(sweep: Sweep): (readonly [string, string])[] {
  const { factors, points } = sweep;
  const facts = points.map(({ comparison }) => assumptionsOf({ ...comparison, seed: sweep.seed }));
  const common = (facts[0] ?? []).map(([term], i): [string, string] => {
    const said = [...new Set(facts.map((each) => each[i]?.[1] ?? ''))];
    return [term, said.length === 1 ? (said[0] as string) : 'differs between the points'];
  });
  const all = factors.reduce((product, { levels }) => product * levels.length, 1);
  const missing = points.length === all ? '' : `; ${points.length} of ${all} points were run`;
  return [
    ...factors.map(({ name, keys, levels }): [string, string] => {
      const key = keys.length === 1 && keys[0] === name ? '' : ` (${keys.join(', ')})`;
      return [`varied: ${format.plain(name)}`, format.plain(`${levels.join(', ')}${key}`)];
    }),
    ['points', `${format.count(points.length)}, each with the same random numbers${missing}`],
    ...common,
  ];
}

function racesOf(sweep: Sweep): string[] {
  const { points } = sweep;
  return (Object.keys(RACE_TEXTS) as RaceName[]).map((race) => {
    const closed = points.filter(({ comparison }) => comparison.vacuous.includes(race));
    const text =
      closed.length === points.length
        ? `not tested. Its window never opened at any point, so nothing here speaks about it; ${RACE_HINTS[race]}`
        : closed.length === 0
          ? 'its window opened at every point'
          : `its window opened at ${points.length - closed.length} of ${points.length} points, not at ${few(closed.map((point) => pointName(sweep, point)))}`;
    return `${RACE_TEXTS[race]}: ${text}.`;
  });
}

function few(names: readonly string[]): string {
  const shown = names.slice(0, 3);
  const more = names.length - shown.length;
  return more === 0 ? format.listed(shown) : `${shown.join('; ')} and ${more} more`;
}

function wordsOf(sweep: Sweep, blocks: readonly SweepBlock[]): (readonly [string, string])[] {
  const { points, confidence } = sweep;
  const verdicts = new Set(
    blocks.flatMap(({ rows, mitigations }) =>
      rows.flatMap((row) => mitigations.map(({ id }) => verdictAt(row, id)?.verdict)),
    ),
  );
  const races = Object.keys(RACE_TEXTS) as RaceName[];
  const vacuous = races.filter((race) => points.every(({ comparison }) => comparison.vacuous.includes(race)));
  return [
    ...glossary(confidence),
    ...raceTerms(vacuous),
    ...Object.entries(SWEEP_VERDICTS).flatMap(([verdict, { shown, meaning }]) =>
      verdicts.has(verdict as SweepVerdict) ? [[shown, meaning] as const] : [],
    ),
  ];
}

function withoutContexts(point: SweepPoint): SweepPoint {
  return { ...point, comparison: { ...point.comparison, contexts: [] } };
}

function section(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'answer', parts };
}
