import { describe, expect, it } from 'vitest';
import { fillResult, type ObservedRace, raceResult } from '../../src/lab/observed.ts';
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';

const experiment: RaceExperiment = {
  kind: 'race',
  senders: 'same-socket',
  protocol: 'udp',
  to: 'service',
  pairs: 3,
  answerAfterNs: null,
};

/** Three pairs that all arrived from port 7 at the first endpoint. */
function observed(
  changes: Partial<ObservedRace>,
  arrivals: Partial<ObservedRace['arrivals']> = {},
): ObservedRace {
  return {
    counters: {},
    clashes: [0, 0, 0],
    arrivals: {
      arrived: Uint8Array.of(1, 1, 1, 1, 1, 1),
      ports: Uint16Array.of(7, 7, 7, 7, 7, 7),
      endpoints: new Uint16Array(6),
      answers: 0,
      ...arrivals,
    },
    returned: [],
    resent: 0,
    ...changes,
  };
}

describe('a race as it was seen', () => {
  it('has raced where a counter moved', () => {
    const result = raceResult(experiment, observed({ clashes: [1, 0, 1], counters: { clash_resolve: 2 } }));
    expect(result).toMatchObject({ raced: 2, lost: 0, counters: { clash_resolve: 2 } });
  });

  it('has raced where the packets of one socket parted, though no counter moved', () => {
    const parted = observed({}, { endpoints: Uint16Array.of(0, 1, 0, 0, 0, 0) });
    expect(raceResult(experiment, parted)).toMatchObject({ raced: 1, differentEndpoints: 1 });
    expect(raceResult({ ...experiment, senders: 'two-pods' }, parted).raced).toBe(0);
  });

  it('counts a counter that moved late once, whether or not the pair has been seen to part', () => {
    const counters = { clash_resolve: 1 };
    expect(raceResult(experiment, observed({ counters })).raced).toBe(1);
    const parted = observed({ counters }, { ports: Uint16Array.of(7, 8, 7, 7, 7, 7) });
    expect(raceResult(experiment, parted)).toMatchObject({ raced: 1, differentPorts: 1 });
  });

  it('says nothing of the ports of a pair that did not arrive whole', () => {
    const half = observed(
      { clashes: [1, 0, 0], counters: { insert_failed: 1, drop: 1 } },
      { arrived: Uint8Array.of(1, 0, 1, 1, 1, 1), ports: Uint16Array.of(7, 0, 7, 7, 7, 7) },
    );
    expect(raceResult(experiment, half)).toMatchObject({ raced: 1, lost: 1, differentPorts: 0 });
  });

  it('of connects counts lost SYNs by those that were sent again, and takes no port from them', () => {
    const connects = observed(
      {
        clashes: [1, 0, 0],
        counters: { insert_failed: 1, drop: 1 },
        resent: 1,
        returned: [{ answers: 0, connectsNs: [1e5, 1.01e9, 1e5, 1e5, 1e5, 1e5] }],
      },
      { ports: Uint16Array.of(7, 9, 7, 8, 7, 8) },
    );
    expect(raceResult({ ...experiment, senders: 'two-pods', protocol: 'tcp' }, connects)).toMatchObject({
      raced: 1,
      lost: 1,
      differentPorts: 2,
      connects: { prompt: 5, oneSecond: 1, longer: 0, failed: 0, oneSecondMedianMs: 1010 },
    });
  });

  it('adds up the answers of all batches', () => {
    const answered = observed(
      {
        returned: [
          { answers: 4, connectsNs: [] },
          { answers: 1, connectsNs: [] },
        ],
      },
      { answers: 6 },
    );
    const result = raceResult({ ...experiment, answerAfterNs: 1e9 }, answered);
    expect(result.answers).toEqual({ sent: 6, received: 5 });
  });
});

describe('a fill as it was seen', () => {
  const arrivals = (arrived: readonly number[]) => ({
    arrived: Uint8Array.from(arrived),
    ports: Uint16Array.of(20, 21, 20, 22),
    endpoints: new Uint16Array(4),
    answers: 0,
  });

  it('counts what came, from which ports, and how far it went without a loss', () => {
    expect(fillResult(4, { drop: 1 }, arrivals([1, 1, 0, 1]))).toMatchObject({
      accepted: 3,
      firstFailureAt: 2,
      portsUsed: 3,
    });
  });

  it('went to its end where nothing was lost', () => {
    expect(fillResult(4, {}, arrivals([1, 1, 1, 1]))).toMatchObject({ accepted: 4, firstFailureAt: 4 });
  });
});
