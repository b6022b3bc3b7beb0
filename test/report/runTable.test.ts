import { describe, expect, it } from 'vitest';
import { renderRun } from '../../src/report/runTable.ts';
import { expectGolden } from '../golden/golden.ts';
import { run, scenarioOf } from './comparisons.ts';

const scenario = scenarioOf(['php', 'cron']);
const results = [90, 110, 104].map((stalls, i) =>
  run(i, {
    groups: {
      php: {
        lookups: {
          started: 6000,
          packetsEach: 10,
          partial: 2,
          stalls: [
            ['2.5 s', 'same-socket', stalls],
            ['5 s', 'port-race', 4],
          ],
        },
        connects: { started: 600, packetsEach: 1, typicalMs: 4 },
      },
      cron: { lookups: { started: 50, failed: 1, stalls: [['failed sooner', 'server', 1]] } },
    },
    windows: { 'same-socket': 120, 'port-race-udp': 4 },
    insertFailed: stalls,
  }),
);

describe('the runs of one scenario in a terminal', () => {
  it('read as reviewed', () => {
    const text = renderRun({ scenario, seed: 'fixed', results }, { width: 100, colour: false });
    expectGolden('../report/golden/run-100.txt', `${text}\n`);
  });

  it('may be a single one', () => {
    const text = renderRun(
      { scenario, seed: 'fixed', results: results.slice(0, 1) },
      { width: 80, colour: false },
    );
    expect(text).toContain('1 replication of 60 s');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
