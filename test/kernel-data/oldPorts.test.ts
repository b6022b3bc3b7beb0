/** Port picks, exhaustion and answers on kernels 4.4 to 6.1 are as recorded. */
import { describe, expect, it } from 'vitest';
import { checkTable } from '../validation/checkTable.ts';
import { oldExhaustionTable } from './oldExhaustion.ts';
import { oldReplyTable, RECORDER_EXCEPTIONS } from './oldReplies.ts';
import { pickLines, portPickTable } from './portPicks.ts';
import { lineOf, recording } from './recordings.ts';

checkTable('portPick', portPickTable);
checkTable('oldExhaustion', oldExhaustionTable);
checkTable('oldReply', oldReplyTable);

describe('the recordings', () => {
  it('have no list of picks that is not compared', () => {
    const { recorded, compared } = pickLines();
    expect(compared).toBe(recorded);
  });

  it('have the two time-outs of the recorder that are left out', () => {
    const lines = recording('old-e5-replies.csv');
    expect(RECORDER_EXCEPTIONS.map((exception) => lineOf(lines, exception).pairs)).toEqual(['1', '1']);
  });
});
