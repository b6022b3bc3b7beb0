import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import {
  DEFERRED_AND_MOVED,
  Dispatch,
  type DispatchSettings,
  HELD,
  INDEPENDENT,
  otherCpu,
  QUEUE_HAND_OVER,
  REPORTED,
  SERIAL,
} from '../../src/network/dispatch.ts';
import { DISPATCH_PRESETS, SERIAL as SERIAL_DISPATCH } from '../../src/scenario/dispatchPresets.ts';
import { countsOf, expectProbability, expectProportional, expectUniform } from './randomness.ts';

const PAIRS = 20_000;
const MECHANISMS = INDEPENDENT + 1;

function dispatch(settings: Partial<DispatchSettings> = {}, ksoftirqdDefers = true): Dispatch {
  const stream = new RandomStreams('dispatch tests', 0).stream('dispatch');
  return new Dispatch({ ...SERIAL_DISPATCH, ...settings }, ksoftirqdDefers, stream);
}

/** How many pairs met each mechanism, in the order of the constants. */
function drawn(settings: Partial<DispatchSettings>, ksoftirqdDefers = true): number[] {
  const drawing = dispatch(settings, ksoftirqdDefers);
  return countsOf(PAIRS, MECHANISMS, (i) => drawing.mechanism(3, i));
}

describe('the dispatch of a pair', () => {
  it('is serial unless something is said', () => {
    expect(drawn({})).toEqual([PAIRS, 0, 0, 0, 0, 0]);
  });

  it('is independent for every pair where that is said, whatever else is', () => {
    expect(drawn({ independent: true, reported: 0.5 })[INDEPENDENT]).toBe(PAIRS);
  });

  it('meets each mechanism as often as its probabilities say, and none of them in the rest', () => {
    const counts = drawn({
      queueHandOver: { busy: 0.4, handOver: 0.25 },
      deferredAndMoved: { softirqShare: 1, moved: 0.5, overlap: 0.4 },
      heldBeforeConfirm: { ...SERIAL_DISPATCH.heldBeforeConfirm, probability: 0.15 },
      reported: 0.05,
    });
    const mechanisms = [SERIAL, QUEUE_HAND_OVER, DEFERRED_AND_MOVED, HELD, REPORTED];
    expectProportional(
      mechanisms.map((mechanism) => counts[mechanism] as number),
      [0.5, 0.1, 0.2, 0.15, 0.05],
    );
  });

  it('defers as often as ksoftirqd is runnable where the kernel has that rule, and far less where not', () => {
    const settings = { deferredAndMoved: { softirqShare: 0.8, moved: 0.5, overlap: 0.5 } };
    expectProbability(drawn(settings, true)[DEFERRED_AND_MOVED] as number, PAIRS, 0.2);
    expectProbability(drawn(settings, false)[DEFERRED_AND_MOVED] as number, PAIRS, 0.03);
  });

  it('depends on the pair alone: more of a mechanism takes pairs from no other but serial', () => {
    const rare = dispatch({ reported: 0.1 });
    const often = dispatch({ reported: 0.2 });
    for (let i = 0; i < 1000; i++) {
      if (rare.mechanism(1, i) === REPORTED) expect(often.mechanism(1, i)).toBe(REPORTED);
    }
  });

  it.each(DISPATCH_PRESETS.filter(({ perPair }) => perPair.probability > 0.001))(
    'of the preset $name strikes as often as its description says',
    ({ dispatch: preset, perPair }) => {
      const serial = drawn(preset)[SERIAL] as number;
      expectProbability(PAIRS - serial, PAIRS, perPair.probability);
    },
  );
});

describe('another CPU', () => {
  it('is never the same one, and uniform over the rest', () => {
    const stream = new RandomStreams('other cpu', 0).stream('draws');
    const counts = countsOf(9000, 4, (i) => otherCpu(1, 4, stream.uniform(0, i)));
    expect(counts[1]).toBe(0);
    expectUniform([counts[0] as number, counts[2] as number, counts[3] as number]);
  });

  it('is the same one on a machine that has no other', () => {
    expect(otherCpu(0, 1, 0.99)).toBe(0);
  });
});
