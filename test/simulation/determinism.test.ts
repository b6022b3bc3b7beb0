import { describe, expect, it } from 'vitest';
import { InProcessRunner } from '../../src/experiment/runner.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { connectingPod, pod, scenario } from './scenarios.ts';

/** Something of everything that draws. */
const SCENARIO = scenario(
  {
    kernel: '"4.14.96"',
    node: '{ cpus: 4, verdictQueue: { probability: 0.1 } }',
    services: '{ dns: { proxy: ipvs, endpoints: 3, endpointsOn: other-node } }',
    links: '{ cluster: { lognormal: { mean: 300us, cv: 0.5 } }, external: { exponential: 5ms } }',
    dnsServers:
      '{ latency: { lognormal: { mean: 1ms, cv: 1 } }, loss: 0.02, servfail: 0.02, capacity: 2000/s }',
    warmUp: '500ms',
  },
  pod({ name: 'glibc', resolver: '{ libc: glibc-2.36 }', dispatch: 'as-reported', count: '2' }),
  pod({
    name: 'go',
    resolver: '{ libc: go-1.19 }',
    dns: '{ rate: 30/s, names: [a.example.com, b.example.org] }',
  }),
  pod({ name: 'musl', dns: '{ arrivals: { bursts: 40/s, size: 4, spread: 1ms }, names: [db.shop] }' }),
  connectingPod({ name: 'web', count: '3' }),
);

const jsonOf = (seed: string, replication = 0) => JSON.stringify(simulate(SCENARIO, { seed, replication }));

describe('a run', () => {
  it('gives the same bytes for the same seed', () => {
    expect(jsonOf('one')).toBe(jsonOf('one'));
  });

  it('gives other counts for another seed, and for another replication', () => {
    const [first, otherSeed, otherReplication] = [jsonOf('one'), jsonOf('two'), jsonOf('one', 1)].map(
      (json) => JSON.parse(json).groups,
    );
    expect(otherSeed).not.toEqual(first);
    expect(otherReplication).not.toEqual(first);
  });

  it('gives the same whether it is simulated here or by a runner, whatever ran before it', async () => {
    const runner = new InProcessRunner();
    await runner.run({ scenario: SCENARIO, seed: 'two', replication: 5 });
    const result = await runner.run({ scenario: SCENARIO, seed: 'one', replication: 0 });
    expect(JSON.stringify(result)).toBe(jsonOf('one'));
  });

  it('is plain JSON: nothing is lost on the way to another thread and back', () => {
    const result = simulate(SCENARIO, { seed: 'one' });
    expect(structuredClone(result)).toEqual(result);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('leaves the scenario as it was', () => {
    const before = JSON.stringify(SCENARIO);
    simulate(SCENARIO, { seed: 'one' });
    expect(JSON.stringify(SCENARIO)).toBe(before);
  });
});
