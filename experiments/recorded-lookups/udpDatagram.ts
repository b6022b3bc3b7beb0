/** Ethernet, IPv4 and UDP headers, as far as a DNS message needs them taken off. */

export interface UdpDatagram {
  /** Dotted quad. */
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** Why a frame holds no datagram for us. Only `malformed` is anybody's fault. */
export type NoDatagram = 'not IPv4' | 'not UDP' | 'fragment' | 'malformed';

const ETHERNET_HEADER_BYTES = 14;
const IPV4_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;

/** Checksums are not looked at: a sender's capture sees them before the network card fills them in. */
export function readUdpDatagram(frame: Uint8Array): UdpDatagram | NoDatagram {
  if (frame.length < ETHERNET_HEADER_BYTES) return 'malformed';
  if (uint16(frame, 12) !== ETHERTYPE_IPV4) return 'not IPv4';

  const afterEthernet = frame.subarray(ETHERNET_HEADER_BYTES);
  if (afterEthernet.length < IPV4_HEADER_BYTES || afterEthernet[0]! >> 4 !== 4) return 'malformed';
  const headerBytes = (afterEthernet[0]! & 0xf) * 4;
  const totalBytes = uint16(afterEthernet, 2);
  if (headerBytes < IPV4_HEADER_BYTES || totalBytes < headerBytes) return 'malformed';
  if (totalBytes > afterEthernet.length) return 'malformed';
  if (afterEthernet[9] !== PROTOCOL_UDP) return 'not UDP';
  if ((uint16(afterEthernet, 6) & MORE_FRAGMENTS_OR_OFFSET) !== 0) return 'fragment';

  // What follows the packet's own length is Ethernet padding.
  const udp = afterEthernet.subarray(headerBytes, totalBytes);
  if (udp.length < UDP_HEADER_BYTES) return 'malformed';
  const udpBytes = uint16(udp, 4);
  if (udpBytes < UDP_HEADER_BYTES || udpBytes > udp.length) return 'malformed';
  return {
    source: afterEthernet.subarray(12, 16).join('.'),
    sourcePort: uint16(udp, 0),
    destination: afterEthernet.subarray(16, 20).join('.'),
    destinationPort: uint16(udp, 2),
    payload: udp.subarray(UDP_HEADER_BYTES, udpBytes),
  };
}

function uint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}
