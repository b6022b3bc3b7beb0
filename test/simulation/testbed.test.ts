/** The small world: packets that one sends oneself through a scenario's node. */
import { describe, expect, it } from 'vitest';
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { fill, racePairs } from '../../src/simulation/packetPairs.ts';
import { formatEndpoint, Testbed } from '../../src/simulation/testbed.ts';

function scenarioOf(kernel: string, nat = '{ masquerade: { ports: preserve } }', rest = '') {
  return loadScenario(
    `kernel: "${kernel}"
node: { cpus: 2, steps: { spread: 0, stall: { probability: 0 } } }
nat: ${nat}
services: { dns: { proxy: iptables, endpoints: 2, endpointsOn: same-node } }
pods: [{ name: a, dns: { rate: 1/s, names: [x.example.com] } }]
duration: 1s
${rest}`,
    { path: 'testbed.yaml' },
  ).scenario;
}

const TWO_PODS: RaceExperiment = {
  kind: 'race',
  senders: 'two-pods',
  protocol: 'udp',
  to: 'external',
  pairs: 1,
  answerAfterNs: null,
};
const SAME_SOCKET: RaceExperiment = { ...TWO_PODS, senders: 'same-socket', to: 'service' };

describe('Testbed', () => {
  it('shows the port race: two pods, one source port, two CPUs, 300 ns apart', () => {
    const bed = new Testbed(scenarioOf('6.18'), { seed: 'one' });
    const [first, second] = [0, 1].map((i) =>
      bed.send({ protocol: 'udp', pod: i, port: 40000, to: 0, cpu: i, atNs: i * 300 }),
    );
    bed.run(1e9);
    expect([first!.fate, second!.fate, second!.cause]).toEqual(['arrived', 'lost', 'port-race']);
    expect(formatEndpoint(first!.source)).toBe('192.0.2.1:40000');
    expect(bed.counters()).toEqual({ insert_failed: 1, drop: 1 });
  });

  it('gives the second another port where the first is through', () => {
    const bed = new Testbed(scenarioOf('6.18'), { seed: 'one' });
    const [first, second] = [0, 1].map((i) =>
      bed.send({ protocol: 'udp', pod: i, port: 40000, to: 0, cpu: i, atNs: i * 30_000 }),
    );
    bed.run(1e9);
    expect([first!.fate, second!.fate]).toEqual(['arrived', 'arrived']);
    expect(second!.source.port).not.toBe(40000);
    expect(bed.counters()).toEqual({ found: 1 });
  });

  it('never races on one CPU', () => {
    const bed = new Testbed(scenarioOf('6.18'), { seed: 'one' });
    const both = [0, 1].map((i) =>
      bed.send({ protocol: 'udp', pod: i, port: 40000, to: 0, cpu: 0, atNs: 0 }),
    );
    bed.run(1e9);
    expect(both.map(({ fate }) => fate)).toEqual(['arrived', 'arrived']);
  });

  it('translates an answer back, and loses one whose entry is gone', () => {
    const bed = new Testbed(scenarioOf('6.18'), { seed: 'one' });
    const query = { protocol: 'udp', pod: 0, port: 40000, to: 'service', cpu: 0 } as const;
    const prompt = bed.send({ ...query, atNs: 0 });
    bed.run(1e6);
    bed.answer(prompt, 10e6);
    bed.run(20e6);
    expect(prompt.answer).toBe('received');
    const late = bed.send({ ...query, pod: 1, atNs: 20e6 });
    bed.run(21e6);
    bed.answer(late, 31e9);
    bed.run(32e9);
    expect([late.answer, late.cause]).toEqual(['lost', 'answer-untranslated']);
  });

  it('tells the sender of a loss in the pod of a kernel that tracks there, unless told not to', () => {
    const pair = (podsUntracked: boolean) => {
      const bed = new Testbed(scenarioOf('4.4.155'), { seed: 'one', podsUntracked });
      const sent = [0, 1].map((cpu) =>
        bed.send({ protocol: 'udp', pod: 0, port: 40000, to: 0, cpu, atNs: cpu * 100 }),
      );
      bed.run(1e9);
      return sent.map(({ fate, told }) => `${fate}${told ? ', told' : ''}`);
    };
    expect(pair(false)).toEqual(['arrived', 'lost, told']);
    expect(pair(true)).toEqual(['arrived', 'lost']);
  });
});

