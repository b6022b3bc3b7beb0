/** A comparison as sections, in the order in which they are asked for: the answer, its reasons, its limits, what next. */
import type { Comparison } from '../experiment/comparison.ts';
import { dispatchPreset } from '../scenario/dispatchPresets.ts';
import { assumptionsOf } from './assumptions.ts';
import { variantCountersTable } from './counterTables.ts';
import type { Part, Section } from './document.ts';
import { type Block, blocksOf, effects, isQuiet, isStarted, occurrence } from './findings.ts';
import * as format from './format.ts';
import { nextSteps } from './nextSteps.ts';
import { contrastTable, detailTable, dispatchTable, verdictTable } from './tables.ts';
import { racesOf } from './vacuity.ts';
import { AS_IT_IS, glossary, OUTCOME_TEXTS, raceTerms } from './wording.ts';

export function sectionsOf(comparison: Comparison): Section[] {
  const blocks = blocksOf(comparison);
  return [
    answer('answer', 'In short', answerOf(blocks)),
    answer('assumptions', 'Under these assumptions', [{ kind: 'facts', facts: assumptionsOf(comparison) }]),
    ...blocks.map((block, i) =>
      answer(`stalls-${i + 1}`, `Stalls: ${block.name}`, stallsOf(comparison, block)),
    ),
    answer('ineffective', 'Applied as written, without full effect', ineffectiveOf(comparison)),
    answer('dispatch', 'The same node under other assumptions', dispatchOf(comparison, blocks)),
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
    detail('node', 'What the node counts', [
      { kind: 'table', table: variantCountersTable(comparison.cells) },
    ]),
    answer('races', 'Was each race tested?', [{ kind: 'list', items: racesOf(comparison.cells) }]),
    answer('words', 'How to read this', [{ kind: 'facts', facts: wordsOf(comparison, blocks) }]),
    answer('again', 'Make it again', [
      { kind: 'commands', commands: [{ line: format.plain(comparison.command) }] },
    ]),
    answer('next', 'What to try next', [{ kind: 'commands', commands: nextSteps(comparison, blocks) }]),
  ].filter(({ parts }) => parts.length > 0);
}

function answerOf(blocks: readonly Block[]): Part[] {
  if (blocks.length === 0) return [{ kind: 'paragraph', text: 'Nothing looks names up or connects.' }];
  return [{ kind: 'list', items: blocks.map((block) => [occurrence(block), ...effects(block)].join(' ')) }];
}

function stallsOf({ confidence }: Comparison, block: Block): Part[] {
  if (!isQuiet(block)) return [{ kind: 'table', table: verdictTable(block, confidence) }];
  const variants = [block.baseline, ...block.mitigations].map(({ result }) => result.stallsPerMillion);
  if (!isStarted(block)) return [{ kind: 'paragraph', text: `No ${block.operation} were started.` }];
  const bounds = variants.map(({ high }) => high).filter((high) => high !== null);
  const fewest = Math.min(...variants.map(({ n }) => n));
  const bound =
    bounds.length === 0
      ? ''
      : `: at most ${format.amount(Math.max(...bounds))} per million in each (one-sided, ${format.percent(confidence)})`;
  return [
    {
      kind: 'paragraph',
      text: `No stall in any of the ${format.count(variants.length)} variants, with ${format.count(fewest)} ${block.operation} or more each${bound}. No mitigation can show an effect here.`,
    },
  ];
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

function dispatchOf({ confidence }: Comparison, blocks: readonly Block[]): Part[] {
  const table = dispatchTable(blocks, confidence);
  if (table === null) return [];
  const cells = [blocks[0]!.baseline, ...blocks[0]!.dispatches].map(({ cell }) => cell);
  const meanings = [...new Set(cells.flatMap(({ dispatch }) => dispatch))].flatMap((name) => {
    const preset = dispatchPreset(name);
    return preset === undefined ? [] : [`${preset.name}: ${preset.summary}`];
  });
  return [
    {
      kind: 'paragraph',
      text: "What brings one thread's A and AAAA onto two CPUs is an assumption, and most figures hang on it. Nothing else differs between these rows, and no mitigation is applied; the verdicts above hold under the first.",
    },
    { kind: 'table', table: { ...table, notes: meanings.length === 0 ? [] : [`${meanings.join('; ')}.`] } },
  ];
}

function detailsOf(block: Block): Part[] {
  return isStarted(block) ? [{ kind: 'table', table: detailTable(block) }] : [];
}

function contrastOf({ confidence }: Comparison, block: Block): Part[] {
  const table = isQuiet(block) ? null : contrastTable(block, confidence);
  return table === null ? [] : [{ kind: 'table', table }];
}

function wordsOf(
  { confidence, vacuous }: Comparison,
  blocks: readonly Block[],
): (readonly [string, string])[] {
  const outcomes = new Set(
    blocks.flatMap(({ mitigations }) =>
      mitigations.map(({ result }) => result.contrast?.stalls.verdict.outcome),
    ),
  );
  const verdicts = Object.entries(OUTCOME_TEXTS)
    .filter(([outcome]) => outcomes.has(outcome as keyof typeof OUTCOME_TEXTS))
    .map(([, text]) => text.split(/: (.*)/s).slice(0, 2) as [string, string]);
  return [AS_IT_IS, ...glossary(confidence), ...raceTerms(vacuous), ...verdicts];
}

function answer(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'answer', parts };
}

function detail(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'detail', parts };
}
