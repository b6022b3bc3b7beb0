/** From the two files of a recording to its lookups: the steps of the conversion in order. */
import { type DnsMessage, readDnsMessage, TYPE_A, TYPE_AAAA } from './dnsMessage.ts';
import { type DnsPacket, type Folded, foldLookups } from './foldLookups.ts';
import { InputError } from './inputError.ts';
import { type CapturedPacket, readPcap } from './pcap.ts';
import { type ResolvConf, readResolvConf } from './resolvConf.ts';
import { type NoDatagram, readUdpDatagram } from './udpDatagram.ts';

export interface Recording extends Folded {
  readonly packets: readonly CapturedPacket[];
  readonly dnsPackets: readonly DnsPacket[];
  /** Packets left aside, by reason. */
  readonly leftAside: ReadonlyMap<LeftAside, number>;
  readonly resolvConf: ResolvConf;
}

export type LeftAside =
  | NoDatagram
  | 'cut by the snap length'
  | 'not the name server'
  | 'not DNS'
  | 'not A or AAAA';

const DNS_PORT = 53;

/**
 * @param capture the bytes of a classic pcap file, taken at the pods: names servers have the addresses of
 *   `resolvConf`, and clients their own.
 * @throws InputError, and nothing else, whatever the bytes are.
 */
export function readLookups(capture: Uint8Array, resolvConfText: string): Recording {
  const resolvConf = readResolvConf(resolvConfText);
  const packets = readPcap(capture);
  const dnsPackets: DnsPacket[] = [];
  const leftAside = new Map<LeftAside, number>();
  for (const packet of packets) {
    const read = readDnsPacket(packet, resolvConf);
    if (typeof read === 'string') leftAside.set(read, (leftAside.get(read) ?? 0) + 1);
    else dnsPackets.push(read);
  }

  const folded = foldLookups(dnsPackets, resolvConf);
  if (folded.lookups.length === 0) {
    throw new InputError(
      'no-lookups',
      `${packets.length} packets`,
      `no A or AAAA query to ${resolvConf.nameServers.join(', ')}`,
      'Capture at the pods, before their packets are translated, and give their resolv.conf.',
    );
  }
  return { ...folded, packets, dnsPackets, leftAside, resolvConf };
}

function readDnsPacket(packet: CapturedPacket, { nameServers }: ResolvConf): DnsPacket | LeftAside {
  if (packet.cut) return 'cut by the snap length';
  const datagram = readUdpDatagram(packet.bytes);
  if (typeof datagram === 'string') return datagram;

  const { source, sourcePort, destination, destinationPort } = datagram;
  const isQuery = destinationPort === DNS_PORT && nameServers.includes(destination);
  const isAnswer = sourcePort === DNS_PORT && nameServers.includes(source);
  if (!isQuery && !isAnswer) return 'not the name server';
  const message: DnsMessage | null = readDnsMessage(datagram.payload);
  if (message === null || message.isAnswer !== isAnswer) return 'not DNS';
  if (message.type !== TYPE_A && message.type !== TYPE_AAAA) return 'not A or AAAA';
  return {
    timeNs: packet.timeNs,
    client: isQuery ? source : destination,
    port: isQuery ? sourcePort : destinationPort,
    message,
  };
}
