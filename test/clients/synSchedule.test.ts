import { describe, expect, it } from 'vitest';
import { synSchedule } from '../../src/clients/synSchedule.ts';
import { SECOND } from '../../src/engine/time.ts';

/** When each SYN leaves, and when the connect fails, in seconds. */
function times(linearTimeouts: number): number[] {
  let at = 0;
  return [0, ...synSchedule(linearTimeouts).waitsNs.map((wait) => (at += wait / SECOND))];
}

describe('the SYNs of a connect', () => {
  it('leave at 0, 1, 3, 7, 15, 31 and 63 s up to 6.4, and are given up after 127 s', () => {
    expect(times(0)).toEqual([0, 1, 3, 7, 15, 31, 63, 127]);
  });

  it('leave every second at first from 6.5 on, the last after 67 s, and are given up after 131 s', () => {
    expect(times(4)).toEqual([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131]);
  });
});
