import { describe, expect, it } from 'vitest';
import { RandomStreams } from '../../src/engine/randomStreams.ts';
import {
  calibrate,
  FIRST_RANGE_NS,
  type SendPairs,
  spread,
  WINDOW_KEYS,
  type WindowKey,
  windowSetup,
} from '../../src/lab/calibrate.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario, StepTimes } from '../../src/scenario/scenario.ts';
import { racePairs } from '../../src/simulation/packetPairs.ts';

const SCENARIO: Scenario = loadScenario(
  'kernel: "6.18.44"\npods: [{ name: a, dns: { rate: 1/s, names: [a.example] } }]\n',
  { path: 'x.yaml' },
).scenario;

function random(seed = 0): () => number {
  const stream = new RandomStreams('calibration', seed).stream('delays');
  let drawn = 0;
  return () => stream.uniform(0, drawn++);
}

/** The model in the place of the kernel: its packets take `steps`. */
function modelWith(steps: StepTimes): SendPairs {
  let run = 0;
  return async ({ scenario, experiment }, delays) => {
    const offsetsNs = delays.map(([first, second]) => second - first);
    const raced: boolean[] = [];
    racePairs({ ...scenario, node: { ...scenario.node, steps } }, experiment, {
      seed: `run ${run++}`,
      offsetsNs,
      onPair: ({ moved }) => raced.push((moved.insert_failed ?? 0) + (moved.clash_resolve ?? 0) > 0),
    });
    return offsetsNs.map((offsetNs, i) => ({ offsetNs, raced: raced[i] as boolean }));
  };
}

const nsOf = (steps: StepTimes, key: WindowKey): number => steps[`${key}Ns`];

describe('a calibration', () => {
  it.each([
    ['as they are in the lab', 1],
    ['four times as long', 4],
    ['twenty times as long', 20],
  ])(
    'finds step times %s',
    async (_name, factor) => {
      const { steps: lab } = SCENARIO.node;
      const steps: StepTimes = {
        ...lab,
        conntrackOnlyNs: factor * lab.conntrackOnlyNs,
        dnatNs: factor * lab.dnatNs,
        masqueradeNs: factor * lab.masqueradeNs,
        dnatMasqueradeNs: factor * lab.dnatMasqueradeNs,
        portCheckToConfirmNs: factor * lab.portCheckToConfirmNs,
      };
      const { windows, failed, rangeNs } = await calibrate({
        sendPairs: modelWith(steps),
        scenario: SCENARIO,
        pairs: 3000,
        random: random(),
      });
      expect(failed).toEqual({});
      expect(rangeNs).toBeGreaterThan(2 * steps.dnatMasqueradeNs);
      expect(rangeNs).toBeLessThan(40 * steps.conntrackOnlyNs);
      for (const key of WINDOW_KEYS) {
        const { meanNs = 0, lowNs = 0, highNs = 0 } = windows[key] ?? {};
        const error = (highNs - lowNs) / 2 / 1.96;
        expect(Math.abs(meanNs - nsOf(steps, key)), key).toBeLessThan(4 * error);
        expect(error, key).toBeLessThan(0.1 * nsOf(steps, key));
      }
    },
    60_000,
  );

  it('says of a window that it cannot tell why not', async () => {
    const never: SendPairs = async (_setup, delays) =>
      delays.map(([first, second]) => ({ offsetNs: second - first, raced: false }));
    const late: SendPairs = async (_setup, delays) =>
      delays.map((_, i) => ({ offsetNs: 1e6 * (i + 1), raced: false }));
    const always: SendPairs = async (_setup, delays) =>
      delays.map(([first, second], i) => ({ offsetNs: second - first, raced: i % 2 === 0 }));
    const failedOf = async (sendPairs: SendPairs) => {
      const { windows, failed } = await calibrate({
        sendPairs,
        scenario: SCENARIO,
        pairs: 500,
        random: random(),
      });
      expect(windows).toEqual({});
      expect(Object.keys(failed).sort()).toEqual([...WINDOW_KEYS].sort());
      return failed.masquerade;
    };
    expect(await failedOf(never)).toBe('no pair of 500 raced');
    expect(await failedOf(late)).toBe('too few of 500 pairs had offsets within the range');
    expect(await failedOf(always)).toBe('pairs race however far apart they are sent');
  });

  it('is less sure of a machine that drifts, and says how its rounds went', async () => {
    const { steps } = SCENARIO.node;
    const slower: StepTimes = { ...steps, masqueradeNs: 1.5 * steps.masqueradeNs };
    const [early, late] = [modelWith(steps), modelWith(slower)];
    const widthOf = async (sendPairs: SendPairs) => {
      const { windows, rounds } = await calibrate({
        sendPairs,
        scenario: SCENARIO,
        pairs: 3000,
        random: random(),
      });
      expect(rounds.masquerade).toHaveLength(4);
      const { lowNs = 0, highNs = 0 } = windows.masquerade ?? {};
      return { rounds: rounds.masquerade, width: highNs - lowNs };
    };
    const steady = await widthOf(early);
    let calls = 0;
    // After the pilot, five windows a round; the third and fourth round are slower.
    const drifting = await widthOf((setup, delays) => (calls++ < 11 ? early : late)(setup, delays));
    expect(drifting.width).toBeGreaterThan(2 * steady.width);
    const [first = 0, , , last = 0] = drifting.rounds;
    expect(last).toBeGreaterThan(1.2 * (first as number));
  });

  it('does not call known what chance alone could have made', async () => {
    const next = random(3);
    const rarely: SendPairs = async (_setup, delays) =>
      delays.map(([first, second]) => ({
        offsetNs: second - first,
        raced: Math.abs(second - first) < 300 && next() < 0.5,
      }));
    const { failed } = await calibrate({
      sendPairs: rarely,
      scenario: SCENARIO,
      pairs: 300,
      random: random(),
    });
    expect(failed.masquerade).toMatch(/^all that is known is \d+ to \d+ ns$|^no pair/);
  });

  it('tells how far it is', async () => {
    const seen: (readonly [number, number])[] = [];
    await calibrate({
      sendPairs: modelWith(SCENARIO.node.steps),
      pairs: 200,
      random: random(),
      onProgress: (done, of) => seen.push([done, of]),
    });
    expect(seen).toEqual(Array.from({ length: 21 }, (_, done) => [done, 20]));
  });
});

