/**
 * A comparison as sections, in the order in which they are asked for: the answer, what users feel, the ranking, its
 * reasons, its limits, what next.
 */
import type { Comparison } from '../experiment/comparison.ts';
import { assumptionsOf, inOneLine } from './assumptions.ts';
import { dispatchParts, dispatchTables, loadParts } from './contextSections.ts';
import { variantCountersTable } from './counterTables.ts';
import type { Part, Section } from './document.ts';
import { type Block, blocksOf, effects, fullOccurrence, isQuiet, isStarted } from './findings.ts';
import * as format from './format.ts';
import { hourlyTable } from './hourlyTable.ts';
import { nextSteps } from './nextSteps.ts';
import { type Ranking, rankingOf } from './ranking.ts';
import { rankingTable, sideEffectsTable } from './rankingTables.ts';
import { stallContrast } from './rates.ts';
import { contrastTable, detailTable } from './tables.ts';
import { racesOf } from './vacuity.ts';
import { AS_IT_IS, correctionTerm, glossary, OUTCOME_TEXTS, raceTerms } from './wording.ts';

export function sectionsOf(comparison: Comparison): Section[] {
  const blocks = blocksOf(comparison);
  const ranking = rankingOf(blocks);
  return [
    answer('answer', 'In short', answerOf(comparison, blocks)),
    answer('hourly', 'What users feel: stalls in an hour on this node', hourlyOf(comparison, ranking)),
    answer('ranking', 'The mitigations, ranked', rankingParts(comparison, blocks, ranking)),
    detail('side-effects', 'Side effects, simulated', sideEffectsOf(comparison, ranking)),
    answer('ineffective', 'Applied as written, without full effect', ineffectiveOf(comparison)),
    answer('load', 'At other loads', loadParts(comparison)),
    answer('dispatch', 'Under another dispatch', dispatchParts(comparison)),
    answer('assumptions', 'Under these assumptions', [{ kind: 'facts', facts: assumptionsOf(comparison) }]),
    answer('races', 'Was each race tested?', [{ kind: 'list', items: racesOf(comparison.cells) }]),
    ...blocks.map((block, i) =>
      detail(`details-${i + 1}`, `What it is made of: ${block.name}`, detailsOf(block)),
    ),
    ...blocks.map((block, i) =>
      detail(
        `contrasts-${i + 1}`,
        `Against "as it is", pair by pair: ${block.name}`,
        contrastOf(comparison, block),
      ),
    ),
    detail('dispatch-tables', 'Every mitigation under every dispatch', dispatchTables(comparison)),
    detail('node', 'What the node counts', [
      { kind: 'table', table: variantCountersTable(comparison.cells) },
    ]),
    answer('words', 'How to read this', [{ kind: 'facts', facts: wordsOf(comparison, blocks) }]),
    answer('again', 'Make it again', [
      { kind: 'commands', commands: [{ line: format.plain(comparison.command) }] },
      {
        kind: 'paragraph',
        text: `The same command prints the same bytes: snatrace ${format.plain(comparison.version)}, scenario ${format.plain(comparison.scenarioHash)}, seed "${format.plain(comparison.seed)}".`,
      },
    ]),
    answer('next', 'What to try next', [{ kind: 'commands', commands: nextSteps(comparison, blocks) }]),
  ].filter(({ parts }) => parts.length > 0);
}

function answerOf(comparison: Comparison, blocks: readonly Block[]): Part[] {
  if (blocks.length === 0) return [{ kind: 'paragraph', text: 'Nothing looks names up or connects.' }];
  return [
    {
      kind: 'list',
      items: blocks.map((block) => [fullOccurrence(comparison, block), ...effects(block)].join(' ')),
    },
    { kind: 'paragraph', text: inOneLine(comparison) },
  ];
}

function hourlyOf(comparison: Comparison, { blocks }: Ranking): Part[] {
  return blocks.length === 0 ? [] : [{ kind: 'table', table: hourlyTable(comparison, blocks) }];
}

function rankingParts(
  { confidence, family }: Comparison,
  blocks: readonly Block[],
  ranking: Ranking,
): Part[] {
  if (ranking.blocks.length > 0) return [{ kind: 'table', table: rankingTable(ranking, confidence, family) }];
  return blocks.map((block): Part => ({ kind: 'paragraph', text: quietText(block, confidence) }));
}

function quietText(block: Block, confidence: number): string {
  if (!isStarted(block)) return `${block.name}: none were started.`;
  const variants = [block.baseline, ...block.mitigations].map(({ result }) => result.stallsPerMillion);
  const bounds = variants.map(({ high }) => high).filter((high) => high !== null);
  const fewest = Math.min(...variants.map(({ n }) => n));
  const bound =
    bounds.length === 0
      ? ''
      : `: at most ${format.amount(Math.max(...bounds))} per million in each (one-sided, ${format.percent(confidence)})`;
  return `${block.name}: no stall in any of the ${format.count(variants.length)} variants, with ${format.count(fewest)} or more each${bound}. No mitigation can show an effect here.`;
}

function sideEffectsOf({ cells }: Comparison, ranking: Ranking): Part[] {
  const [baseline] = cells;
  if (baseline === undefined || ranking.blocks.length === 0 || cells.length < 2) return [];
  return [{ kind: 'table', table: sideEffectsTable(ranking, baseline) }];
}

function ineffectiveOf({ cells, leftOut = [] }: Comparison): Part[] {
  const seen = new Set<string>();
  const items = [...cells.flatMap(({ applied }) => applied), ...leftOut].flatMap(
    ({ name, title, effect, notes }) => {
      const text = `${format.plain(title)} ${effect === 'partly' ? 'reaches some pods only' : 'has no effect here'}: ${format.plain(notes.join('; ')).replace(/\.$/, '')}.`;
      if (effect === 'applied' || seen.has(`${name} ${text}`)) return [];
      seen.add(`${name} ${text}`);
      return [text];
    },
  );
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

function detailsOf(block: Block): Part[] {
  return isStarted(block) ? [{ kind: 'table', table: detailTable(block) }] : [];
}

function contrastOf({ confidence }: Comparison, block: Block): Part[] {
  const table = isQuiet(block) ? null : contrastTable(block, confidence);
  return table === null ? [] : [{ kind: 'table', table }];
}

function wordsOf(
  { confidence, vacuous, family }: Comparison,
  blocks: readonly Block[],
): (readonly [string, string])[] {
  const outcomes = new Set(
    blocks.flatMap(({ mitigations }) =>
      mitigations.map(({ result }) => stallContrast(result)?.verdict.outcome),
    ),
  );
  const verdicts = Object.entries(OUTCOME_TEXTS)
    .filter(([outcome]) => outcomes.has(outcome as keyof typeof OUTCOME_TEXTS))
    .map(([, text]) => text.split(/: (.*)/s).slice(0, 2) as [string, string]);
  return [
    AS_IT_IS,
    ...glossary(confidence),
    ...raceTerms(vacuous),
    ...verdicts,
    ...correctionTerm(family, confidence),
  ];
}

function answer(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'answer', parts };
}

function detail(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'detail', parts };
}
