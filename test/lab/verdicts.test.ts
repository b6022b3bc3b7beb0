import { describe, expect, it } from 'vitest';
import { compareFill, compareRace, FEWEST_TRIALS, verdictOf } from '../../src/lab/verdicts.ts';
import type { FillExperiment, RaceExperiment } from '../../src/scenario/labExperiment.ts';
import type { FillResult, RaceResult } from '../../src/simulation/labResult.ts';

const sameSocket: RaceExperiment = {
  kind: 'race',
  senders: 'same-socket',
  protocol: 'udp',
  to: 'service',
  pairs: 1000,
  answerAfterNs: null,
};
const twoPods: RaceExperiment = { ...sameSocket, senders: 'two-pods', to: 'external' };

/** Of one socket on a kernel that merges: nothing is lost, half of the raced pairs go to two endpoints. */
function merged(raced: number, changes: Partial<RaceResult> = {}): RaceResult {
  return {
    kind: 'race',
    pairs: 1000,
    raced,
    lost: 0,
    differentPorts: 0,
    differentEndpoints: Math.round(raced / 2),
    counters: raced === 0 ? {} : { clash_resolve: raced },
    answers: null,
    connects: null,
    ...changes,
  };
}

/** Of two pods: each race costs a packet. */
function dropped(raced: number, changes: Partial<RaceResult> = {}): RaceResult {
  return {
    ...merged(raced),
    lost: raced,
    differentPorts: 1000 - raced,
    differentEndpoints: 0,
    counters: raced === 0 ? {} : { insert_failed: raced, drop: raced },
    ...changes,
  };
}

const verdicts = (experiment: RaceExperiment, kernel: RaceResult, model: RaceResult) =>
  Object.fromEntries(
    compareRace(experiment, kernel, model).map(({ measure, verdict }) => [measure, verdict] as const),
  );

