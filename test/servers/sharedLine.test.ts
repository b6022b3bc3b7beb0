/** The line that a cluster shares, as one node meets it. False alarms: 5 standard errors, below one in a million each. */
import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { MILLISECOND, SECOND } from '../../src/engine/time.ts';
import { lineOf } from '../../src/servers/dnsServer.ts';
import { type BackgroundLoad, relaxationNs, SharedLine } from '../../src/servers/sharedLine.ts';
import { waitOfMG1 } from '../analytic/queueingTheory.ts';

/** 1000 queries a second. */
const SERVICE_NS = MILLISECOND;
const BATCHES = 40;

/** What queries that themselves are no work meet, a Poisson stream of them: mean and its standard error, by batches. */
function met(
  load: BackgroundLoad,
  queue: number,
  perSecond: number,
): { wait: number; waitError: number; lost: number; lostError: number } {
  const streams = new RandomStreams('shared line', 0);
  const line = new SharedLine({ serviceNs: SERVICE_NS, queue }, load, streams.stream('background'));
  const gaps = streams.stream('gaps');
  const waits: number[] = [];
  const losses: number[] = [];
  let now = 0;
  let freeAt = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    let [wait, lost] = [0, 0];
    const queries = 2000;
    for (let i = 0; i < queries; i++) {
      now += Math.round((-SECOND / perSecond) * Math.log(1 - gaps.uniform(batch, i)));
      freeAt = line.workOff(freeAt, now);
      const backlog = Math.max(0, freeAt - now);
      wait += backlog / SERVICE_NS / queries;
      if (backlog > queue * SERVICE_NS) lost += 1 / queries;
    }
    waits.push(wait);
    losses.push(lost);
  }
  return {
    wait: mean(waits),
    waitError: errorOf(waits),
    lost: mean(losses),
    lostError: errorOf(losses),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const errorOf = (values: readonly number[]) =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1));

describe('the line before a server that a cluster shares', () => {
  it.each([
    { utilisation: 0.5, every: 1 },
    { utilisation: 0.5, every: 200 },
    { utilisation: 0.8, every: 1 },
    { utilisation: 0.8, every: 200 },
    { utilisation: 0.9, every: 20 },
  ])('is that of M/D/1 at utilisation $utilisation, met $every times a second', ({ utilisation, every }) => {
    const { wait, waitError } = met({ perSecond: utilisation * 1000, dispersion: 1 }, 1000, every);
    expect(Math.abs(wait - waitOfMG1(utilisation, 1, 0))).toBeLessThan(5 * waitError);
  });

  it.each([1.5, 2, 3.4])('is longer by the dispersion %d of what comes', (dispersion) => {
    const { wait, waitError } = met({ perSecond: 700, dispersion }, 1000, 50);
    expect(Math.abs(wait - dispersion * waitOfMG1(0.7, 1, 0))).toBeLessThan(5 * waitError);
  });

  it('turns away what is too much where more comes than is served', () => {
    const { lost, lostError } = met({ perSecond: 1250, dispersion: 1 }, 20, 50);
    expect(Math.abs(lost - 0.2)).toBeLessThan(5 * lostError + 0.001);
  });

  it('is settled when it is met first', () => {
    const first = Array.from({ length: 400 }, (_, i) => {
      const stream = new RandomStreams('first', i).stream('background');
      const line = new SharedLine(
        { serviceNs: SERVICE_NS, queue: 1000 },
        { perSecond: 800, dispersion: 1 },
        stream,
      );
      return line.workOff(0, 0) / SERVICE_NS;
    });
    expect(Math.abs(mean(first) - 2)).toBeLessThan(5 * errorOf(first));
  });

  it('is as the node left it if nobody else asks', () => {
    const stream = new RandomStreams('alone', 0).stream('background');
    const line = new SharedLine({ serviceNs: SERVICE_NS, queue: 5 }, { perSecond: 0, dispersion: 1 }, stream);
    expect(line.workOff(7 * MILLISECOND, 3 * MILLISECOND)).toBe(7 * MILLISECOND);
    expect(line.workOff(7 * MILLISECOND, 90 * MILLISECOND)).toBe(7 * MILLISECOND);
  });

  it('costs no more draws for an hour of silence than for a second', () => {
    const stream = new RandomStreams('silence', 0).stream('background');
    let draws = 0;
    const counted = {
      uniform: (entity: number, index: number) => {
        draws += 1;
        return stream.uniform(entity, index);
      },
    };
    const line = new SharedLine(
      { serviceNs: SERVICE_NS, queue: 1000 },
      { perSecond: 800, dispersion: 1 },
      counted as typeof stream,
    );
    line.workOff(0, 0);
    draws = 0;
    line.workOff(0, 3600 * SECOND);
    expect(draws).toBeGreaterThan(50);
    expect(draws).toBeLessThan(400);
  });

  it('remembers longer the nearer it is to saturation, and not for ever', () => {
    const line = { serviceNs: 1, queue: 1000 };
    const memories = [0.5, 0.8, 0.95, 1].map((utilisation) =>
      relaxationNs(line, { perSecond: utilisation * SECOND, dispersion: 1 }),
    );
    expect([...memories].sort((a, b) => a - b)).toEqual(memories);
    expect(memories[0]).toBeCloseTo(1 / (Math.log(2) - 0.5), 0);
    expect(memories[3]).toBeLessThan(1001 ** 2);
  });
});

describe('a line', () => {
  it('is there only where capacity is limited', () => {
    expect(lineOf({ capacityPerSecond: null, queue: 10 })).toBeNull();
    expect(lineOf({ capacityPerSecond: 2000, queue: 10 })).toEqual({ serviceNs: 500_000, queue: 10 });
  });
});
