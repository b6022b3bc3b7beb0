/**
 * Reads a result document that somebody hands in: nothing in it is believed before it was checked. What a report
 * computes with is checked in full; text is taken as text wherever it is set.
 */
import { z } from 'zod';
import { COMPARISON_SCHEMA_VERSION, type Comparison } from '../experiment/comparison.ts';
import { SWEEP_SCHEMA_VERSION, type Sweep } from '../experiment/sweep.ts';
import { EFFORTS, type Effort } from '../mitigations/mitigation.ts';
import { describeScenario } from '../scenario/describe.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { LOSS_CAUSES } from '../simulation/causes.ts';
import { NO_PACKET_LOST, STALL_CLASSES } from '../simulation/result.ts';
import { plain } from './format.ts';
import { METHOD_TEXTS, OUTCOME_TEXTS, RACE_TEXTS } from './wording.ts';

/** Characters of a document. Larger ones are not read. */
export const MOST_CHARACTERS = 200_000_000;

const MOST_CELLS = 5000;
const MOST_POINTS = 10_000;
const MOST_PROBLEMS = 5;

/** A file is not a result that a report can be made of. The message names the file and the field. */
export class InvalidResult extends Error {
  override readonly name = 'InvalidResult';
}

export type ResultDocument = Comparison | Sweep;

/**
 * @param file Name for messages.
 * @throws InvalidResult
 *
 * @example
 * const document = readResult(readFileSync('a.json', 'utf8'), 'a.json');
 * if (document.kind === 'comparison') console.log(document.cells.length);
 */
