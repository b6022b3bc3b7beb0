/** Measures what docs/statistics.md states, and writes it there: `npm run coverage-study`. A few minutes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dispersionIndex } from '../../src/statistics/replications.ts';
import {
  contrastCoverage,
  drawTable,
  familyOutcome,
  looksOf,
  oneLook,
  rateCoverage,
  type Table,
  type World,
} from './coverage.ts';
import type { Uniform } from './draws.ts';
import { simulatedPool, tableFrom } from './simulated.ts';

const FILE = new URL('../../docs/statistics.md', import.meta.url);
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

const REPLICATIONS = 20;
const MEMBERS = 40;
const SAMPLES = { rate: 4000, contrast: 1000, single: 2000, family: 300, power: 300, pool: 1000 };

const INDEPENDENT = { dispersion: 1, shared: 0 };
const CLUSTERED = { dispersion: 5, shared: 0 };
const PAIRED = { dispersion: 1, shared: 0.8 };
const PAIRED_CLUSTERED = { dispersion: 5, shared: 0.8 };

const NAMES = new Map<Omit<World, 'events'>, string>([
  [INDEPENDENT, 'independent'],
  [CLUSTERED, 'clustered'],
  [PAIRED, 'paired'],
  [PAIRED_CLUSTERED, 'paired, clustered'],
]);

function rates(): string {
  const rows = [5, REPLICATIONS].flatMap((replications) =>
    [INDEPENDENT, CLUSTERED].flatMap((kind) =>
      [0.1, 1, 5, 20, 200].map((total) => {
        const world = { ...kind, events: total / replications };
        const found = rateCoverage(world, replications, SAMPLES.rate, 101);
        const { wilson, clopperPearson, kornGraubard, t } = found;
        return [name(kind), replications, total, ...[wilson, clopperPearson, t, kornGraubard].map(share)];
      }),
    ),
  );
  return table(
    ['events', 'replications', 'expected in all', 'Wilson', 'Clopper-Pearson', 't', '**Korn-Graubard**'],
    rows,
  );
}

function contrasts(): string {
  const rows = [INDEPENDENT, CLUSTERED, PAIRED, PAIRED_CLUSTERED].flatMap((kind) =>
    [1, 20].flatMap((events) =>
      [1, 0.5].map((ratio) => {
        const by = (plan: ReturnType<typeof looksOf>) =>
          contrastCoverage({ ...kind, events }, ratio, plan, SAMPLES.contrast, 202);
        const one = by(oneLook(REPLICATIONS));
        const many = by(looksOf(REPLICATIONS));
        return [
          name(kind),
          events,
          ratio,
          ...[one.difference, one.ratio, many.difference, many.ratio].map(share),
        ];
      }),
    ),
  );
  return table(
    [
      'events',
      'per replication',
      'true ratio',
      'difference',
      'ratio',
      'difference, stopped',
      'ratio, stopped',
    ],
    rows,
  );
}

function falseAlarms(): string {
  const pool = simulatedPool(SAMPLES.pool);
  const dispersion = dispersionIndex({ numerators: pool.stalls, denominators: pool.lookups }) ?? 1;
  const mean = pool.stalls.reduce((sum, count) => sum + count, 0) / SAMPLES.pool;
  const drawn = (kind: Omit<World, 'events'>, events: number) => ({
    label: [name(kind), events],
    draw: (uniform: Uniform, members: number) =>
      drawTable(uniform, { ...kind, events }, Array<number>(members).fill(1), REPLICATIONS),
  });
  const sources = [
    drawn(INDEPENDENT, 1),
    drawn(INDEPENDENT, 20),
    drawn(CLUSTERED, 20),
    drawn(PAIRED_CLUSTERED, 5),
    {
      label: [`simulated (dispersion ${dispersion.toFixed(2)})`, mean.toFixed(1)],
      draw: (uniform: Uniform, members: number) => tableFrom(pool, uniform, members, REPLICATIONS),
    },
  ];
  const rows = sources.map(({ label, draw }) => {
    const single = (uniform: Uniform): Table => draw(uniform, 1);
    const many = (uniform: Uniform): Table => draw(uniform, MEMBERS);
    const one = oneLook(REPLICATIONS);
    const looks = looksOf(REPLICATIONS);
    return [
      ...label,
      share(familyOutcome(single, one, 'each by itself', SAMPLES.single, 303).verdictError),
      share(familyOutcome(single, looks, 'each by itself', SAMPLES.single, 303).verdictError),
      share(familyOutcome(many, one, 'each by itself', SAMPLES.family, 304).familyError),
      share(familyOutcome(many, one, 'holm', SAMPLES.family, 304).familyError),
      share(familyOutcome(many, looks, 'holm', SAMPLES.family, 304).familyError),
    ];
  });
  return table(
    [
      'events',
      'per replication',
      'one verdict, one look',
      'one verdict, three looks',
      `any of ${MEMBERS}, uncorrected`,
      `any of ${MEMBERS}, Holm`,
      `any of ${MEMBERS}, Holm, three looks`,
    ],
    rows,
  );
}

function power(): string {
  const mixed = Array.from({ length: MEMBERS }, (_, i) => (i % 2 === 0 ? 1 : 0.5));
  const rows = [INDEPENDENT, PAIRED_CLUSTERED].flatMap((kind) =>
    [5, 10, 20].flatMap((replications) =>
      [2, 10, 50].map((events) => {
        const world = { ...kind, events };
        const alone = (uniform: Uniform) => drawTable(uniform, world, [0.5], replications);
        const family = (uniform: Uniform) => drawTable(uniform, world, mixed, replications);
        const single = familyOutcome(alone, oneLook(replications), 'each by itself', SAMPLES.power, 405);
        const looked = familyOutcome(alone, looksOf(replications), 'each by itself', SAMPLES.power, 405);
        const one = familyOutcome(family, oneLook(replications), 'holm', SAMPLES.power / 10, 406);
        const holm = familyOutcome(family, looksOf(replications), 'holm', SAMPLES.power / 10, 406);
        return [
          name(kind),
          replications,
          events,
          ...[single.power, looked.power].map(share),
          looked.replications.toFixed(1),
          ...[one.power, holm.power].map(share),
        ];
      }),
    ),
  );
  return table(
    [
      'events',
      'replications',
      'per replication',
      'alone, one look',
      'alone, looks',
      'replications used',
      `one of ${MEMBERS}, one look`,
      `one of ${MEMBERS}, looks`,
    ],
    rows,
  );
}

function name(kind: Omit<World, 'events'>): string {
  return NAMES.get(kind) ?? '';
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const sections = [
  `### One rate: how often its interval holds the truth\n\nNominal 95 %; ${SAMPLES.rate} samples a row.\n\n${rates()}`,
  `### A contrast: how often its intervals hold the truth\n\nNominal 95 %; ${SAMPLES.contrast} samples a row, ${REPLICATIONS} replications at most; "stopped": at the look at which the verdict was decided, with that look's interval.\n\n${contrasts()}`,
  `### Equals: how often they are told apart\n\nAt most 5 % is promised, but for the uncorrected column. ${SAMPLES.single} verdicts and ${SAMPLES.family} families a row, ${REPLICATIONS} replications at most; "simulated": ${SAMPLES.pool} runs of one scenario under as many seeds, drawn with replacement.\n\n${falseAlarms()}`,
  `### A halved rate: how often it is found\n\n${SAMPLES.power} variants alone and ${SAMPLES.power / 10} families a row, in which every other variant is halved and the rest equal the baseline.\n\n${power()}`,
];
const text = readFileSync(FILE, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/statistics.md has no ${BEGIN} and ${END}`);
writeFileSync(FILE, `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${END}${after}`);
