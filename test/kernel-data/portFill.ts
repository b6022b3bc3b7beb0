/**
 * New flows to one destination until the ports of `MASQUERADE --to-ports` are used up, and what comes of
 * each.
 */
import { Testbed, type TestbedOutcome } from '../../src/simulation/testbed.ts';
import { type Lab, labScenario } from './labScenario.ts';

export interface PortFill {
  readonly ports: number;
  /** Flow by flow: ports in use before it, and whether its packet was lost. */
  readonly flows: readonly { readonly before: number; readonly lost: boolean }[];
  /** Ports in use at the end. */
  readonly held: number;
  /** Ports in use at the first loss; null: nothing was lost. */
  readonly firstFailure: number | null;
  readonly failures: number;
  readonly failuresWithFreePorts: number;
  readonly reachedFull: boolean;
  /** Old flows of which a packet was sent again at the end, and how many of those arrived. */
  readonly resent: number;
  readonly resentArrived: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface PortFillOptions {
  readonly kernel: string;
  readonly flag: NonNullable<Lab['masquerade']>;
  readonly ports: number;
  readonly flows: number;
  readonly seed: string;
  readonly replication?: number;
  /** Of the flows, each so-manieth is sent again at the end; default: none. */
  readonly resendEach?: number;
}

const FIRST_PORT = 20_000;
/** Outside the range, so that no flow can keep it. */
const SOURCE_PORT = 40_000;
const EVERY_NS = 100_000;

export function fillPorts(options: PortFillOptions): PortFill {
  const { kernel, flag, ports, flows: number, seed, replication = 0, resendEach } = options;
  const bed = new Testbed(
    labScenario({ kernel, masquerade: flag, toPorts: [FIRST_PORT, FIRST_PORT + ports - 1] }),
    { seed, replication, podsUntracked: true },
  );
  const send = (pod: number): TestbedOutcome => {
    const flow = bed.send({ protocol: 'udp', pod, port: SOURCE_PORT, to: 0, cpu: 0, atNs: bed.now });
    bed.run(bed.now + EVERY_NS);
    while (flow.fate === 'on the way') bed.run(bed.now + 1_000_000);
    return flow;
  };
  const flows: { before: number; lost: boolean }[] = [];
  let held = 0;
  for (let i = 0; i < number; i++) {
    const lost = send(i).fate === 'lost';
    flows.push({ before: held, lost });
    if (!lost) held += 1;
  }
  const failed = flows.filter(({ lost }) => lost);
  const again =
    resendEach === undefined
      ? []
      : Array.from({ length: Math.ceil(number / resendEach) }, (_, i) => send(i * resendEach));
  return {
    ports,
    flows,
    held,
    firstFailure: failed[0]?.before ?? null,
    failures: failed.length,
    failuresWithFreePorts: failed.filter(({ before }) => before < ports).length,
    reachedFull: held === ports,
    resent: again.length,
    resentArrived: again.filter(({ fate }) => fate === 'arrived').length,
    counters: bed.counters(),
  };
}