export function readResult(text: string, file: string): ResultDocument {
  if (text.length > MOST_CHARACTERS) {
    throw new InvalidResult(`${file}: longer than ${MOST_CHARACTERS} characters`);
  }
  const document = parsed(text, file);
  const { kind, schemaVersion } = headOf(document, file);
  const { version, schema } = KINDS[kind];
  if (typeof schemaVersion === 'number' && schemaVersion > version) {
    throw new InvalidResult(
      `${file}: schemaVersion: ${schemaVersion} is newer than ${version}, the newest that this snatrace reads`,
    );
  }
  if (schemaVersion !== version) {
    throw new InvalidResult(`${file}: schemaVersion: expected ${version}, found ${shown(schemaVersion)}`);
  }
  const checked = schema.safeParse(document);
  if (checked.success) return document as ResultDocument;
  const { issues } = checked.error;
  const lines = issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${file}: ${pathText(path)}${message}`);
  if (issues.length > MOST_PROBLEMS) lines.push(`and ${issues.length - MOST_PROBLEMS} more`);
  throw new InvalidResult(lines.join('\n'));
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidResult(`${file}: is not JSON: ${plainLine((error as Error).message)}`);
  }
}

function headOf(
  document: unknown,
  file: string,
): { readonly kind: keyof typeof KINDS; readonly schemaVersion: unknown } {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new InvalidResult(`${file}: expected a result document, found ${shown(document)}`);
  }
  const { kind, schemaVersion } = document as { kind?: unknown; schemaVersion?: unknown };
  if (typeof kind === 'string' && Object.hasOwn(KINDS, kind)) {
    return { kind: kind as keyof typeof KINDS, schemaVersion };
  }
  const known = Object.keys(KINDS).join(' and ');
  const hint = kind === 'run' ? ' (`snatrace compare --json` makes one)' : '';
  throw new InvalidResult(`${file}: kind: reports are made of ${known}, not of ${shown(kind)}${hint}`);
}

function shown(value: unknown): string {
  return plainLine(value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing')).slice(0, 60);
}

/** Messages go to a terminal. */
function plainLine(text: string): string {
  return plain(text).slice(0, 200);
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (all, part) =>
      typeof part === 'number' ? `${all}[${part}]` : `${all}${all === '' ? '' : '.'}${String(part)}`,
    '',
  );
  return text === '' ? '' : `${plainLine(text)}: `;
}

const line = z.string().max(100_000);
const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const whole = z.int().min(0);
/** Zod takes no infinity for a number; beyond this no figure of ours lies. */
const figure = z.number().min(-1e15).max(1e15);
const share = z.number().min(0).max(1);

const keyed = <K extends string, V extends z.ZodType>(keys: readonly K[], value: V) =>
  z.object(Object.fromEntries(keys.map((key) => [key, value])) as Record<K, V>);

const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>) => Object.keys(record) as K[];

const estimate = z.object({
  estimate: figure,
  low: figure.nullable(),
  high: figure.nullable(),
  method: z.enum(keysOf(METHOD_TEXTS)),
  n: count,
  replications: count,
});

const rate = estimate.extend({
  estimate: z.number().min(0).max(1e9),
  low: z.number().min(0).max(1e9).nullable(),
  high: z.number().min(0).max(1e9).nullable(),
});

const compared = z.object({
  contrast: z.object({
    kind: z.enum(['rate', 'mean']),
    confidence: share,
    baseline: estimate,
    variant: estimate,
    difference: estimate,
    ratio: estimate.nullable(),
    correlation: z.number().min(-1.000001).max(1.000001).nullable(),
    identical: z.boolean(),
  }),
  verdict: z.object({
    outcome: z.enum(keysOf(OUTCOME_TEXTS)),
    differenceAtLeast: figure,
    differenceAtMost: figure.nullable(),
    variantAtMost: figure.nullable(),
    eliminated: z.boolean(),
    identical: z.boolean(),
    pValue: share.nullable().optional(),
    adjusted: z.number().min(0).nullable().optional(),
  }),
});

const milliseconds = z.number().min(0).max(1e12).nullable();

const cellGroup = z.object({
  group: line,
  operation: z.enum(['lookups', 'connects']),
  started: count,
  failedCount: count,
  partialCount: count,
  stalls: keyed(
    STALL_CLASSES.map(({ name }) => name),
    count,
  ),
  stallsByCause: keyed([...LOSS_CAUSES, NO_PACKET_LOST], count),
  lostCount: keyed(LOSS_CAUSES, count),
  computed: z
    .object({ stallsPerMillion: rate, lossesPerMillion: rate, contrast: compared.nullable() })
    .nullable(),
  lossesPerMillion: rate,
  stallsPerMillion: rate,
  failuresPerMillion: rate,
  packetsPerOperation: estimate,
  latencyMs: keyed(['mean', 'p50', 'p90', 'p99', 'p999', 'max'], milliseconds),
  latencyEcdf: z.array(z.tuple([z.number().min(0).max(1e12), share])).max(10_000),
  contrast: z
    .object({
      stalls: compared,
      losses: compared,
      failures: compared,
      meanLatencyMs: z.object({ difference: figure, low: figure.nullable(), high: figure.nullable() }),
      packetsPerOperation: figure,
    })
    .nullable(),
  words: line,
});

const kernel = z.object({
  release: line,
  portSearch: line,
  clash: line,
  notes: z.array(line).max(100),
});

const appliedMitigation = z.object({
  name: line,
  title: line,
  effect: z.enum(['applied', 'ineffective', 'partly']),
  notes: z.array(line).max(1000),
});

const cell = z.object({
  id: line,
  title: line,
  role: z.enum(['baseline', 'mitigation']),
  kernel,
  effort: z.enum(Object.keys(EFFORTS) as Effort[]).nullable(),
  replications: z.int().min(1),
  dispatch: z.array(line).max(1000),
  applied: z.array(appliedMitigation).max(100),
  groups: z.array(cellGroup).max(1000),
  counters: z.record(z.string().max(100), count),
  resolved: z.object({ merged: count, replyOnly: count }),
  exposures: keyed(keysOf(RACE_TEXTS), count),
  serverQueriesPerSecond: count,
  cacheHitRatio: share.nullable(),
  meanEntries: count,
});

/** The baseline first, and every cell with the baseline's groups. */
const cells = z
  .array(cell)
  .min(1)
  .max(MOST_CELLS)
  .superRefine((all, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const [baseline] = all;
    const groupsOf = (each: (typeof all)[number]) =>
      JSON.stringify(each.groups.map(({ group, operation }) => [group, operation]));
    all.forEach((each, i) => {
      const role = i === 0 ? 'baseline' : 'mitigation';
      if (each.role !== role) problem([i, 'role'], `expected ${role}: the baseline comes first, and once`);
      if (baseline !== undefined && groupsOf(each) !== groupsOf(baseline)) {
        problem([i, 'groups'], 'expected the groups and operations of the baseline, in its order');
      }
    });
  });

const scenario = z
  .looseObject({
    title: line,
    question: line,
    durationNs: z.number().min(1).max(1e18),
    warmUpNs: z.number().min(0).max(1e18),
    node: z.looseObject({ cpus: z.int().min(1).max(100_000), rps: z.boolean() }),
    pods: z
      .array(
        z.looseObject({
          name: line,
          count: whole,
          resolver: z.looseObject({ libc: line }),
          dispatch: z.looseObject({
            name: line,
            queueHandOver: z.object({ busy: share, handOver: share }),
            deferredAndMoved: z.object({ softirqShare: share, moved: share, overlap: share }),
            heldBeforeConfirm: z.looseObject({ probability: share }),
            reported: share,
            independent: z.boolean(),
          }),
        }),
      )
      .max(10_000),
  })
  .superRefine((value, context) => {
    // Only what is a scenario throughout can be written down as a file.
    try {
      describeScenario(value as unknown as Scenario);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not a complete scenario' });
    }
  });

const comparison = z.object({
  version: line,
  seed: line,
  replications: z.int().min(1),
  confidence: z.number().gt(0).lt(1),
  file: line,
  command: line,
  scenario,
  scenarioHash: line,
  kernel,
  cells,
  contexts: z
    .array(
      z.object({
        id: line,
        kind: z.enum(['dispatch', 'load']),
        value: line,
        title: line,
        cells,
        family: whole.optional(),
      }),
    )
    .max(200)
    .superRefine((all, context) =>
      all.forEach(({ kind, value }, i) => {
        if (kind === 'load' && !(Number(value) > 0 && Number(value) <= 1e6)) {
          context.addIssue({ code: 'custom', path: [i, 'value'], message: 'expected a factor above 0' });
        }
      }),
    ),
  family: whole,
  vacuous: z.array(z.enum(keysOf(RACE_TEXTS))).max(3),
  leftOut: z.array(appliedMitigation).max(MOST_CELLS).optional(),
});

const sweep = z
  .object({
    version: line,
    seed: line,
    confidence: z.number().gt(0).lt(1),
    file: line,
    command: line,
    title: line,
    question: line,
    factors: z
      .array(
        z.object({
          name: line,
          keys: z.array(line).max(1000),
          levels: z.array(line).min(1).max(MOST_POINTS),
        }),
      )
      .min(1)
      .max(20),
    points: z
      .array(z.object({ levels: z.array(whole), labels: z.array(line), comparison }))
      .min(1)
      .max(MOST_POINTS),
  })
  .superRefine(({ factors, points }, context) =>
    points.forEach(({ levels, labels }, i) => {
      const fits =
        levels.length === factors.length &&
        labels.length === factors.length &&
        factors.every((factor, f) => (levels[f] ?? 0) < factor.levels.length);
      if (!fits) {
        context.addIssue({
          code: 'custom',
          path: ['points', i, 'levels'],
          message: 'expected one level and label for each factor',
        });
      }
    }),
  );

const KINDS = {
  comparison: { version: COMPARISON_SCHEMA_VERSION, schema: comparison },
  sweep: { version: SWEEP_SCHEMA_VERSION, schema: sweep },
} as const;
