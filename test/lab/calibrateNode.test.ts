/** On this machine's own kernel, where that is possible. */
import { describe, expect, it } from 'vitest';
import { FIRST_RANGE_NS, spread, type WindowKey, windowSetup } from '../../src/lab/calibrate.ts';
import { calibrateNode, pairsOnKernel } from '../../src/lab/calibrateNode.ts';
import { examine } from '../../src/lab/doctor.ts';
import { machineFacts } from '../../src/lab/lab.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { loadNodeProfile } from '../../src/scenario/nodeProfileFile.ts';
import { writeNodeProfile } from '../../src/scenario/nodeProfileText.ts';
import { COMPLETE, machineWith, unshare } from './doctorMachines.ts';

const machine = machineFacts(await examine(), null);
const missing = 'missing' in machine ? machine.missing.join('; ') : null;
if (missing !== null) {
  console.warn(`calibration on a kernel is not tested: ${missing}`);
  // Our own machines have all that is needed: there a skipped test is a failed one.
  if (process.env.CI !== undefined) throw new Error(missing);
}

const SCENARIO = loadScenario(
  'kernel: "6.1"\npods: [{ name: a, dns: { rate: 1/s, names: [a.example] } }]\n',
  { path: 'x.yaml' },
).scenario;

describe.skipIf(missing !== null)('on this kernel', () => {
  it.each<WindowKey>(['masquerade', 'portCheckToConfirm'])(
    'pairs that are sent together race, and those sent far apart do not: %s',
    async (key) => {
      if ('missing' in machine) return;
      const pairs = await pairsOnKernel(machine)(
        windowSetup(key, SCENARIO, 640),
        spread(640, FIRST_RANGE_NS, Math.random),
      );
      expect(pairs).toHaveLength(640);
      const shareOf = (from: number, to: number) => {
        const within = pairs.filter(({ offsetNs }) => Math.abs(offsetNs) >= from && Math.abs(offsetNs) < to);
        expect(within.length).toBeGreaterThan(10);
        return within.filter(({ raced }) => raced).length / within.length;
      };
      // A busy machine delays one of two packets in a third of pairs at worst, as far as we have seen.
      expect(shareOf(0, 1000)).toBeGreaterThan(0.2);
      expect(shareOf(FIRST_RANGE_NS / 2, FIRST_RANGE_NS)).toBeLessThan(shareOf(0, 1000) / 2);
    },
    300_000,
  );
});

it('without namespaces a profile has what files say, and says what it could not measure', async () => {
  const bare = machineWith({
    ...COMPLETE,
    uid: 1000,
    programs: { ...COMPLETE.programs, unshare: unshare({}, []) },
  });
  const { calibration, notMeasured, profile } = await calibrateNode(
    { name: 'bare', date: '2026-11-22', version: '0.1.0', pairs: 1000, backend: null },
    bare,
  );
  expect(calibration).toBeNull();
  expect(notMeasured).toContain('network namespaces');
  expect(profile.provenance.method).toContain('no step was measured: ');
  const loaded = loadNodeProfile(writeNodeProfile(profile), 'p.yaml');
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  expect(loaded.profile.node.conntrack).toMatchObject({ max: 262144, buckets: 65536 });
});
