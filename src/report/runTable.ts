/** The runs of one scenario in a terminal: what users felt, what was lost and why, what the node counted. */
import { cellOf, summariseKernel } from '../experiment/cells.ts';
import type { Cell, RaceName } from '../experiment/comparison.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { kernelOf } from '../simulation/assembly.ts';
import type { RunResult } from '../simulation/result.ts';
import { assumptionsOf } from './assumptions.ts';
import { nodeCountersTable } from './counterTables.ts';
import { numbers, type Part, range, type Section, type Table } from './document.ts';
import { blocksOf, occurrence } from './findings.ts';
import * as format from './format.ts';
import { measuresOf, rateCells } from './measures.ts';
import { methodsOf } from './tables.ts';
import { textDocument } from './textDocument.ts';
import type { TextOptions } from './textStyle.ts';
import { racesOf } from './vacuity.ts';
import { glossary, raceTerms } from './wording.ts';

const CONFIDENCE = 0.95;

/** The replications of one scenario, in order; at least one. */
export interface RunSummary {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly results: readonly RunResult[];
}

/**
 * Sums and rates over the replications as text, rates with their intervals. Lines are no longer than `width` (60 at
 * least). Without a line feed at the end.
 *
 * @example
 * console.log(renderRun({ scenario, seed, results: [simulate(scenario, { seed })] }, { width: 100, colour: false }));
 */
export function renderRun({ scenario, seed, results }: RunSummary, options: TextOptions): string {
  const kernel = kernelOf(scenario);
  const asItIs = { id: 'baseline', title: 'as it is', role: 'baseline', applied: [], effort: null } as const;
  const cell = cellOf({ ...asItIs, scenario }, kernel, results, null, CONFIDENCE);
  const summary = { scenario, kernel: summariseKernel(kernel), seed, replications: results.length };
  const blocks = blocksOf({ cells: [cell] });
  const sections: Section[] = [
    section('In short', { kind: 'list', items: blocks.map(occurrence) }),
    section('Under these assumptions', { kind: 'facts', facts: assumptionsOf(summary) }),
    section('What users felt', { kind: 'table', table: operationsTable(cell) }),
    section('What the node counted', { kind: 'table', table: nodeCountersTable(results) }),
    section('Was each race tested?', { kind: 'list', items: racesOf([cell]) }),
    section('How to read this', {
      kind: 'facts',
      facts: [...glossary(CONFIDENCE), ...raceTerms(vacuousOf(cell))],
    }),
  ];
  const heading = [scenario.question, scenario.title].map(format.plain).filter((line) => line !== '');
  return textDocument(heading, sections, options);
}

/** One row for each kind of operation of each group. */
function operationsTable({ groups }: Cell): Table {
  const measures = measuresOf(groups);
  return {
    rowHead: 'group',
    groups: [
      { title: '', columns: numbers('started') },
      {
        title: 'stalls per million',
        columns: [...numbers('estimate'), range(`${format.percent(CONFIDENCE)} interval`)],
      },
      ...measures.groups,
      { title: 'packets', columns: numbers('per operation') },
    ],
    rows: groups.map((result) => ({
      head: `${format.plain(result.group)}, ${result.operation}`,
      tone: 'plain',
      cells: [
        format.count(result.started),
        ...rateCells(result.stallsPerMillion),
        ...measures.cellsOf(result),
        format.decimal(result.packetsPerOperation.estimate),
      ],
    })),
    notes: [methodsOf(groups.map(({ stallsPerMillion }) => stallsPerMillion)), ...measures.notes],
  };
}

function vacuousOf({ exposures }: Cell): RaceName[] {
  return (Object.keys(exposures) as RaceName[]).filter((race) => exposures[race] === 0);
}

function section(title: string, part: Part): Section {
  return { id: title, title, level: 'answer', parts: [part] };
}
