/**
 * Classic pcap files, read strictly: every length is checked before it is used, because a capture comes from
 * a network that anybody may have written to. What does not fit is an `InputError`, never a guess.
 *
 * Format: draft-ietf-opsawg-pcap. Both byte orders, microseconds or nanoseconds, Ethernet only.
 */
import { InputError } from './inputError.ts';

export interface CapturedPacket {
  /** Position in the file, from 1, as Wireshark counts. */
  readonly number: number;
  /** Since the earliest packet of the capture; below `LONGEST_CAPTURE_NS`. */
  readonly timeNs: number;
  /** As captured, from the Ethernet header on. */
  readonly bytes: Uint8Array;
  /** The capture's snap length cut the packet. */
  readonly cut: boolean;
}

/** A day: as long as a scenario may last. A longer span is a damaged time stamp rather than a capture. */
export const LONGEST_CAPTURE_NS = 86_400_000_000_000;

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** libpcap's MAXIMUM_SNAPLEN. */
const LONGEST_PACKET_BYTES = 262_144;
const ETHERNET = 1;

const MICROSECOND_MAGIC = 0xa1b2c3d4;
const NANOSECOND_MAGIC = 0xa1b23c4d;
const PCAPNG_MAGIC = 0x0a0d0d0a;

/** The packets of a capture in order of time; packets of one moment keep the order of the file. */
export function readPcap(file: Uint8Array): CapturedPacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const { littleEndian, unitNs } = readFileHeader(view);

  const records: { number: number; stampNs: bigint; bytes: Uint8Array; cut: boolean }[] = [];
  let offset = FILE_HEADER_BYTES;
  while (offset < view.byteLength) {
    const number = records.length + 1;
    const place = `packet ${number}, byte ${offset}`;
    if (view.byteLength - offset < RECORD_HEADER_BYTES) throw cutOff(place);
    const seconds = view.getUint32(offset, littleEndian);
    const fraction = view.getUint32(offset + 4, littleEndian);
    const capturedBytes = view.getUint32(offset + 8, littleEndian);
    const originalBytes = view.getUint32(offset + 12, littleEndian);
    if (fraction * unitNs >= 1_000_000_000) throw badRecord(place, `${fraction} is no fraction of a second`);
    if (capturedBytes > LONGEST_PACKET_BYTES) throw badRecord(place, `length ${capturedBytes} is beyond any`);
    if (capturedBytes > originalBytes) {
      throw badRecord(place, `${capturedBytes} bytes captured of a packet of ${originalBytes}`);
    }
    offset += RECORD_HEADER_BYTES;
    if (view.byteLength - offset < capturedBytes) throw cutOff(place);
    records.push({
      number,
      stampNs: BigInt(seconds) * 1_000_000_000n + BigInt(fraction * unitNs),
      bytes: file.subarray(offset, offset + capturedBytes),
      cut: capturedBytes < originalBytes,
    });
    offset += capturedBytes;
  }

  // A capture on several CPUs may be out of order by microseconds.
  records.sort((a, b) => (a.stampNs < b.stampNs ? -1 : a.stampNs > b.stampNs ? 1 : a.number - b.number));
  const first = records[0]?.stampNs ?? 0n;
  return records.map(({ number, stampNs, bytes, cut }) => {
    if (stampNs - first >= LONGEST_CAPTURE_NS) {
      throw new InputError(
        'time-span',
        `packet ${number}`,
        'its time stamp is a day or more after the first one',
        'A record is damaged, or the capture is too long: cut it with `editcap -A ... -B ...`.',
      );
    }
    return { number, timeNs: Number(stampNs - first), bytes, cut };
  });
}

function readFileHeader(view: DataView): { littleEndian: boolean; unitNs: number } {
  const place = 'the head of the capture';
  const magic = view.byteLength >= 4 ? view.getUint32(0) : 0;
  if (magic === PCAPNG_MAGIC) {
    throw new InputError(
      'pcapng',
      place,
      'this is pcapng, and only classic pcap is read',
      'Convert it: `editcap -F pcap capture.pcapng capture.pcap`.',
    );
  }
  const littleEndian = !isPcapMagic(magic);
  if (littleEndian && !(view.byteLength >= 4 && isPcapMagic(view.getUint32(0, true)))) {
    throw new InputError(
      'not-pcap',
      place,
      `0x${magic.toString(16).padStart(8, '0')} is not how a pcap file begins`,
      'Give an uncompressed file as `tcpdump -w` writes it.',
    );
  }
  if (view.byteLength < FILE_HEADER_BYTES) throw cutOff(place);

  const version = `${view.getUint16(4, littleEndian)}.${view.getUint16(6, littleEndian)}`;
  if (version !== '2.4') {
    throw new InputError(
      'pcap-version',
      place,
      `version ${version} is not 2.4`,
      'Rewrite it with `editcap -F pcap`.',
    );
  }
  const linkType = view.getUint32(20, littleEndian);
  if (linkType !== ETHERNET) {
    throw new InputError(
      'link-type',
      place,
      `link type ${linkType} is not Ethernet (1)`,
      "Capture on the pod's own interface (`tcpdump -i vethXXXX`), not on `any`.",
    );
  }
  return { littleEndian, unitNs: view.getUint32(0, littleEndian) === NANOSECOND_MAGIC ? 1 : 1_000 };
}

function isPcapMagic(magic: number): boolean {
  return magic === MICROSECOND_MAGIC || magic === NANOSECOND_MAGIC;
}

function cutOff(place: string): InputError {
  return new InputError(
    'cut-off',
    place,
    'the file ends inside it',
    'The capture was interrupted: `editcap capture.pcap repaired.pcap` keeps the packets before.',
  );
}

function badRecord(place: string, problem: string): InputError {
  return new InputError('bad-record', place, problem, 'The file is damaged: capture again.');
}
