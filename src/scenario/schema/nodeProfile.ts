/** A node profile file: what was measured of a machine, under the keys of a scenario's `node`. */
import { z } from 'zod';
import { kernel, nodeSettingsFile } from './node.ts';
import { dispatchFile } from './pods.ts';
import { choice, duration, flag, optional, probability, text } from './values.ts';

/** No control characters, none that turn the direction of writing: these texts go to terminals and pages. */
const line = text('line', /^[ -~\u00a1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff]{1,500}$/);

const key = text('line', /^[A-Za-z]{1,40}(\.[A-Za-z]{1,40}){0,4}$/);

const measuredValue = choice('measuredValue', [duration, z.number().min(0).max(1)]);

const provenanceFile = z.strictObject({
  kernel: kernel.describe('As `uname -r` printed it.'),
  cpus: z.int().min(1).max(4096).describe('Of the machine that was measured.'),
  date: optional(text('day', /^\d{4}-\d{2}-\d{2}$/), 'Day of the measurement; in quotes.'),
  tool: line.describe('What measured, with version.'),
  method: line.describe('How, in one sentence.'),
  measured: optional(
    z
      .array(
        z.strictObject({
          key: key.describe('Path below `node`.'),
          value: measuredValue.describe('What was measured.'),
          low: optional(measuredValue, 'Lower end of the 95 % interval.'),
          high: optional(measuredValue, 'Upper end.'),
          pairs: z.int().min(0).max(1e12).describe('Pairs of packets behind it.'),
        }),
      )
      .max(100),
    'Keys that were measured.',
  ),
  assumed: optional(
    z
      .array(
        z.strictObject({
          keys: z.array(key).min(1).max(50).describe('Paths below `node`.'),
          from: line.describe('Where the values come from.'),
        }),
      )
      .max(100),
    'Keys that nobody measured on this machine.',
  ),
});

const interfaceName = text('line', /^[!-.0-~]{1,64}$/);

const dispatchFacts = z.strictObject({
  defersToKsoftirqd: optional(flag, 'ksoftirqd may hold a packet back while it is runnable (4.9 to 6.4).'),
  ksoftirqdShare: optional(
    z.array(probability).max(4096),
    'Share of time in which ksoftirqd ran or waited to run, by CPU.',
  ),
  rps: optional(z.array(interfaceName).max(10_000), 'Interfaces with receive packet steering.'),
  podQueueDisciplines: optional(
    z.array(interfaceName).max(10_000),
    'Queue disciplines on the interfaces of pods, seen from inside.',
  ),
  defaultQueueDiscipline: optional(interfaceName, 'net.core.default_qdisc'),
  newVeth: optional(interfaceName, 'What a new veth pair gets on this kernel.'),
  inputQueueDrops: optional(
    z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    'Packets that found an input queue full, all CPUs together, since boot.',
  ),
  bridgeNetfilter: optional(flag, 'Bridged packets pass the IP hooks (bridge-nf-call-iptables).'),
});

export const nodeProfileFile = z.strictObject({
  profile: text('profileName', /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/).describe('Name of the profile.'),
  provenance: provenanceFile.describe('Where the values come from.'),
  node: nodeSettingsFile.describe('Values of `node`, as in a scenario.'),
  dispatch: optional(
    z.strictObject({
      facts: optional(dispatchFacts, 'What was seen of the things that decide dispatch.'),
      remarks: optional(z.array(line).max(100), 'What follows from them, and what does not.'),
      proposed: dispatchFile.describe('A block for `dispatch` of a group of pods.'),
    }),
    'What was seen of the things that bring a pair onto two CPUs. Nothing of it applies by itself: copy `proposed`.',
  ),
});

export type NodeProfileFile = z.infer<typeof nodeProfileFile>;
