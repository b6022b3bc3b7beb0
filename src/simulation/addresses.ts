/** Addresses of a world. Which ones they are changes nothing but hashes. */
import { invariant } from '../engine/invariant.ts';
import { type Address, parseAddress } from '../netfilter/tuple.ts';

export const DNS_PORT = 53;

/** The node's own address, the first of its NAT addresses. */
export const HOST_ADDRESS = address('192.0.2.1');
export const FIRST_POD = address('10.244.0.1');
export const CLUSTER_DNS = address('10.96.0.10');
export const FIRST_ENDPOINT = address('10.245.0.1');
export const FIRST_EXTERNAL_RESOLVER = address('198.51.100.1');
export const NODE_LOCAL = address('169.254.20.10');

/** Text that is known to be an address. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  invariant(parsed !== null, `${text} is an address`);
  return parsed;
}
