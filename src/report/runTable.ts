/** The runs of one scenario in a terminal: what users felt, what was lost and why, what the node counted. */
import { cellOf, summariseKernel } from '../experiment/cells.ts';
import type { Cell, RaceName } from '../experiment/comparison.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { kernelOf } from '../simulation/assembly.ts';
import { LOSS_CAUSES } from '../simulation/causes.ts';
import type { RunResult } from '../simulation/result.ts';
import { numbers, type Part, type Row, type Section, type Table, texts } from './document.ts';
import { type Block, occurrence, titleOf } from './findings.ts';
import * as format from './format.ts';
import { dispatchText, scenarioFacts } from './sections.ts';
import { detailTable, nodeTable, rateCells } from './tables.ts';
import { textDocument } from './textDocument.ts';
import type { TextOptions } from './textStyle.ts';
import { glossary, kernelText, raceTerms, RACE_HINTS, RACE_TEXTS } from './wording.ts';

const CONFIDENCE = 0.95;

/** The replications of one scenario, in order; at least one. */
export interface RunSummary {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly results: readonly RunResult[];
}
