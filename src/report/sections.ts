/** A comparison as sections, in the order in which they are asked for: the answer, its reasons, its limits, what next. */
import type { Cell, Comparison } from '../experiment/comparison.ts';
import { dispatchPreset, pairProbability } from '../scenario/dispatchPresets.ts';
import type { Part, Section } from './document.ts';
import { type Block, blocksOf, effects, isQuiet, occurrence, titleOf } from './findings.ts';
import * as format from './format.ts';
import { nextSteps } from './nextSteps.ts';
import { contrastTable, detailTable, dispatchTable, nodeTable, verdictTable } from './tables.ts';
import { glossary, kernelText, OUTCOME_TEXTS, RACE_HINTS, RACE_TERMS, RACE_TEXTS } from './wording.ts';

export function sectionsOf(comparison: Comparison): Section[] {
  const blocks = blocksOf(comparison);
  return [
    answer('answer', 'In short', answerOf(blocks)),
    answer('assumptions', 'Under these assumptions', [{ kind: 'facts', facts: factsOf(comparison) }]),
    ...blocks.map((block, i) =>
      answer(`stalls-${i + 1}`, `Stalls: ${block.name}`, stallsOf(comparison, block)),
    ),
    answer('ineffective', 'Applied as written, without full effect', ineffectiveOf(comparison)),
    answer('dispatch', 'The same node under other assumptions', dispatchOf(comparison, blocks)),
    ...blocks.map((block, i) =>
      detail(`details-${i + 1}`, `What it is made of: ${block.name}`, [
        { kind: 'table', table: detailTable(block) },
      ]),
    ),
    ...blocks.map((block, i) =>
      detail(
        `contrasts-${i + 1}`,
        `Against "as it is", pair by pair: ${block.name}`,
        contrastOf(comparison, block),
      ),
    ),
    detail('node', 'What the node counts', [{ kind: 'table', table: nodeTable(comparison) }]),
    answer('races', 'Was each race tested?', [{ kind: 'list', items: racesOf(comparison) }]),
    answer('words', 'How to read this', [{ kind: 'facts', facts: wordsOf(comparison, blocks) }]),
    answer('again', 'Make it again', [{ kind: 'commands', commands: [comparison.command] }]),
    answer('next', 'What to try next', [{ kind: 'facts', facts: nextSteps(comparison, blocks) }]),
  ].filter(({ parts }) => parts.length > 0);
}

/** Kernel, dispatch, evidence and node: what every figure rests on. */
export function factsOf(comparison: Comparison): [string, string][] {
  const { scenario, kernel, seed, replications, cells } = comparison;
  const { durationNs, warmUpNs, node } = scenario;
  return [
    ['kernel', kernelText(kernel)],
    ...(cells[0] === undefined
      ? []
      : [['dispatch', dispatchText(comparison, cells[0])] satisfies [string, string]]),
    ['node', `${format.count(node.cpus)} CPUs${node.rps ? ', receive packet steering on' : ''}`],
    [
      'pods',
      scenario.pods
        .map(
          (group) =>
            `${format.count(group.count)} ${format.plain(group.name)} (${format.plain(group.resolver.libc)})`,
        )
        .join(', '),
    ],
    [
      'evidence',
      `${format.count(replications)} replications of ${format.seconds(durationNs)} each, after ${format.seconds(warmUpNs)} of warm-up; seed ${format.plain(seed)}; every variant on the same random numbers`,
    ],
  ];
}

function dispatchText({ scenario }: Comparison, { dispatch }: Cell): string {
  return dispatch
    .map((name) => {
      const group = scenario.pods.find((pod) => pod.dispatch.name === name);
      const summary = dispatchPreset(name)?.summary;
      const share =
        group === undefined ? '' : `: ${format.percent(pairProbability(group.dispatch))} of pairs`;
      return `${format.plain(name)}${share}${summary === undefined ? '' : `, ${summary}`}`;
    })
    .join('; ');
}

function answerOf(blocks: readonly Block[]): Part[] {
  if (blocks.length === 0) return [{ kind: 'paragraph', text: 'Nothing looks names up or connects.' }];
  return [{ kind: 'list', items: blocks.map((block) => [occurrence(block), ...effects(block)].join(' ')) }];
}

function stallsOf({ confidence }: Comparison, block: Block): Part[] {
  if (!isQuiet(block)) return [{ kind: 'table', table: verdictTable(block, confidence) }];
  const variants = [block.baseline, ...block.mitigations].map(({ result }) => result.stallsPerMillion);
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
      const text = `${format.plain(title)} ${effect === 'partly' ? 'reaches some pods only' : 'has no effect here'}: ${notes.map(format.plain).join('; ')}.`;
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

function contrastOf({ confidence }: Comparison, block: Block): Part[] {
  const table = isQuiet(block) ? null : contrastTable(block, confidence);
  return table === null ? [] : [{ kind: 'table', table }];
}

function racesOf({ cells, vacuous }: Comparison): string[] {
  const races = Object.keys(RACE_TEXTS) as (keyof typeof RACE_TEXTS)[];
  return races.map((race) => {
    if (vacuous.includes(race)) {
      return `${RACE_TEXTS[race]}: not tested. Its window never opened in any variant, so nothing here speaks about it; ${RACE_HINTS[race]}.`;
    }
    const [baseline, ...others] = cells;
    const opened = (cell: Cell | undefined) => (cell?.exposures[race] ?? 0) > 0;
    const unlike = others.filter((cell) => opened(cell) !== opened(baseline)).map(titleOf);
    const times = opened(baseline)
      ? `its window opened ${format.times(baseline?.exposures[race] ?? 0)} as it is`
      : 'its window never opened as it is';
    const exceptions =
      unlike.length === 0 ? '' : `; ${opened(baseline) ? 'never' : 'it did'} with ${format.listed(unlike)}`;
    return `${RACE_TEXTS[race]}: ${times}${exceptions}.`;
  });
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
  const portRace = !(vacuous.includes('port-race-udp') && vacuous.includes('port-race-tcp'));
  return [
    ...glossary(confidence),
    ...(vacuous.includes('same-socket') ? [] : [RACE_TERMS['same-socket']]),
    ...(portRace ? [RACE_TERMS['port-race']] : []),
    ...verdicts,
  ];
}

function answer(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'answer', parts };
}

function detail(id: string, title: string, parts: readonly Part[]): Section {
  return { id, title, level: 'detail', parts };
}
