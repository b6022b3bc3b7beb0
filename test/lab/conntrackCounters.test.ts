import { describe, expect, it } from 'vitest';
import { movedCounters, parseCounters } from '../../src/lab/conntrackCounters.ts';

/** Linux 6.18, two CPUs. */
const NEW = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000007  0000000a 00000003 00000000 00000001 00000000 00000000 00000002 00000000 0000001f 0000001f 00000000 00000000  00000000 00000000 00000000 00000004
00000007  00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 00000001 00000002 00000000  00000000 00000000 00000000 00000000
`;
/** Linux 4.14: other columns in the same places. */
const OLD = `entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000001  00000000 00000005 00000000 00000000 00000009 00000000 00000000 00000000 00000002 00000002 00000000 00000000  00000000 00000000 00000000 00000000
`;

describe('the counters of connection tracking', () => {
  it('are summed over the CPUs, in hexadecimal, under their kernel names', () => {
    expect(parseCounters(NEW)).toEqual({
      clash_resolve: 11,
      found: 3,
      invalid: 1,
      chaintoolong: 2,
      insert: 0,
      insert_failed: 32,
      drop: 32,
      early_drop: 2,
      search_restart: 4,
    });
  });

  it('are absent where a kernel has no such column', () => {
    expect(parseCounters(OLD)).not.toHaveProperty('clash_resolve');
    expect(parseCounters(OLD)).toMatchObject({ found: 5, insert_failed: 2 });
  });

  it('move by what was added, and only those that did are named', () => {
    const after = { ...parseCounters(NEW), found: 5, drop: 33 };
    expect(movedCounters(parseCounters(NEW), after)).toEqual({ drop: 1, found: 2 });
  });
});
