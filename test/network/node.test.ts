import { describe, expect, it } from 'vitest';
import { UNTRACKED_PATH } from '../../src/netfilter/packetPath.ts';
import { IpvsProxy } from '../../src/network/serviceProxy.ts';
import { endpoint } from '../netfilter/builders.ts';
import { NodeBench } from './nodeBench.ts';

const SERVER = '198.51.100.9:53';
const pod = (n: number) => `10.244.0.${n}:40000`;

describe('a packet at a node', () => {
  it('takes the sum of its steps, if its CPU is free', () => {
    const bench = new NodeBench();
    bench.send('A', pod(1), SERVER);
    expect(bench.run()).toEqual(['5500 left A']);
  });

  it('takes the time of a known flow, if its flow is known', () => {
    const bench = new NodeBench();
    bench.send('A', pod(1), SERVER);
    bench.send('B', pod(1), SERVER, { atNs: 10_000 });
    expect(bench.run()).toEqual(['5500 left A', '13000 left B']);
    expect(bench.path.entries).toBe(1);
  });

  it('is not looked up where it is not tracked', () => {
    const bench = new NodeBench();
    bench.send('A', pod(1), SERVER, { route: { passages: [bench.passage({ path: UNTRACKED_PATH })] } });
    expect(bench.run()).toEqual(['3000 left A']);
    expect(bench.path.entries).toBe(0);
  });

  it('is scheduled by IPVS in between, unless IPVS knows its connection', () => {
    const bench = new NodeBench();
    const service = new IpvsProxy([endpoint('10.245.0.1:53'), endpoint('10.245.0.2:53')], 'rr');
    const route = { passages: [bench.passage({ service })] };
    bench.send('A', pod(1), '10.96.0.10:53', { route });
    expect(bench.run()).toEqual(['6000 left A']);
  });

  it('is dropped at its lookup where the table is full', () => {
    const bench = new NodeBench({ max: 1, kernel: '4.14.96' });
    bench.send('A', pod(1), SERVER);
    bench.send('B', pod(2), SERVER, { cpu: 1 });
    expect(bench.run()).toEqual(['1000 dropped B', '5500 left A']);
  });

  it('is told to its sender where it is dropped in its sender', () => {
    const bench = new NodeBench({ max: 1, kernel: '4.14.96' });
    const route = { passages: [bench.passage({ inSender: true })] };
    bench.send('A', pod(1), SERVER, { route });
    bench.send('B', pod(2), SERVER, { route, cpu: 1 });
    expect(bench.run()).toContain('1000 dropped in its sender B');
  });
});

describe('a CPU', () => {
  it('serves one packet at a time, in the order in which they came', () => {
    const bench = new NodeBench();
    for (const n of [1, 2, 3]) bench.send(`P${n}`, pod(n), SERVER);
    expect(bench.run()).toEqual(['5500 left P1', '11000 left P2', '16500 left P3']);
    expect(bench.node.busyNs).toBe(16_500);
  });

  it('never lets two packets of one socket race', () => {
    const bench = new NodeBench({ kernel: '4.14.96' });
    bench.send('A', pod(1), SERVER);
    bench.send('B', pod(1), SERVER);
    expect(bench.run()).toEqual(['5500 left A', '8500 left B']);
    expect(bench.watch.sameSocket).toBe(0);
  });

  it('works beside the others', () => {
    const bench = new NodeBench();
    for (const n of [1, 2]) bench.send(`P${n}`, pod(n), SERVER, { cpu: n - 1 });
    expect(bench.run()).toEqual(['5500 left P1', '5500 left P2']);
  });

  it('drops what its input queue has no room for, and counts it', () => {
    const bench = new NodeBench({ backlog: 2 });
    for (const n of [1, 2, 3, 4, 5]) bench.send(`P${n}`, pod(n), SERVER);
    bench.send('other', pod(6), SERVER, { cpu: 1 });
    // One in service and two that wait.
    expect(bench.run()).toEqual([
      '0 overflowed P4',
      '0 overflowed P5',
      '5500 left P1',
      '5500 left other',
      '11000 left P2',
      '16500 left P3',
    ]);
    expect([...bench.node.backlogDrops]).toEqual([2, 0]);
  });

  it('has room again when it has taken a packet from its queue', () => {
    const bench = new NodeBench({ backlog: 1 });
    bench.send('A', pod(1), SERVER);
    bench.send('B', pod(2), SERVER);
    bench.send('C', pod(3), SERVER, { atNs: 5600 });
    expect(bench.run()).toEqual(['5500 left A', '11000 left B', '16500 left C']);
  });
});

