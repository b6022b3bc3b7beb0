/**
 * What `snatrace lab` does with a scenario: small experiments that the model (`simulation/`) and a real kernel
 * (`lab/`) both carry out, so that one can be held against the other. They stand in the file under `lab:`, beside the
 * scenario, whose kernel, NAT rules, service and node they use.
 */
import type { Nanoseconds } from '../engine/time.ts';

export type LabExperiment = RaceExperiment | FillExperiment;

/** Pairs of packets, sent at the same moment on two CPUs, each pair to a table that knows nothing of the others. */
export interface RaceExperiment {
  readonly kind: 'race';
  /**
   * `same-socket`: two threads send on one UDP socket (the A and AAAA of a lookup), so both packets have one tuple.
   * `two-pods`: two pods send from the same source port to the same destination, so they want the same port of the
   * node.
   */
  readonly senders: 'same-socket' | 'two-pods';
  /** TCP (two-pods only): each packet is the SYN of a connect, sent again by the kernel if it is lost. */
  readonly protocol: 'udp' | 'tcp';
  /**
   * `service`: the DNS service's cluster address, through its DNAT rules. `external`: an address outside the cluster,
   * masqueraded if the scenario masquerades.
   */
  readonly to: 'service' | 'external';
  /** 1 to 1,000,000. */
  readonly pairs: number;
  /** The server answers each packet so long after it has arrived; null: never. UDP only. */
  readonly answerAfterNs: Nanoseconds | null;
}

export interface FillExperiment {
  readonly kind: 'fill';
  /**
   * `ports`: new flows to one destination until the port range of the masquerade rule (`nat.masquerade.range`) is
   * used up. `table`: new flows until the conntrack table is full.
   */
  readonly what: 'ports' | 'table';
  /** New UDP flows, one after the other; 1 to 1,000,000. 0, of a table only: more than the machine's limit takes. */
  readonly flows: number;
}