describe('delays', () => {
  it('differ by anything within the range, evenly, and only one of a pair waits', () => {
    const delays = spread(20_000, FIRST_RANGE_NS, random(1));
    const quarters = [0, 0, 0, 0];
    for (const [first, second] of delays) {
      expect(Math.min(first, second)).toBe(0);
      expect(Math.max(first, second)).toBeLessThanOrEqual(FIRST_RANGE_NS);
      const quarter = Math.floor((2 * (second - first + FIRST_RANGE_NS)) / FIRST_RANGE_NS);
      quarters[Math.min(3, quarter)]! += 1;
    }
    // Binomial of 20,000 with a quarter: five standard deviations are 306.
    for (const quarter of quarters) expect(Math.abs(quarter - 5000)).toBeLessThan(306);
  });
});

describe('the setup of a window', () => {
  it('has the rules that the window is about, whatever the scenario says', () => {
    const hostile: Scenario = {
      ...SCENARIO,
      node: {
        ...SCENARIO.node,
        cpus: 1,
        conntrack: { ...SCENARIO.node.conntrack, notrackDns: true, zones: 'per-pod' },
      },
      nat: {
        ...SCENARIO.nat,
        engine: 'cilium-1.15',
        hooks: false,
        masquerade: {
          enabled: false,
          all: true,
          ports: 'random-fully',
          range: { min: 1, max: 2 },
          addresses: 9,
        },
      },
      services: {
        dns: { ...SCENARIO.services.dns, proxy: 'ipvs', choice: 'hash', endpointsOn: 'other-node' },
      },
    };
    const rows = WINDOW_KEYS.map((key) => {
      const { scenario, experiment } = windowSetup(key, hostile, 10);
      const { nat, services, node } = scenario;
      expect(nat.engine).toBe('netfilter');
      expect(nat.masquerade.range).toBeNull();
      expect(node.conntrack.notrackDns).toBe(false);
      expect(node.cpus).toBe(2);
      const { enabled, all, ports } = nat.masquerade;
      return [
        key,
        experiment.senders,
        experiment.to,
        services.dns.proxy,
        nat.hooks,
        enabled,
        all,
        ports,
      ].join(' ');
    });
    expect(rows).toEqual([
      'dnatMasquerade same-socket service iptables true true true random-fully',
      'masquerade same-socket external iptables true true false random-fully',
      'dnat same-socket service iptables true true false random-fully',
      'conntrackOnly same-socket external none false false false random-fully',
      'portCheckToConfirm two-pods external iptables true true false preserve',
    ]);
  });
});
