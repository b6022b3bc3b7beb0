/** Random histories of every generation through the model and the oracle. */
import fc from 'fast-check';
import { MAINLINE } from '../../src/netfilter/kernels/mainline.ts';
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { Duel, type History, histories } from './histories.ts';

const SEED = 20261122;
const LENGTH = 1000;
/** About two million steps in all; set SNATRACE_HISTORIES for a longer search. */
const RUNS = Number(process.env.SNATRACE_HISTORIES ?? 170);

export function oracleTable(): ValidationTable {
  return {
    id: 'oracle',
    title: 'Against a second implementation',
    source: 'kernel reference, errata',
    about:
      `Random histories (${RUNS} for each generation, seed ${SEED}) through the model's steps and through an oracle ` +
      'that was written from the reference alone (`test/oracle/`): up to four packets in flight in any order of steps, ' +
      'UDP and TCP, answers, later packets, mirror images, zones, every NAT mode, time passing. Compared: every verdict ' +
      'and header; entries with flags and timeouts, and counters by CPU, every 64 moves and at the end. Not in it: ' +
      'the limit of the table, chain lengths, the collector.',
    columns: ['oracle', 'model'],
    rows: MAINLINE.map(({ since }) => rowOf(since)),
  };
}

function rowOf(generation: string): ValidationRow {
  let steps = 0;
  let difference: string | null = null;
  const { failed, numRuns } = fc.check(
    fc.property(histories(LENGTH), (history) => {
      const duel = new Duel(generation, history.rules);
      difference = duel.play(history.moves);
      steps += duel.steps;
      return difference === null;
    }),
    { seed: SEED, numRuns: RUNS },
  );
  return {
    what: generation,
    expected: `${numRuns} histories, ${steps} steps`,
    simulated: failed ? String(difference) : 'the same',
    tolerance: 'exact',
    verdict: failed ? 'differs' : 'agrees',
    ...(failed ? { note: 'found by the random histories' } : {}),
  };
}

/** Some history goes otherwise in the model of one generation than in the oracle of another. */
export function tellsApart(ours: string, oracle: string, runs = 400): boolean {
  return fc.check(
    fc.property(
      histories(LENGTH),
      ({ rules, moves }: History) => new Duel(ours, rules, oracle).play(moves) === null,
    ),
    { seed: SEED, numRuns: runs, endOnFailure: true },
  ).failed;
}
