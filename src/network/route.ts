/** The namespaces that a flow passes, in order; a reply passes them backwards. */
import type { NatRange } from '../netfilter/natRange.ts';
import type { PacketPath } from '../netfilter/packetPath.ts';
import type { Node } from './node.ts';
import type { ServiceProxy } from './serviceProxy.ts';

export interface Passage {
  readonly node: Node;
  readonly path: PacketPath;
  /** Translates the destination of a new flow; null: not a service. */
  readonly service: ServiceProxy | null;
  /** Masquerades a new flow; null: it keeps its source. */
  readonly masquerade: NatRange | null;
  /** Entered on the CPU on which the passage before ended, without an input queue between. */
  readonly sameCpu: boolean;
  /** Runs in the sender's context: a drop is told to the sender (EPERM). */
  readonly inSender: boolean;
  /** Mean time from lookup to confirm. */
  readonly lookupToConfirmNs: number;
}

export interface Route {
  readonly passages: readonly Passage[];
}