describe('a held packet', () => {
  it('gives its CPU to the next, and waits for it again when its time has come', () => {
    const bench = new NodeBench();
    bench.send('held', pod(1), SERVER, { holdNs: 2000 });
    bench.send('next', pod(2), SERVER);
    // Held at 1800; the next is served from 1800 to 7300, and the rest (search, confirm, transmit) takes 2500.
    expect(bench.run()).toEqual(['7300 left next', '9800 left held']);
  });

  it('races with its twin on one and the same CPU', () => {
    const bench = new NodeBench({ kernel: '4.14.96' });
    bench.send('A', pod(1), SERVER, { holdNs: 10_000 });
    bench.send('B', pod(1), SERVER, { holdNs: 10_000 });
    // B finds its port taken, by A, and probes one more.
    expect(bench.run()).toEqual(['14300 left A', '15400 dropped B']);
    expect(bench.watch.sameSocket).toBe(1);
  });

  it('is past the input queue: it is not dropped when the queue is full', () => {
    const bench = new NodeBench({ backlog: 1 });
    bench.send('held', pod(1), SERVER, { holdNs: 100 });
    bench.send('next', pod(2), SERVER);
    bench.send('last', pod(3), SERVER, { atNs: 1850 });
    expect(bench.run()).toEqual(['7300 left next', '12800 left last', '15300 left held']);
  });

  it('waits for a verdict as often as the scenario says', () => {
    const held = (probability: number) => {
      const bench = new NodeBench({ verdictQueue: [probability, 100_000] });
      for (let n = 1; n <= 200; n++) bench.send(`P${n}`, pod(n), SERVER, { atNs: n * 1_000_000 });
      return bench.run().filter((line) => !line.includes('005500 ')).length;
    };
    expect([held(0), held(1)]).toEqual([0, 200]);
    expect(Math.abs(held(0.3) - 60)).toBeLessThan(30);
  });
});

describe('a route', () => {
  it('through two namespaces of one node is passed on one CPU, without a queue between', () => {
    const bench = new NodeBench();
    const inPod = bench.passage({ path: bench.podPath(), inSender: true });
    const route = { passages: [inPod, bench.passage({ sameCpu: true })] };
    bench.send('A', pod(1), SERVER, { route });
    bench.send('B', pod(2), SERVER);
    // No NAT hooks in the pod: lookup at 1000, confirmed at 4000, out at 5500; the node's lookup follows at once.
    expect(bench.run()).toEqual(['10000 left A', '15500 left B']);
    expect([inPod.path.entries, bench.path.entries]).toEqual([1, 2]);
  });

  it('is passed backwards by an answer', () => {
    const bench = new NodeBench();
    const inPod = bench.passage({ path: bench.podPath() });
    const route = { passages: [inPod, bench.passage({ sameCpu: true })] };
    const asked = bench.send('A', pod(1), SERVER, { route });
    bench.run(20_000);
    bench.answer('B', asked, 20_000);
    expect(bench.run()).toEqual(['10000 left A', '25000 came back B']);
    expect([inPod.path.entries, bench.path.entries]).toEqual([1, 1]);
  });

  it('over two nodes is left at the first of them', () => {
    const bench = new NodeBench();
    const second = new NodeBench();
    const route = { passages: [bench.passage(), second.passage()] };
    bench.send('A', pod(1), SERVER, { route });
    expect(bench.run()).toEqual(['5500 left A']);
    expect(second.path.entries).toBe(0);
  });
});

describe('two packets on two CPUs', () => {
  it('do their steps in the order of time, and in the order of sending at equal times', () => {
    const bench = new NodeBench({ kernel: '4.14.96' });
    bench.send('A', pod(1), SERVER, { atNs: 10 });
    bench.send('B', pod(1), SERVER, { cpu: 1, atNs: 0 });
    expect(bench.run()).toEqual(['4010 dropped A', '5500 left B']);
    const equal = new NodeBench({ kernel: '4.14.96' });
    equal.send('A', pod(1), SERVER);
    equal.send('B', pod(1), SERVER, { cpu: 1 });
    expect(equal.run()).toEqual(['4000 dropped B', '5500 left A']);
  });

  it('race if the second is looked up before the first is confirmed, and not if later', () => {
    const lost = (apartNs: number) => {
      const bench = new NodeBench({ kernel: '4.14.96' });
      bench.send('A', pod(1), SERVER);
      bench.send('B', pod(1), SERVER, { cpu: 1, atNs: apartNs });
      return bench.run().some((line) => line.includes('dropped'));
    };
    expect([lost(2999), lost(3001)]).toEqual([true, false]);
  });
});
