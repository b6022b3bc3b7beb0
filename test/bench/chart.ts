/** The kept runs as a chart: ratios over time, and what each profile cost in the last run that measured it. */
import { writeFileSync } from 'node:fs';
import { type ChartSpec, CONFIG, drawn, OKABE_ITO, PADDING, SCHEMA } from '../../src/report/chartStyle.ts';
import { renderSvg, standaloneSvg } from '../../src/report/svg.ts';
import { type BenchRecord, REPORTS, type RecordedFigure } from './record.ts';

const WIDTH = 560;

/** Each with what it is measured against, in the order of the legend. */
const RATIOS = [
  { id: 'headline/naive-ratio', name: 'naive JavaScript', colour: OKABE_ITO.blue },
  { id: 'short/naive-ratio', name: 'naive JavaScript, short run', colour: OKABE_ITO.skyBlue },
  { id: 'headline/simpy-240s-ratio', name: 'SimPy', colour: OKABE_ITO.green },
  { id: 'headline/kernel-ratio', name: 'a real kernel', colour: OKABE_ITO.vermilion },
] as const;

export async function writeChart(history: readonly BenchRecord[]): Promise<void> {
  writeFileSync(`${REPORTS}benchmarks.svg`, standaloneSvg(await renderSvg(benchChart(history))));
}

export function benchChart(history: readonly BenchRecord[]): ChartSpec {
  return {
    $schema: SCHEMA,
    description:
      'How many times as fast as others snatrace was in each kept run, and the cost per packet now.',
    padding: PADDING,
    config: CONFIG,
    vconcat: [ratioPanel(history), profilePanel(history)].filter((panel) => panel !== null),
    resolve: { scale: { color: 'independent' } },
  };
}

function ratioPanel(history: readonly BenchRecord[]): ChartSpec {
  const values = history.flatMap(({ figures, environment }, index) =>
    RATIOS.flatMap(({ id, name }) =>
      figures
        .filter((figure) => figure.id === id)
        .map(({ median, min, max }) => ({
          run: `${index + 1}: ${environment.commit.slice(0, 7)}`,
          name,
          median: drawn(median),
          min: drawn(min),
          max: drawn(max),
        })),
    ),
  );
  const bounds = RATIOS.flatMap(({ id, name }) => {
    const bound = latest(history, id)?.target?.bound;
    return bound === undefined ? [] : [{ name, bound }];
  });
  const x = {
    field: 'run',
    type: 'ordinal',
    sort: null,
    axis: { title: 'kept run: commit', labelAngle: -30 },
  };
  const y = { type: 'quantitative', scale: { type: 'log', nice: false, padding: 10 } };
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: RATIOS.map(({ name }) => name), range: RATIOS.map(({ colour }) => colour) },
    legend: { title: null },
  };
  return {
    title: {
      text: 'Times as fast per packet',
      subtitle: ['Median and range of the rounds; dashed: what is aimed at.'],
    },
    width: WIDTH,
    height: 220,
    layer: [
      {
        data: { values: bounds },
        mark: { type: 'rule', strokeDash: [4, 4], opacity: 0.7 },
        encoding: { y: { ...y, field: 'bound' }, color },
      },
      {
        data: { values },
        mark: { type: 'rule' },
        encoding: { x, y: { ...y, field: 'min', axis: { title: 'times' } }, y2: { field: 'max' }, color },
      },
      {
        data: { values },
        mark: { type: 'line', point: true },
        encoding: { x, y: { ...y, field: 'median' }, color },
      },
    ],
  };
}

/** Null where no kept run measured a profile. */
function profilePanel(history: readonly BenchRecord[]): ChartSpec | null {
  const ids = new Set(history.flatMap(({ figures }) => figures.map(({ id }) => id)));
  const values = [...ids]
    .map((id) => latest(history, id))
    .filter((figure) => figure !== undefined)
    .filter(({ id, unit }) => id.startsWith('profiles/') && unit === 'ns/packet')
    .map(({ title, median, min, max }) => ({
      profile: title,
      median: drawn(median),
      min: drawn(min),
      max: drawn(max),
    }));
  if (values.length === 0) return null;
  const y = { field: 'profile', type: 'nominal', sort: null, axis: { title: null, labelLimit: 200 } };
  const x = { type: 'quantitative', axis: { title: 'ns of CPU time per packet' } };
  return {
    title: { text: 'What a packet costs', subtitle: ['The last kept run that measured the profile.'] },
    width: WIDTH,
    height: { step: 22 },
    data: { values },
    layer: [
      { mark: { type: 'bar', color: OKABE_ITO.skyBlue }, encoding: { y, x: { ...x, field: 'median' } } },
      { mark: { type: 'rule' }, encoding: { y, x: { ...x, field: 'min' }, x2: { field: 'max' } } },
    ],
  };
}

function latest(history: readonly BenchRecord[], id: string): RecordedFigure | undefined {
  return history
    .flatMap(({ figures }) => figures)
    .filter((figure) => figure.id === id)
    .pop();
}
