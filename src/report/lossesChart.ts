/** Lost packets per million by variant, stacked by what became of them, with the composition in words beside. */
import type { Comparison } from '../experiment/comparison.ts';
import { LOSS_CAUSES, type LossCause } from '../simulation/causes.ts';
import { type BarRows, barRows, notDrawn } from './barRows.ts';
import {
  beside,
  type ChartSpec,
  CONFIG,
  COUNT_LABELS,
  causeColours,
  drawn,
  PADDING,
  PLOT_WIDTH,
  panelTitle,
  ROW_LABELS,
  ROW_STEP,
  ROWS,
  rowNames,
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
    vconcat: blocks.map((block, i) => panelOf(block, barRows(block), causes, i === 0)),
    resolve: { legend: { color: 'independent' } },
  };
}

/** "php, lookups: 56 % of the packets lost as it is fall to same socket, 44 % to port race." */
function finding(block: Block): string {
  const { lostCount } = block.baseline.result;
  const all = LOSS_CAUSES.reduce((sum, cause) => sum + lostCount[cause], 0);
  if (all === 0) return `${block.name}: nothing is lost as it is.`;
  const shares = LOSS_CAUSES.filter((cause) => lostCount[cause] > 0)
    .sort((a, b) => lostCount[b] - lostCount[a])
    .slice(0, 3)
    .map((cause) => `${format.percent(lostCount[cause] / all)} ${CAUSE_NAMES[cause]}`);
  return `${block.name}: of the packets lost as it is, ${format.listed(shares)}.`;
}

function panelOf(
  block: Block,
  { shown: variants, hidden }: BarRows,
  causes: readonly LossCause[],
  withLegend: boolean,
): ChartSpec {
  const names = rowNames(variants.map(({ cell }) => titleOf(cell)));
  const x = {
    field: 'lost',
    type: 'quantitative',
    stack: 'zero',
    axis: { title: `packets lost per million ${block.operation}`, labelExpr: COUNT_LABELS, tickCount: 5 },
  };
  return {
    title: panelTitle(`${finding(block)}${notDrawn(hidden)}`),
    width: PLOT_WIDTH,
    height: { step: ROW_STEP },
    layer: [
      {
        data: { values: variants.flatMap((variant, i) => segments(variant, names[i] as string, causes)) },
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
      {
        data: { values: variants.map((variant, i) => labelsOf(variant, names[i] as string)) },
        ...ROW_LABELS,
      },
      {
        data: { values: variants.map((variant, i) => labelsOf(variant, names[i] as string)) },
        ...textLayer('composition', PLOT_WIDTH + TEXT_GAP, 'left'),
      },
    ],
  };
}

function segments(
  variant: Variant,
  name: string,
  causes: readonly LossCause[],
): Readonly<Record<string, string | number>>[] {
  return causes.map((cause, order) => {
    const lost = perMillion(variant, cause);
    return { variant: name, cause: CAUSE_NAMES[cause], order, lost, text: format.amount(lost) };
  });
}

function labelsOf(variant: Variant, name: string): Readonly<Record<string, string>> {
  const parts = LOSS_CAUSES.filter((cause) => variant.result.lostCount[cause] > 0).map(
    (cause) => `${CAUSE_NAMES[cause]} ${format.amount(perMillion(variant, cause))}`,
  );
  return {
    variant: name,
    composition: beside(parts.length === 0 ? 'none' : parts.join(' + '), TEXT_WIDTH - TEXT_GAP),
  };
}

function perMillion({ result }: Variant, cause: LossCause): number {
  return result.started === 0 ? 0 : drawn((result.lostCount[cause] / result.started) * 1e6);
}

function causesIn(blocks: readonly Block[]): LossCause[] {
  const variants = blocks.flatMap(({ baseline, mitigations }) => [baseline, ...mitigations]);
  return LOSS_CAUSES.filter((cause) => variants.some(({ result }) => result.lostCount[cause] > 0));
}
