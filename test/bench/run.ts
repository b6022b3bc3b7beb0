/**
 * `npm run bench`: the reference workload on this engine and on two peers, interleaved; memory, growth and start-up;
 * the statistical check. What a missed target is worth is for people to judge; the command fails where a simulator is
 * not the same model. `npm run bench -- --help` lists the options, docs/performance.md explains the figures.
 */
import { ALLOCATION_PART } from './allocation.ts';
import { build } from './build.ts';
import { writeChart } from './chart.ts';
import { writeDocument } from './document.ts';
import { environment } from './environment.ts';
import { isMet } from './figure.ts';
import { GROWTH_PART } from './growth.ts';
import { headlinePart, SHORT_PART } from './headline.ts';
import { MEMORY_PART } from './memory.ts';
import { OBSERVERS_PART } from './observers.ts';
import { type BenchOptions, readOptions, usage } from './options.ts';
import type { Part } from './part.ts';
import { PROFILES_PART } from './profiles.ts';
import { appendToHistory, type BenchRecord, readHistory, recorded, type Skipped } from './record.ts';
import { measureRounds } from './rounds.ts';
import { STARTUP_PART } from './startup.ts';
import { findSimpy, WITHOUT_SIMPY } from './subjects.ts';
import { recordText } from './text.ts';
import { Z_CHECK_PART } from './zCheck.ts';

const simpy = findSimpy();
const PARTS: readonly Part[] = [
  headlinePart(simpy),
  SHORT_PART,
  PROFILES_PART,
  MEMORY_PART,
  ALLOCATION_PART,
  GROWTH_PART,
  OBSERVERS_PART,
  Z_CHECK_PART,
  STARTUP_PART,
];

function skipped(parts: readonly string[]): Skipped[] {
  const left = PARTS.map(({ name }) => name).filter((name) => !parts.includes(name));
  return [
    ...left.map((what) => ({ what, why: 'not asked for' })),
    ...(simpy === null && parts.includes('headline') ? [{ what: 'SimPy', why: WITHOUT_SIMPY }] : []),
  ];
}

async function bench({ parts, rounds, print, afterwards }: BenchOptions): Promise<void> {
  const start = { at: new Date().toISOString(), environment: environment() };
  const chosen = PARTS.filter(({ name }) => parts.includes(name));
  talk('building');
  await build();
  const samples = measureRounds(
    chosen.flatMap(({ runs }) => runs),
    rounds,
    talk,
  );
  const figures = chosen.flatMap((part) => {
    talk(part.name);
    return part.figures(samples, rounds);
  });
  const record: BenchRecord = {
    schemaVersion: 1,
    workload: 'dns-race-v1',
    ...start,
    parts: chosen.map(({ name }) => name),
    figures: figures.map(recorded),
    skipped: skipped(parts),
  };
  console.log(print === 'json' ? JSON.stringify(record) : recordText(record));
  const wrong = figures.filter((figure) => figure.required !== undefined && isMet(figure) === false);
  if (wrong.length > 0) {
    throw new Error(
      `not the reference workload, so that no figure above counts: ${wrong.map(({ title }) => title).join('; ')}`,
    );
  }
  if (afterwards === 'keep') await keep(record);
}

/** Only a run of all parts fills in the document, which is about all of them. */
async function keep(record: BenchRecord): Promise<void> {
  appendToHistory(record);
  await writeChart(readHistory());
  if (record.parts.length === PARTS.length) writeDocument(record);
  else talk('docs/performance.md is left as it is: not all parts were run');
}

function talk(text: string): void {
  process.stderr.write(`${text}\n`);
}

const known = PARTS.map(({ name }) => name);
const argv = process.argv.slice(2);
try {
  if (argv.includes('--help')) console.log(usage(known));
  else await bench(readOptions(argv, known));
} catch (error) {
  talk((error as Error).message);
  process.exitCode = 1;
}
