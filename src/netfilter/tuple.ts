/**
 * A tuple names one direction of a flow: source and destination address, both ports, protocol and zone.
 * It is four 32-bit integers, so that a comparison is four comparisons and nothing is allocated:
 *
 *   source, destination   IPv4 addresses as signed 32-bit integers
 *   ports                 source port << 16 | destination port
 *   space                 zone << 8 | protocol
 */

/** An IPv4 address as a signed 32-bit integer. */
export type Address = number;

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const UDPLITE = 136;

/** Directions of a flow, as conntrack numbers them. */
export const ORIGINAL = 0;
export const REPLY = 1;

export function packPorts(source: number, destination: number): number {
  return (source << 16) | destination;
}

export function sourcePort(ports: number): number {
  return ports >>> 16;
}

export function destinationPort(ports: number): number {
  return ports & 0xffff;
}

/** The ports of the opposite direction. */
export function invertPorts(ports: number): number {
  return (ports << 16) | (ports >>> 16);
}

export function packSpace(protocol: number, zone: number): number {
  return (zone << 8) | protocol;
}

export function protocolOf(space: number): number {
  return space & 0xff;
}

/**
 * A well mixed 32-bit hash of a tuple: unpredictable per boot in the kernel, so uniform here. `| 0` tells the engine that
 * it multiplies integers: arguments of `Math.imul` may be any number, and would come by way of doubles.
 */
export function hashTuple(source: Address, destination: Address, ports: number, space: number): number {
  let h = Math.imul(source | 0, 0x9e3779b1) ^ Math.imul(ports | 0, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h ^= Math.imul(destination | 0, 0xc2b2ae35) ^ Math.imul(space | 0, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return h ^ (h >>> 15);
}

/** `10.0.0.1` as an address; null unless it is four decimal parts of 0 to 255. */
export function parseAddress(text: string): Address | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    address = (address << 8) | Number(part);
  }
  return address;
}

export function formatAddress(address: Address): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
