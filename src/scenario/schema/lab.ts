/** The key `lab`: what `snatrace lab` does with the scenario, on a real kernel and in the model. */
import { z } from 'zod';
import { LAB_DEFAULTS, LAB_LIMITS } from '../labDefaults.ts';
import { choice, duration, optional, word } from './values.ts';

const { pairs, protocol } = LAB_DEFAULTS;

const race = z.strictObject({
  race: word(['same-socket', 'two-pods']).describe(
    'Two packets at the same moment: of two threads on one UDP socket (A and AAAA), or of two pods from one source port.',
  ),
  protocol: optional(word(['udp', 'tcp']), 'tcp (two-pods only): the SYNs of two connects.', protocol),
  to: optional(
    word(['service', 'external']),
    "The DNS service's cluster address, or one outside the cluster. Default: service for same-socket, external for two-pods.",
  ),
  pairs: optional(
    z.int().min(1).max(LAB_LIMITS.packets),
    'Pairs, 1 to 1000000; each finds an empty table.',
    `${pairs.udp}, of tcp ${pairs.tcp}`,
  ),
  answerAfter: optional(
    duration,
    'The server answers each packet so long after it has come (udp only), at most 60s. Default: never.',
  ),
});

const fill = z.strictObject({
  fill: word(['ports', 'table']).describe(
    'New flows until the ports of `nat.masquerade.range`, or the conntrack table, are used up.',
  ),
  flows: optional(
    z.int().min(0).max(LAB_LIMITS.packets),
    "New UDP flows, at most 1000000. Default: twice the ports of the range; for the table (also 0): 3000 more than the machine's limit.",
  ),
});

export const labFile = z.array(choice('labExperiment', [race, fill])).max(LAB_LIMITS.experiments);

export type LabFile = z.infer<typeof labFile>;
export type RaceFile = z.infer<typeof race>;
export type FillFile = z.infer<typeof fill>;
