import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import { NetworkPacket } from '../../src/network/networkPacket.ts';
import { type StepMeans, StepTimes } from '../../src/network/stepTimes.ts';
import { expectProbability } from './randomness.ts';

const PACKETS = 100_000;
const WINDOW_NS = 2955;

const MEANS: StepMeans = {
  receiveNs: 1000,
  portCheckToConfirmNs: 966,
  probeNs: 75,
  ipvsScheduleNs: 500,
  transmitNs: 1500,
  establishedNs: 3000,
  spread: 0,
  stall: { probability: 0, meanNs: 0 },
};

function stepTimes(means: Partial<StepMeans> = {}): StepTimes {
  return new StepTimes({ ...MEANS, ...means }, new RandomStreams('step tests', 0).stream('steps'));
}

/** Lookup to confirm, with DNAT and without a port to probe. */
function windowOf(times: StepTimes, packet: NetworkPacket): number {
  return (
    times.lookupToDestination(packet, WINDOW_NS) +
    times.destinationToSearch(packet, WINDOW_NS) +
    times.search(packet) +
    times.grantToConfirm(packet)
  );
}

/** The mean over packets with numbers of their own. */
function meanOf(times: StepTimes, value: (packet: NetworkPacket) => number): number {
  const packet = new NetworkPacket(0);
  let sum = 0;
  for (packet.ordinal = 0; packet.ordinal < PACKETS; packet.ordinal++) {
    times.draw(packet);
    sum += value(packet);
  }
  return sum / PACKETS;
}

describe('the steps of a packet', () => {
  it.each([0, 0.2, 1])('last as long on average as the scenario says, at a spread of %s', (spread) => {
    const times = stepTimes({ spread });
    const means: [number, number][] = [
      [meanOf(times, (packet) => windowOf(times, packet)), WINDOW_NS],
      [meanOf(times, (packet) => times.grantToConfirm(packet)), MEANS.portCheckToConfirmNs],
      [meanOf(times, (packet) => times.lookupToConfirm(packet, 1299)), 1299],
      [meanOf(times, (packet) => times.receive(packet)), MEANS.receiveNs],
      [meanOf(times, (packet) => times.transmit(packet)), MEANS.transmitNs],
      [meanOf(times, (packet) => times.ipvsSchedule(packet)), MEANS.ipvsScheduleNs],
      [meanOf(times, (packet) => times.receive(packet) + times.established(packet)), MEANS.establishedNs],
    ];
    for (const [mean, expected] of means) expect(Math.abs(mean / expected - 1)).toBeLessThan(0.01);
  });

  it('have the coefficient of variation that the scenario says', () => {
    const times = stepTimes({ spread: 0.2 });
    const square = meanOf(times, (packet) => (times.transmit(packet) / MEANS.transmitNs - 1) ** 2);
    expect(Math.sqrt(square)).toBeCloseTo(0.2, 2);
  });

  it('are stretched together: a slow packet is slow throughout', () => {
    const times = stepTimes({ spread: 1 });
    const packet = new NetworkPacket(0);
    for (packet.ordinal = 0; packet.ordinal < 100; packet.ordinal++) {
      times.draw(packet);
      const factor = times.receive(packet) / MEANS.receiveNs;
      expect(times.transmit(packet) / MEANS.transmitNs).toBeCloseTo(factor, 2);
    }
  });

  it('last longer by the same time for each port probed', () => {
    const times = stepTimes();
    const packet = new NetworkPacket(0);
    times.draw(packet);
    packet.probes = 248;
    expect(times.search(packet)).toBe(248 * MEANS.probeNs);
  });

  it('stall in as many packets as the scenario says, for an exponential time in one step', () => {
    const stall = { probability: 0.04, meanNs: 20_000 };
    const times = stepTimes({ stall });
    const lost: number[] = [];
    const mean = meanOf(times, (packet) => {
      const total = windowOf(times, packet) + times.transmit(packet);
      if (packet.stallNs > 0) lost.push(packet.stallNs);
      return total;
    });
    expectProbability(lost.length, PACKETS, stall.probability);
    const expected = WINDOW_NS + MEANS.transmitNs + stall.probability * stall.meanNs;
    expect(Math.abs(mean / expected - 1)).toBeLessThan(0.02);
    // The median of an exponential time is ln 2 of its mean.
    expectProbability(lost.filter((ns) => ns < Math.LN2 * stall.meanNs).length, lost.length, 0.5);
  });

  it('are the same for the same packet of the same sender', () => {
    const times = stepTimes({ spread: 0.5, stall: { probability: 0.5, meanNs: 20_000 } });
    const [first, second] = [new NetworkPacket(0), new NetworkPacket(1)];
    for (const packet of [first, second]) {
      packet.entity = 7;
      packet.ordinal = 99;
      times.draw(packet);
    }
    expect(windowOf(times, first)).toBe(windowOf(times, second));
  });
});
