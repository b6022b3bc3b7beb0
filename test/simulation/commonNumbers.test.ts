/** Common random numbers: what two variants share does not depend on what they do not. */
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { jackknifeRatio } from '../../src/statistics/replications.ts';
import { connectingPod, connects, lookups, pod, scenario, stallsOf, total } from './scenarios.ts';

const DNS =
  '{ rate: 60/s, names: [{ name: a.example.com., families: [ipv4, ipv6] }, b.example.com, c.example.com.] }';

function mixed(kernel: string): Scenario {
  return scenario(
    { kernel: `"${kernel}"`, node: '{ cpus: 8 }' },
    pod({ count: '4', dns: DNS, dispatch: 'worst-case' }),
    connectingPod({ name: 'web', count: '2' }),
  );
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const cov = (a: readonly number[], ma: number, b: readonly number[], mb: number) =>
    a.reduce((sum, value, i) => sum + (value - ma) * ((b[i] as number) - mb), 0);
  return cov(x, mx, y, my) / Math.sqrt(cov(x, mx, x, mx) * cov(y, my, y, my));
}

describe('two kernels', () => {
  it('are asked the same lookups and connects, at the same moments', () => {
    for (let replication = 0; replication < 2; replication++) {
      const [old, recent] = ['4.14.60', '5.10.198'].map((kernel) =>
        simulate(mixed(kernel), { seed: 'common', replication }),
      );
      expect(lookups(recent!).started).toBe(lookups(old!).started);
      expect(connects(recent!, 1).started).toBe(connects(old!, 1).started);
    }
  });

  it('have the same latencies wherever nothing is lost, to the nanosecond', () => {
    const clean = (kernel: string) =>
      scenario({ kernel: `"${kernel}"` }, pod({ count: '4', dns: DNS, dispatch: 'clean-veth' }));
    const [old, recent] = ['4.14.60', '5.4.286'].map((kernel) => simulate(clean(kernel), { seed: 'common' }));
    expect(lookups(recent!)).toEqual(lookups(old!));
  });

  it('lose packets of the same pairs: what 5.4 loses, 4.14 loses too', () => {
    const counts = Array.from({ length: 8 }, (_, replication) =>
      ['4.14.60', '5.4.286'].map((kernel) => {
        const result = lookups(simulate(mixed(kernel), { seed: 'common', replication }));
        return total(stallsOf(result)) / result.started;
      }),
    );
    const [old, recent] = [0, 1].map((kernel) => counts.map((pair) => pair[kernel] as number)) as [
      number[],
      number[],
    ];
    // Half of the pairs of 4.14, drawn by the backends: at best the correlation is 1/sqrt(2) of the clean one.
    expect(correlation(old, recent)).toBeGreaterThan(0.5);
    for (const [i, rate] of recent.entries()) expect(rate).toBeLessThan(old[i] as number);
  });
});

describe('the order of the groups in a file', () => {
  it('changes nothing in distribution', () => {
    const groups = [
      pod({ name: 'a', dns: DNS, dispatch: 'worst-case' }),
      pod({ name: 'b', count: '2', dns: DNS, resolver: '{ libc: glibc-2.36 }', dispatch: 'clean-veth' }),
      connectingPod({ name: 'c' }),
    ];
    const rateOf = (order: readonly number[]) => {
      const shuffled = scenario(
        { kernel: '"4.14.60"', node: '{ cpus: 4 }' },
        ...order.map((i) => groups[i] as string),
      );
      const runs = Array.from({ length: 10 }, (_, replication) =>
        lookups(simulate(shuffled, { seed: 'order', replication }), order.indexOf(0)),
      );
      const sample = {
        numerators: runs.map((run) => total(stallsOf(run))),
        denominators: runs.map(({ started }) => started),
      };
      const { ratio, influences } = jackknifeRatio(sample) as NonNullable<ReturnType<typeof jackknifeRatio>>;
      const variance = influences.reduce((sum, each) => sum + each * each, 0) / (10 * 9);
      return { ratio, variance };
    };
    const [first, second] = [rateOf([0, 1, 2]), rateOf([2, 1, 0])];
    expect(first.ratio).toBeGreaterThan(0.2);
    // Five standard errors.
    const error = Math.sqrt(first.variance + second.variance);
    expect(Math.abs(first.ratio - second.ratio)).toBeLessThan(5 * error);
  });

  it('leaves the draws of a pod alone that keeps its place', () => {
    const one = scenario({}, pod({ name: 'a', dispatch: 'clean-veth' }));
    const two = scenario({}, pod({ name: 'a', dispatch: 'clean-veth' }), pod({ name: 'b', count: '3' }));
    const [alone, beside] = [one, two].map((each) => lookups(simulate(each, { seed: 'order' })));
    expect(beside!.started).toBe(alone!.started);
  });
});
