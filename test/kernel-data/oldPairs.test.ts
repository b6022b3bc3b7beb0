/** Pairs on kernels 4.4 to 6.1 come out as recorded, and no other way. */
import { describe, expect, it } from 'vitest';
import { checkTable } from '../validation/checkTable.ts';
import { oldSameSocketTable } from './oldSameSocket.ts';
import { oldPortRaceTable, oldSynTable } from './oldTwoFlows.ts';
import { numberOf, recording, sumOf } from './recordings.ts';

checkTable('oldSameSocket', oldSameSocketTable, {
  // The model also loses at the node what the recording lost in the pod alone: offsets differ.
  'c_dnat2_podtracked, 4.4.155': 'differs',
});

checkTable('oldPortRace', oldPortRaceTable, {
  // Ports of the recorder are not recorded.
  'udp_crosspod_default, 4.14.67: the port was held by an earlier flow': 'not compared',
});

checkTable('oldSyn', oldSynTable);

describe('the recording', () => {
  const outcomes = recording('old-e1-e2-outcomes.csv');

  it('holds every pair of its summary', () => {
    const trials = sumOf(recording('old-e1-e2-summary.csv').map((line) => numberOf(line, 'trials')));
    expect(sumOf(outcomes.map((line) => numberOf(line, 'count')))).toBe(trials);
  });

  it('has a counter for every lost packet', () => {
    const silent = outcomes.filter(
      ({ outcome_of_one_pair: kind = '' }) => /(rx|first_try)=[01]/.test(kind) && !/insf=1/.test(kind),
    );
    expect(silent).toEqual([]);
  });
});
