import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { MILLISECOND, SECOND } from '../../src/engine/time.ts';
import {
  DnsServer,
  type DnsServerSettings,
  LOST_AT_SERVER,
  LOST_ON_LINK,
} from '../../src/servers/dnsServer.ts';
import { expectProbability } from '../network/randomness.ts';

function server(settings: Partial<DnsServerSettings> = {}): DnsServer {
  const streams = new RandomStreams('server tests', 0);
  const all: DnsServerSettings = {
    latency: { kind: 'constant', valueNs: MILLISECOND },
    capacityPerSecond: null,
    queue: 1000,
    loss: 0,
    servfail: 0,
    ...settings,
  };
  return new DnsServer(all, streams.stream('latency'), streams.stream('loss'), streams.stream('failures'));
}

/** Poisson arrivals at this rate; returns the times that each query spent at the server, in seconds. */
function underLoad(asked: DnsServer, perSecond: number, queries: number): number[] {
  const gaps = new RandomStreams('server tests', 0).stream('gaps');
  let nowNs = 0;
  return Array.from({ length: queries }, (_, i) => {
    nowNs += Math.round((-SECOND / perSecond) * Math.log(1 - gaps.uniform(0, i)));
    return asked.serve(0, i, nowNs) / SECOND;
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a DNS server', () => {
  it('answers after its latency, however many ask, if its capacity is unlimited', () => {
    const asked = server();
    expect([0, 1, 2].map((i) => asked.serve(0, i, 0))).toEqual([MILLISECOND, MILLISECOND, MILLISECOND]);
    expect(asked.queries).toBe(3);
  });

  it('draws its latency by the query, the same at every server', () => {
    const latency = { kind: 'exponential', meanNs: MILLISECOND } as const;
    const [one, other] = [server({ latency }), server({ latency })];
    const drawn = Array.from({ length: 5000 }, (_, i) => one.serve(1, i, 0));
    expect(Math.abs(mean(drawn) / MILLISECOND - 1)).toBeLessThan(0.06);
    expect(other.serve(1, 17, SECOND)).toBe(drawn[17]);
  });

  it('loses queries on the link as often as it is told, and never saw them', () => {
    const asked = server({ loss: 0.1 });
    const answers = Array.from({ length: 10_000 }, (_, i) => asked.serve(0, i, 0));
    const lost = answers.filter((answer) => answer === LOST_ON_LINK).length;
    expectProbability(lost, answers.length, 0.1);
    expect(asked.queries).toBe(answers.length - lost);
  });

  it('answers SERVFAIL as often as it is told', () => {
    const asked = server({ servfail: 0.2 });
    const failed = Array.from({ length: 10_000 }, (_, i) => asked.fails(0, i)).filter(Boolean);
    expectProbability(failed.length, 10_000, 0.2);
    expect(server().fails(0, 0)).toBe(false);
  });
});

describe('a DNS server of limited capacity', () => {
  const latency = { kind: 'constant', valueNs: 0 } as const;

  it('works one query off after the other', () => {
    const asked = server({ latency, capacityPerSecond: 100 });
    const service = SECOND / 100;
    expect([0, 1, 2].map((i) => asked.serve(0, i, 0))).toEqual([service, 2 * service, 3 * service]);
    // Half of the line is worked off by then.
    expect(asked.serve(0, 3, 1.5 * service)).toBe(2.5 * service);
    expect(asked.serve(0, 4, SECOND)).toBe(service);
  });

  it.each([0.5, 0.8])('keeps queries waiting as the M/D/1 line does, at a load of %s', (load) => {
    const capacity = 1000;
    const asked = server({ latency, capacityPerSecond: capacity, queue: 1_000_000 });
    const spent = mean(underLoad(asked, load * capacity, 100_000));
    const waiting = load / (2 * capacity * (1 - load));
    expect(Math.abs(spent / (1 / capacity + waiting) - 1)).toBeLessThan(0.05);
  });

  it('drops what its queue has no room for', () => {
    const asked = server({ latency, capacityPerSecond: 100, queue: 3 });
    const answers = [0, 1, 2, 3, 4, 5].map((i) => asked.serve(0, i, 0));
    expect(answers.slice(4)).toEqual([LOST_AT_SERVER, LOST_AT_SERVER]);
    expect(answers.slice(0, 4)).not.toContain(LOST_AT_SERVER);
    // A service time later there is room for one.
    expect(asked.serve(0, 6, SECOND / 100)).not.toBe(LOST_AT_SERVER);
    expect(asked.serve(0, 7, SECOND / 100)).toBe(LOST_AT_SERVER);
  });
});
