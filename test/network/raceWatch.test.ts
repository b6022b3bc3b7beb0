import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { TCP_SYN } from '../../src/netfilter/packet.ts';
import { TCP } from '../../src/netfilter/tuple.ts';
import { IptablesProxy } from '../../src/network/serviceProxy.ts';
import { endpoint, masquerade } from '../netfilter/builders.ts';
import { NodeBench, type SendOptions } from './nodeBench.ts';

const SERVER = '198.51.100.9:53';

interface Two {
  readonly from: readonly [string, string];
  readonly to?: readonly [string, string];
  readonly options?: readonly [SendOptions, SendOptions];
  readonly kernel?: string;
}

/** Two masqueraded packets on two CPUs, at once unless told. */
function raced({ from, to = [SERVER, SERVER], options = [{}, { cpu: 1 }], kernel = '4.14.96' }: Two) {
  const bench = new NodeBench({ kernel });
  const route = { passages: [bench.passage({ masquerade: masquerade() })] };
  for (const i of [0, 1] as const) bench.send(`P${i}`, from[i], to[i], { route, ...options[i] });
  bench.run();
  const { sameSocket, portSearchUdp, portSearchTcp, merged, replyOnly } = bench.watch;
  return { sameSocket, portSearchUdp, portSearchTcp, merged, replyOnly };
}

const NOTHING = { sameSocket: 0, portSearchUdp: 0, portSearchTcp: 0, merged: 0, replyOnly: 0 };

describe('the watch over open windows', () => {
  it('counts two packets of one socket that were both looked up before either was confirmed', () => {
    expect(raced({ from: ['10.244.0.1:40000', '10.244.0.1:40000'] })).toEqual({ ...NOTHING, sameSocket: 1 });
  });

  it('counts two flows to one destination that chose their ports before either was confirmed', () => {
    expect(raced({ from: ['10.244.0.1:40000', '10.244.0.2:40000'] })).toEqual({
      ...NOTHING,
      portSearchUdp: 1,
    });
  });

  it('counts them whatever their own ports, and if they are of one pod', () => {
    expect(raced({ from: ['10.244.0.1:40000', '10.244.0.1:40001'] })).toEqual({
      ...NOTHING,
      portSearchUdp: 1,
    });
  });

  it('counts TCP apart from UDP', () => {
    const syn = { protocol: TCP, tcpFlags: TCP_SYN };
    const options = [syn, { ...syn, cpu: 1 }] as const;
    const from = ['10.244.0.1:40000', '10.244.0.2:40000'] as const;
    expect(raced({ from, options })).toEqual({ ...NOTHING, portSearchTcp: 1 });
  });

  it('counts nothing for two destinations, which share no port', () => {
    const from = ['10.244.0.1:40000', '10.244.0.2:40000'] as const;
    expect(raced({ from, to: [SERVER, '198.51.100.9:54'] })).toEqual(NOTHING);
    expect(raced({ from, to: [SERVER, '198.51.100.8:53'] })).toEqual(NOTHING);
  });

  it('counts no port window of flows that are not masqueraded, whose ports are their own', () => {
    const bench = new NodeBench();
    for (const cpu of [0, 1]) bench.send(`P${cpu}`, `10.244.0.1:${40_000 + cpu}`, SERVER, { cpu });
    bench.run();
    expect(bench.watch.portSearchUdp).toBe(0);
  });

  it('counts nothing for packets that are served one after the other', () => {
    const from = ['10.244.0.1:40000', '10.244.0.2:40000'] as const;
    expect(raced({ from, options: [{}, { cpu: 1, atNs: 4000 }] })).toEqual(NOTHING);
    expect(raced({ from: [from[0], from[0]], options: [{}, {}] })).toEqual(NOTHING);
  });

  it('counts a port window only while both have chosen: the first is confirmed before the second searches', () => {
    const from = ['10.244.0.1:40000', '10.244.0.2:40000'] as const;
    expect(raced({ from, options: [{}, { cpu: 1, atNs: 999 }] }).portSearchUdp).toBe(1);
    expect(raced({ from, options: [{}, { cpu: 1, atNs: 1001 }] }).portSearchUdp).toBe(0);
  });

  it('counts every pair of three packets of one socket', () => {
    const bench = new NodeBench({ cpus: 3 });
    for (const cpu of [0, 1, 2]) bench.send(`P${cpu}`, '10.244.0.1:40000', SERVER, { cpu });
    bench.run();
    expect(bench.watch.sameSocket).toBe(3);
  });

  it('counts clashes that were resolved: merged ones, and those that live in the reply direction', () => {
    const from = ['10.244.0.1:40000', '10.244.0.1:40000'] as const;
    expect(raced({ from, kernel: '5.4' })).toMatchObject({ merged: 1, replyOnly: 0 });
    const bench = new NodeBench({ kernel: '5.10' });
    const draws = new RandomStreams('race watch', 0).stream('statistic match');
    const service = new IptablesProxy([endpoint('10.245.0.1:53'), endpoint('10.245.0.2:53')], draws);
    const route = { passages: [bench.passage({ service })] };
    for (let pair = 0; pair < 100; pair++) {
      const socket = `10.244.0.1:${40_000 + pair}`;
      for (const cpu of [0, 1])
        bench.send('P', socket, '10.96.0.10:53', { route, cpu, atNs: pair * 100_000 });
    }
    bench.run();
    expect(bench.watch.sameSocket).toBe(100);
    expect(bench.watch.merged + bench.watch.replyOnly).toBe(100);
    expect(bench.watch.replyOnly).toBeGreaterThan(20);
    expect(bench.log.filter((line) => line.includes('left')).length).toBe(200);
  });
});

describe('the observer of overlapping port windows', () => {
  /** Three packets on three CPUs, 100 ns apart; each overlap that it is asked and told about, by source ports. */
  function observed(sources: readonly string[], chance = 0.5) {
    const bench = new NodeBench({ kernel: '5.10', cpus: 3 });
    const asked: string[] = [];
    const told: string[] = [];
    const port = ({ windowPorts }: { windowPorts: number }) => windowPorts >>> 16;
    bench.watch.observer = {
      chanceOf: (first, second) => {
        asked.push(`${port(first)} ${port(second)}`);
        return chance;
      },
      mayLose: (loser, probability) => told.push(`${port(loser)} ${probability}`),
    };
    const route = { passages: [bench.passage({ masquerade: masquerade() })] };
    sources.forEach((source, cpu) => {
      bench.send(`P${cpu}`, source, SERVER, { route, cpu, atNs: cpu * 100 });
    });
    bench.run();
    return { asked, told, overlaps: bench.watch.portSearchUdp };
  }

  it('is asked when the second has searched, and told when the first is confirmed', () => {
    const { asked, told, overlaps } = observed(['10.244.0.1:40001', '10.244.0.2:40002', '10.244.0.3:40003']);
    expect(overlaps).toBe(3);
    expect(asked).toEqual(['40001 40002', '40001 40003', '40002 40003']);
    expect(told.sort()).toEqual(['40002 0.5', '40003 0.5', '40003 0.5']);
  });

  it('is asked about a port once that two before it were granted', () => {
    const { asked, told, overlaps } = observed(['10.244.0.1:40001', '10.244.0.2:40001', '10.244.0.3:40003']);
    expect(overlaps).toBe(3);
    expect(asked).toEqual(['40001 40001', '40001 40003']);
    expect(told).toHaveLength(2);
  });

  it('is told of nothing that cannot be', () => {
    expect(observed(['10.244.0.1:40001', '10.244.0.2:40002', '10.244.0.3:40003'], 0).told).toEqual([]);
  });
});
