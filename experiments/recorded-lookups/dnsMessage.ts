/**
 * The little of a DNS message (RFC 1035) that tells one lookup from another: the question, and for an answer
 * its code and whether it carries an address. Walks forward only, so no message can make it loop.
 */

export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  /** RCODE; 0 in a query. */
  readonly code: number;
  /** TC: the answer did not fit, and the client asks again over TCP. */
  readonly truncated: boolean;
  /** QTYPE as a number: 1 is A, 28 is AAAA. */
  readonly type: number;
  /** Absolute, without the trailing dot, in lower case. */
  readonly name: string;
  /** Records of the asked type in the answer section: a CNAME alone is no address. */
  readonly addresses: number;
}

export const TYPE_A = 1;
export const TYPE_AAAA = 28;

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const LONGEST_NAME = 253;
/** What a name in the CSV may consist of; anything else is no name that a program looks up. */
const LABEL = /^[a-z0-9_-]+$/;

/** The message, or null if it is not one standard query (or its answer) for one name of class IN. */
export function readDnsMessage(bytes: Uint8Array): DnsMessage | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const opcode = (flags >> 11) & 0xf;
  if (opcode !== 0 || view.getUint16(4) !== 1) return null;

  const question = readQuestionName(bytes);
  if (question === null || question.end + 4 > bytes.length) return null;
  const type = view.getUint16(question.end);
  if (view.getUint16(question.end + 2) !== CLASS_IN) return null;

  const addresses = countRecords(view, question.end + 4, view.getUint16(6), type);
  if (addresses === null) return null;
  return {
    id: view.getUint16(0),
    isAnswer: (flags & 0x8000) !== 0,
    code: flags & 0xf,
    truncated: (flags & 0x0200) !== 0,
    type,
    name: question.name,
    addresses,
  };
}

/** Compression is refused: before the first question there is no name that it could point to. */
function readQuestionName(bytes: Uint8Array): { name: string; end: number } | null {
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (;;) {
    const length = bytes[offset];
    if (length === undefined || length > 63) return null;
    offset += 1;
    if (length === 0) break;
    if (offset + length > bytes.length) return null;
    const label = String.fromCharCode(...bytes.subarray(offset, offset + length)).toLowerCase();
    if (!LABEL.test(label)) return null;
    labels.push(label);
    offset += length;
  }
  const name = labels.join('.');
  return name.length === 0 || name.length > LONGEST_NAME ? null : { name, end: offset };
}

/** How many of the next `records` are of the given type; null if one of them leaves the message. */
function countRecords(view: DataView, offset: number, records: number, type: number): number | null {
  let found = 0;
  for (let index = 0; index < records; index++) {
    const afterName = skipName(view, offset);
    if (afterName === null || afterName + 10 > view.byteLength) return null;
    if (view.getUint16(afterName) === type && view.getUint16(afterName + 2) === CLASS_IN) found += 1;
    offset = afterName + 10 + view.getUint16(afterName + 8);
    if (offset > view.byteLength) return null;
  }
  return found;
}

/** Where the name at `offset` ends; a pointer ends it and is not followed. */
function skipName(view: DataView, offset: number): number | null {
  while (offset < view.byteLength) {
    const length = view.getUint8(offset);
    if (length === 0) return offset + 1;
    if (length >= 0xc0) return offset + 2;
    if (length > 63) return null;
    offset += 1 + length;
  }
  return null;
}
