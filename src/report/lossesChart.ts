/** Lost packets per million by variant, stacked by what became of them, with the composition in words beside. */
import type { Comparison } from '../experiment/comparison.ts';
import { LOSS_CAUSES, type LossCause } from '../simulation/causes.ts';
import {
  beside,
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  causeColours,
  drawn,
  LABELS_WIDTH,
  PADDING,
  PLOT_WIDTH,
  panelTitle,
  ROW_LABELS,
  ROW_STEP,
  ROWS,
  SCHEMA,
  TEXT_WIDTH,
  textLayer,
} from './chartStyle.ts';
import { type Block, blocksOf, titleOf, type Variant } from './findings.ts';
import * as format from './format.ts';
import { CAUSE_NAMES } from './wording.ts';

const TEXT_GAP = 12;

/** One panel for each kind of operation of each group that lost any packet; null if none did. */
export function lossesChart(comparison: Comparison): ChartSpec | null {
  const blocks = blocksOf(comparison).filter((block) => causesIn([block]).length > 0);
  if (blocks.length === 0) return null;
  const causes = causesIn(blocks);
  return {
    $schema: SCHEMA,
    description: `Packets lost per million lookups or connects by variant and cause: ${causes.map((cause) => CAUSE_NAMES[cause]).join(', ')}.`,
    title: {
      text: 'What was lost, and why',
      subtitle: ['Packets lost per million lookups or connects, by cause.'],
      offset: 14,
    },
    padding: PADDING,
    config: CONFIG,
    vconcat: blocks.map((block, i) => panelOf(block, causes, i === 0)),
    resolve: { legend: { color: 'independent' } },
  };
}

function panelOf(block: Block, causes: readonly LossCause[], withLegend: boolean): ChartSpec {
  const variants = [block.baseline, ...block.mitigations];
  const x = {
    field: 'lost',
    type: 'quantitative',
    stack: 'zero',
    axis: { title: `packets lost per million ${block.operation}`, labelExpr: COUNT_LABELS, tickCount: 5 },
  };
  return {
    title: panelTitle(block.name),
    width: PLOT_WIDTH,
    height: { step: ROW_STEP },
    layer: [
      {
        data: { values: variants.flatMap((variant) => segments(variant, causes)) },
        mark: { type: 'bar', height: { band: 0.9 } },
        encoding: {
          y: ROWS,
          x,
          color: {
            field: 'cause',
            type: 'nominal',
            scale: { domain: causes.map((cause) => CAUSE_NAMES[cause]), range: causeColours(causes) },
            legend: withLegend
              ? {
                  title: null,
                  orient: 'top',
                  direction: 'horizontal',
                  columns: 4,
                  symbolType: 'square',
                  offset: 4,
                }
              : null,
          },
          order: { field: 'order', type: 'quantitative' },
          tooltip: [
            { field: 'variant', type: 'nominal', title: 'variant' },
            { field: 'cause', type: 'nominal', title: 'cause' },
            { field: 'text', type: 'nominal', title: 'per million' },
          ],
        },
      },
      { data: { values: variants.map(labelsOf) }, ...ROW_LABELS },
      {
        data: { values: variants.map(labelsOf) },
        ...textLayer('composition', PLOT_WIDTH + TEXT_GAP, 'left'),
      },
    ],
  };
}

function segments(
  variant: Variant,
  causes: readonly LossCause[],
): Readonly<Record<string, string | number>>[] {
  return causes.map((cause, order) => {
    const lost = perMillion(variant, cause);
    return { variant: nameOf(variant), cause: CAUSE_NAMES[cause], order, lost, text: format.amount(lost) };
  });
}

function labelsOf(variant: Variant): Readonly<Record<string, string>> {
  const parts = LOSS_CAUSES.filter((cause) => variant.result.lostCount[cause] > 0).map(
    (cause) => `${CAUSE_NAMES[cause]} ${format.amount(perMillion(variant, cause))}`,
  );
  return {
    variant: nameOf(variant),
    composition: beside(parts.length === 0 ? 'none' : parts.join(' + '), TEXT_WIDTH - TEXT_GAP),
  };
}

function nameOf({ cell }: Variant): string {
  return beside(titleOf(cell), LABELS_WIDTH);
}

function perMillion({ result }: Variant, cause: LossCause): number {
  return result.started === 0 ? 0 : drawn((result.lostCount[cause] / result.started) * 1e6);
}

function causesIn(blocks: readonly Block[]): LossCause[] {
  const variants = blocks.flatMap(({ baseline, mitigations }) => [baseline, ...mitigations]);
  return LOSS_CAUSES.filter((cause) => variants.some(({ result }) => result.lostCount[cause] > 0));
}
