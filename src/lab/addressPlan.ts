/**
 * Addresses of the lab's own namespaces; no packet leaves them, so any will do. Pods and the outside are
 * whole networks, every address of which is local there: each pair of packets gets its own, and finds a table
 * that knows nothing of it.
 */
export const POD_NETWORK = '10.16.0.0/12';
export const OUTSIDE_NETWORK = '10.128.0.0/9';
export const ENDPOINT_NETWORK = '10.64.0.0/16';
/** What is masqueraded has one of these as its source; 256 at most. */
export const NODE_NETWORK = '10.66.0.0/16';

export const CLUSTER_DNS = '10.96.0.10';
export const DNS_PORT = 53;
/** Not 53: packets that leave the cluster are tracked also where DNS is not. */
export const OUTSIDE_PORT = 8053;

const FIRST_POD = 0x0a100001;
const FIRST_OUTSIDE = 0x0a800001;
const FIRST_ENDPOINT = 0x0a400001;
const FIRST_NODE = 0x0a420001;

/** 0 to 1,048,573. */
export const podAddress = (index: number): string => dotted(FIRST_POD + index);
/** 0 to 8,388,605. */
export const outsideAddress = (index: number): string => dotted(FIRST_OUTSIDE + index);
/** 0 to 999. */
export const endpointAddress = (index: number): string => dotted(FIRST_ENDPOINT + index);
/** 0 to 255; the one that MASQUERADE takes is the first. */
export const nodeAddress = (index: number): string => dotted(FIRST_NODE + index);

/** Source ports of pairs, one after the other, as the model has them. */
const FIRST_PORT = 32768;
const PORTS = 28232;

export interface Flow {
  readonly source: string;
  readonly port: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** The two flows of a pair; of one socket, they are the same. */
export function flowsOfPair(
  index: number,
  { senders, to }: { readonly senders: 'same-socket' | 'two-pods'; readonly to: 'service' | 'external' },
  service: string,
): readonly [Flow, Flow] {
  const round = Math.floor(index / PORTS);
  const common = {
    port: FIRST_PORT + (index % PORTS),
    destination: to === 'service' ? service : outsideAddress(index),
    destinationPort: to === 'service' ? DNS_PORT : OUTSIDE_PORT,
  };
  const first = { source: podAddress(2 * round), ...common };
  return [first, senders === 'same-socket' ? first : { source: podAddress(2 * round + 1), ...common }];
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