describe('racePairs', () => {
  it('is a pure function of its arguments', () => {
    const run = () => racePairs(scenarioOf('5.10.89'), { ...SAME_SOCKET, pairs: 50 }, { seed: 'pure' });
    expect(run()).toEqual(run());
    expect(racePairs(scenarioOf('5.10.89'), { ...SAME_SOCKET, pairs: 50 }, { seed: 'other' })).not.toEqual(
      run(),
    );
  });

  it('gives the windows of equal packets exactly: all pairs inside, none outside', () => {
    const lost = (offsetsNs: number) =>
      racePairs(scenarioOf('6.18'), { ...TWO_PODS, pairs: 20 }, { seed: 'window', offsetsNs }).lost;
    // Port check to confirm: 966 ns.
    expect([-967, -965, 0, 965, 967].map(lost)).toEqual([0, 20, 20, 20, 0]);
  });

  it('sends a lost SYN again after a second, and no more than once', () => {
    const { connects, lost, counters } = racePairs(
      scenarioOf('6.18'),
      { ...TWO_PODS, protocol: 'tcp', pairs: 10 },
      { seed: 'tcp' },
    );
    expect(connects).toMatchObject({ prompt: 10, oneSecond: 10, longer: 0, failed: 0 });
    expect([lost, counters.insert_failed, counters.drop]).toEqual([10, 10, 10]);
  });

  it('loses answers later than a second to the loser of a resolved clash, and earlier ones not', () => {
    const received = (answerAfterNs: number) => {
      const { answers, differentEndpoints } = racePairs(
        scenarioOf('6.18'),
        { ...SAME_SOCKET, pairs: 40, answerAfterNs },
        { seed: 'answers' },
      );
      expect(differentEndpoints).toBeGreaterThan(5);
      return [
        answers!.sent,
        answers!.sent - answers!.received - (answerAfterNs > 1e9 ? differentEndpoints : 0),
      ];
    };
    expect(received(0.9e9)).toEqual([80, 0]);
    expect(received(1.1e9)).toEqual([80, 0]);
  });

  it('sends what is to be in the table before each pair', () => {
    const occupant = { protocol: 'udp', pod: 2, port: 32768, to: 0, cpu: 0, atNs: 0 } as const;
    const sources: number[] = [];
    racePairs(
      scenarioOf('6.18'),
      { ...TWO_PODS, pairs: 1 },
      {
        seed: 'before',
        before: [occupant],
        onPair: ({ first, second }) => sources.push(first.source.port, second.source.port),
      },
    );
    expect(sources).toHaveLength(2);
    expect(sources).not.toContain(32768);
  });

  it('is refused on a node with one CPU', () => {
    const scenario = { ...scenarioOf('6.18') };
    expect(() =>
      racePairs({ ...scenario, node: { ...scenario.node, cpus: 1 } }, TWO_PODS, { seed: 'one' }),
    ).toThrow('two CPUs');
  });
});

describe('fill', () => {
  it('fills 128 ports to the last one and drops the rest', () => {
    const scenario = scenarioOf('6.18', '{ masquerade: { ports: preserve, range: "20000-20127" } }');
    expect(fill(scenario, { kind: 'fill', what: 'ports', flows: 150 }, { seed: 'fill' })).toMatchObject({
      accepted: 128,
      firstFailureAt: 128,
      portsUsed: 128,
      counters: { insert_failed: 22, drop: 22 },
    });
  });

  it('fills the table', () => {
    const scenario = scenarioOf('6.18');
    const small = {
      ...scenario,
      node: {
        ...scenario.node,
        conntrack: { ...scenario.node.conntrack, max: 500, buckets: 262144 },
      },
    };
    const { firstFailureAt, counters } = fill(
      small,
      { kind: 'fill', what: 'table', flows: 700 },
      { seed: 'fill' },
    );
    expect(firstFailureAt).toBe(500);
    expect(counters.drop! + (counters.early_drop ?? 0)).toBe(200);
  });
});
