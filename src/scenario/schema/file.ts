/** A whole scenario file: the scenario, and the keys of the experiment around it. */
import { z } from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { DISPATCH_PRESET_NAMES } from '../dispatchPresets.ts';
import { formatDuration } from '../units.ts';
import { clusterFile } from './cluster.ts';
import { dnsServersFile, linksFile, nodeLocalDnsFile, servicesFile } from './dns.ts';
import { labFile } from './lab.ts';
import { natFile } from './nat.ts';
import { kernel, nodeFile } from './node.ts';
import { podsFile } from './pods.ts';
import { choice, duration, optional, text, word } from './values.ts';
import { varyFile } from './vary.ts';

const compareFile = z.strictObject({
  replications: optional(
    z.int().min(1).max(100_000),
    'Replications of each variant.',
    String(DEFAULTS.compare.replications),
  ),
  with: optional(
    z.array(text('mitigation', /^[a-z0-9][a-z0-9.-]*(\+[a-z0-9][a-z0-9.-]*)*$/)).max(100),
    'Mitigations to compare with; `a+b` applies both. Default: all that apply.',
  ),
  kernels: optional(
    z.array(kernel).max(50),
    'Other kernels to run the scenario on, older or newer, each compared with the scenario as it is.',
  ),
  dispatches: optional(
    z.array(word(DISPATCH_PRESET_NAMES as [string, ...string[]])).max(20),
    'Dispatch presets under which the whole comparison is made again, to see how the ranking moves.',
  ),
  loads: optional(
    z.array(z.number().min(0.001).max(1000)).max(20),
    'Factors on every rate of lookups and connects at which the whole comparison is made again.',
  ),
  combine: optional(
    z.int().min(1).max(3),
    'Up to how many mitigations are applied at once: 2 adds pairs, 3 triples too.',
    String(DEFAULTS.compare.combine),
  ),
  confidence: optional(
    z.number().min(0.5).max(0.9999),
    'Confidence of the intervals.',
    String(DEFAULTS.compare.confidence),
  ),
});

export const scenarioFile = z.strictObject({
  title: optional(z.string({ error: 'text' }), 'One line for tables and charts.'),
  question: optional(z.string({ error: 'text' }), 'The question that this scenario answers, in a sentence.'),
  kernel: kernel.describe(
    'The kernel as `uname -r` prints it, e.g. `4.14.96`; in quotes, since 4.10 is a number.',
  ),
  node: optional(nodeFile, 'The node on which the pods run, and where the race happens.'),
  nat: optional(natFile, 'Network address translation on the node.'),
  services: optional(servicesFile, 'Services of the cluster.'),
  nodeLocalDns: optional(
    nodeLocalDnsFile,
    'A caching name server on every node (NodeLocal DNSCache, dnsmasq or CoreDNS as a DaemonSet).',
    'none',
  ),
  dnsServers: optional(dnsServersFile, 'What DNS servers know and how they behave.'),
  links: optional(linksFile, 'Round-trip times.'),
  pods: podsFile.describe('Groups of equal pods, at least one.'),
  duration: optional(duration, 'Measured time, 1ms to 24h.', formatDuration(DEFAULTS.durationNs)),
  warmUp: optional(
    duration,
    'Simulated before measuring starts; counts nowhere but in the state. Default: half of the duration, at most 30s.',
  ),
  seed: optional(
    choice('seed', [z.string(), z.int({ error: 'seed' })]),
    'Seed of all draws. The same seed gives the same bytes.',
  ),
  compare: optional(compareFile, 'What `snatrace compare` does with this scenario.'),
  lab: optional(
    labFile,
    "What `snatrace lab` does on this machine's kernel and in the model. Default: both kinds of race, as far as they apply.",
  ),
  cluster: optional(
    clusterFile,
    'Many such nodes in groups, which share DNS servers: `snatrace run` answers for all of them by simulating a sample.',
  ),
  vary: optional(
    varyFile,
    'Factors of `snatrace sweep`: every combination of their values is a point, the first factor varying slowest. Other commands take the file as it stands.',
  ),
});

export type ScenarioFile = z.infer<typeof scenarioFile>;