describe('a race on a kernel and in the model', () => {
  it('agrees where the shares do, however many raced within a factor of 2', () => {
    for (const raced of [500, 900]) {
      const lines = compareRace(sameSocket, merged(raced), merged(800));
      expect(lines.map(({ verdict }) => verdict)).toEqual(lines.map(() => 'agrees'));
      expect(verdictOf(lines)).toBe('agrees');
    }
  });

  it('is undecided where far more or fewer raced than the offsets let expect, and disagrees where none did', () => {
    expect(verdicts(sameSocket, merged(100), merged(800)).raced).toBe('undecided');
    expect(verdicts(sameSocket, merged(800), merged(100)).raced).toBe('undecided');
    expect(verdicts(sameSocket, merged(300), merged(0)).raced).toBe('disagrees');
    expect(verdicts(sameSocket, merged(0), merged(300)).raced).toBe('disagrees');
  });

  it('of connects may differ by a factor of 3 in how many raced', () => {
    const tcp: RaceExperiment = { ...twoPods, protocol: 'tcp' };
    expect(verdicts(tcp, dropped(250), dropped(700)).raced).toBe('agrees');
    expect(verdicts(twoPods, dropped(250), dropped(700)).raced).toBe('undecided');
  });

  it('disagrees by a single packet lost where the model loses none', () => {
    const lossy = merged(800, { lost: 1, counters: { clash_resolve: 799, insert_failed: 1 } });
    expect(verdicts(sameSocket, lossy, merged(800))).toMatchObject({
      'packets lost': 'disagrees',
      insert_failed: 'disagrees',
      raced: 'agrees',
    });
  });

  it('disagrees where losses are but half as many as races', () => {
    expect(verdicts(twoPods, dropped(600, { lost: 300 }), dropped(600))['packets lost']).toBe('disagrees');
  });

  it('disagrees where another counter moves', () => {
    const other = verdicts(twoPods, dropped(600, { counters: { clash_resolve: 600 } }), dropped(600));
    expect(other).toMatchObject({
      clash_resolve: 'disagrees',
      insert_failed: 'disagrees',
      drop: 'disagrees',
    });
  });

  it('disagrees where the endpoints of raced pairs are not as often two', () => {
    const skewed = merged(800, { differentEndpoints: 300 });
    expect(verdicts(sameSocket, skewed, merged(800))['sent to two endpoints']).toBe('disagrees');
  });

  it('agrees where nothing can race and nothing did', () => {
    const lines = compareRace(twoPods, dropped(0), dropped(0));
    expect(verdictOf(lines)).toBe('agrees');
    expect(verdictOf(compareRace(twoPods, dropped(0, { lost: 1 }), dropped(0)))).toBe('disagrees');
  });

  it('is undecided where too few pairs raced to tell shares', () => {
    const few = FEWEST_TRIALS - 1;
    expect(verdictOf(compareRace(twoPods, dropped(few), dropped(few)))).toBe('undecided');
    expect(verdictOf(compareRace(twoPods, dropped(few + 1), dropped(few + 1)))).toBe('agrees');
  });

  it('loses answers as often as the model does', () => {
    const answered = (received: number) => merged(800, { answers: { sent: 2000, received } });
    expect(verdicts(sameSocket, answered(1600), answered(1610))['answers lost']).toBe('agrees');
    expect(verdicts(sameSocket, answered(2000), answered(1600))['answers lost']).toBe('disagrees');
  });

  it('has connects that take as long', () => {
    const tcp: RaceExperiment = { ...twoPods, protocol: 'tcp' };
    const slow = (oneSecond: number, oneSecondMedianMs: number) =>
      dropped(600, {
        connects: { prompt: 2000 - oneSecond, oneSecond, longer: 0, failed: 0, oneSecondMedianMs },
      });
    expect(verdicts(tcp, slow(600, 1034), slow(600, 1000))).toMatchObject({
      'connects of about 1 s': 'agrees',
      'median of these, ms': 'agrees',
    });
    expect(verdicts(tcp, slow(100, 1034), slow(600, 1000))['connects of about 1 s']).toBe('disagrees');
    expect(verdicts(tcp, slow(600, 1200), slow(600, 1000))['median of these, ms']).toBe('disagrees');
  });

  it('gives no figure that is not a number', () => {
    const figures = compareRace(sameSocket, merged(0), merged(900)).flatMap(({ kernel, model }) =>
      [kernel, model].flatMap((figure) => Object.values(figure)),
    );
    for (const value of figures) expect(value === null || Number.isFinite(value)).toBe(true);
  });
});

describe('a fill on a kernel and in the model', () => {
  const ports: FillExperiment = { kind: 'fill', what: 'ports', flows: 300 };
  const filled = (accepted: number, firstFailureAt = accepted): FillResult => ({
    kind: 'fill',
    flows: 300,
    accepted,
    firstFailureAt,
    portsUsed: accepted,
    counters: { insert_failed: 300 - accepted, drop: 300 - accepted, found: 20_000 },
  });

  it('agrees within what the runs of the model differ by', () => {
    const runs = [filled(128, 120), filled(128, 124), filled(128, 128)];
    expect(verdictOf(compareFill(ports, filled(128, 115), runs, 0))).toBe('agrees');
    expect(verdictOf(compareFill(ports, filled(128, 60), runs, 0))).toBe('disagrees');
    expect(verdictOf(compareFill(ports, filled(64), runs, 0))).toBe('disagrees');
  });

  it('of a table is judged by the flows beyond its limit', () => {
    const table: FillExperiment = { kind: 'fill', what: 'table', flows: 13_000 };
    const full = (early: number): FillResult => ({
      kind: 'fill',
      flows: 13_000,
      accepted: 10_000 + early,
      firstFailureAt: 10_000,
      portsUsed: 1,
      counters: { early_drop: early, drop: 3000 - early },
    });
    expect(verdictOf(compareFill(table, full(170), [full(180)], 10_000))).toBe('agrees');
    expect(verdictOf(compareFill(table, full(1500), [full(180)], 10_000))).toBe('disagrees');
  });
});
