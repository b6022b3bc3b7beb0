/** CPU time of a packet on the 6.18 lab kernel (`lab-6.18-e6`). */
import type { ValidationTable } from '../validation/table.ts';
import { KERNEL } from './lab618.ts';
import { labScenario } from './labScenario.ts';
import { lineOf, numberOf, recording } from './recordings.ts';
import { compared, notCompared } from './rows.ts';

/** Between runs of one variant (lab report, 7). */
const SPEED_NOISE_NS = { trace: 1000, cpu: 500 };

const WINDOWS = {
  conntrack_nonat: 'conntrackOnlyNs',
  masq: 'masqueradeNs',
  masq_randomfully: 'masqueradeNs',
  dnat2_masq: 'dnatMasqueradeNs',
} as const;
type Traced = keyof typeof WINDOWS;

export function labSpeedTable(): ValidationTable {
  const lines = recording('lab-6.18-e6.csv');
  const { steps } = labScenario({ kernel: KERNEL }).node;
  const serviceNs = (variant: Traced) => steps.receiveNs + steps[WINDOWS[variant]] + steps.transmitNs;
  const cpuNs = (variant: string, kind: string) =>
    numberOf(lineOf(lines, { exp: 'E6rate', variant, kind }), 'ns_per_pkt_cpu');
  const extra = (variant: string) => cpuNs(variant, 'newflow') - cpuNs(variant, 'sameflow');
  return {
    id: 'lab-speed',
    title: 'CPU time of a packet on 6.18',
    source: '`test/data/lab-6.18-e6.csv`, experiment E6',
    about:
      'The node alone, from receiving to transmitting a new flow; what a new flow costs more than a ' +
      'known one, less the same without conntrack; the whole path. Means of `node.steps` for the ' +
      'model.',
    columns: ['recorded', '`node.steps`'],
    rows: [
      ...(Object.keys(WINDOWS) as Traced[]).map((variant) => {
        const line = lineOf(lines, { exp: 'E6trace', variant });
        const [low, high] = [numberOf(line, 'tot_p10'), numberOf(line, 'tot_p90')];
        return compared({
          what: `${variant}, new flow: the node alone`,
          expected: `${low} / ${numberOf(line, 'tot_p50')} / ${high} ns (p10 / p50 / p90, tracing included)`,
          simulated: `${serviceNs(variant)} ns`,
          tolerance: 'p10 to p90, +-1 us between runs (lab, 7)',
          agrees:
            serviceNs(variant) >= low - SPEED_NOISE_NS.trace &&
            serviceNs(variant) <= high + SPEED_NOISE_NS.trace,
        });
      }),
      ...(['conntrack_nonat', 'masq', 'masq_randomfully'] as const).map((variant) => {
        const recorded = extra(variant) - extra('no_conntrack');
        const simulated = serviceNs(variant) - steps.establishedNs;
        return compared({
          what: `${variant}: a new flow costs more than a known one`,
          expected: `${recorded} ns of CPU`,
          simulated: `${simulated} ns`,
          tolerance: '+-0.5 us between runs (lab, 7)',
          agrees: Math.abs(recorded - simulated) <= SPEED_NOISE_NS.cpu,
        });
      }),
      notCompared(
        'masq, new flow: the whole path (socket, two veth hops, node, receiver)',
        `${cpuNs('masq', 'newflow')} ns of CPU`,
        `${serviceNs('masq')} ns in the node`,
        'the model has no sockets and no receiver; pods and servers take no time of the node',
      ),
    ],
  };
}
