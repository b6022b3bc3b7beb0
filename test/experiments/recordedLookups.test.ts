import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCsv } from '../../experiments/recorded-lookups/convert.ts';
import { describeRecording } from '../../experiments/recorded-lookups/describe.ts';
import { readDnsMessage, TYPE_A, TYPE_AAAA } from '../../experiments/recorded-lookups/dnsMessage.ts';
import { type DnsPacket, foldLookups } from '../../experiments/recorded-lookups/foldLookups.ts';
import { InputError } from '../../experiments/recorded-lookups/inputError.ts';
import { readPcap } from '../../experiments/recorded-lookups/pcap.ts';
import { readLookups } from '../../experiments/recorded-lookups/readLookups.ts';
import { readResolvConf } from '../../experiments/recorded-lookups/resolvConf.ts';

const FOLDER = new URL('../../experiments/recorded-lookups/', import.meta.url);
const capture = new Uint8Array(readFileSync(new URL('../data/pod1-side.pcap', import.meta.url)));
const resolvConf = readText('resolv.conf');

function readText(name: string): string {
  return readFileSync(fileURLToPath(new URL(name, FOLDER)), 'utf8');
}

describe('the recorded lookups', () => {
  it('are what the capture converts to', () => {
    expect(toCsv(readLookups(capture, resolvConf).lookups)).toBe(readText('lookups.csv'));
  });

  it('have the figures that the README quotes', () => {
    expect(readText('README.md')).toContain(describeRecording(readLookups(capture, resolvConf)));
  });

  it('account for every A and AAAA packet of the capture', () => {
    const { lookups, dnsPackets } = readLookups(capture, resolvConf);
    const queries = lookups.flatMap(({ steps }) => steps.flatMap((step) => step.queries));
    const answers = queries.filter(({ answer }) => answer !== null);
    expect(queries.length + answers.length).toBe(dnsPackets.length);
  });
});

describe('a capture file', () => {
  it('reads the same in the other byte order and with nanoseconds', () => {
    expect(readPcap(asBigEndianNanoseconds(capture))).toEqual(readPcap(capture));
  });

  it('is put in order of time when packets of two CPUs were written out of order', () => {
    const [first, second] = readPcap(capture);
    const swapped = concat(capture.subarray(0, 24), record(capture, 1), record(capture, 0));
    expect(readPcap(swapped).map(({ timeNs, bytes }) => ({ timeNs, bytes }))).toEqual([
      { timeNs: 0, bytes: first!.bytes },
      { timeNs: second!.timeNs, bytes: second!.bytes },
    ]);
  });

  it.each([
    ['pcapng', 'pcapng', [0, 0x0a, 0x0d, 0x0d, 0x0a]],
    ['something else', 'not-pcap', [0, 0x1f, 0x8b, 0x08, 0x00]],
    ['an unknown version', 'pcap-version', [4, 3]],
    ['a link type without Ethernet headers', 'link-type', [20, 113]],
    ['a packet longer than any', 'bad-record', [24 + 8, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]],
    ['more captured than was sent', 'bad-record', [24 + 12, 1, 0, 0, 0]],
    ['a second of more than a million microseconds', 'bad-record', [24 + 4, 0x40, 0x42, 0x0f, 0]],
    ['a time stamp days away', 'time-span', [24, 0, 0, 0, 0]],
  ])('with %s is refused as %s', (_what, code, [offset, ...bytes]) => {
    const damaged = capture.slice();
    damaged.set(bytes, offset);
    expect(codeOf(() => readPcap(damaged))).toBe(code);
  });

  it("without a query to the pods' name server is refused", () => {
    expect(codeOf(() => readLookups(capture, resolvConf.replace('10.96.0.10', '10.96.0.11')))).toBe(
      'no-lookups',
    );
  });

  it('that is cut anywhere is refused, or is a shorter capture if the cut falls between two packets', () => {
    const whole = readPcap(capture).length;
    fc.assert(
      fc.property(fc.nat(capture.length - 1), (length) => {
        const outcome = tryRead(() => readPcap(capture.subarray(0, length)));
        if (outcome instanceof InputError) expect(['cut-off', 'not-pcap']).toContain(outcome.code);
        else expect(outcome.length).toBeLessThan(whole);
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it('that is damaged anywhere gives lookups or a refusal, and no other error', () => {
    const start = capture.subarray(0, boundaryAfter(120));
    const damage = fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(damage, fc.nat(start.length), (changes, length) => {
        const damaged = start.slice(0, length);
        for (const [offset, value] of changes) if (offset < length) damaged[offset] = value;
        const outcome = tryRead(() => readLookups(damaged, resolvConf));
        if (!(outcome instanceof InputError)) expect(outcome.packets.length).toBeLessThanOrEqual(120);
      }),
      { seed: 42, numRuns: 2_000 },
    );
  });

  it('whose DNS bytes are damaged loses packets, and gives no other error', () => {
    const start = capture.slice(0, boundaryAfter(120));
    const intact = readLookups(start, resolvConf);
    const dnsByte = fc.tuple(fc.nat(119), fc.integer({ min: 14, max: 90 }), fc.nat(255));
    fc.assert(
      fc.property(fc.array(dnsByte, { minLength: 1, maxLength: 40 }), (changes) => {
        const damaged = start.slice();
        for (const [packet, offset, value] of changes) {
          const at = boundaryAfter(packet) + 16 + offset;
          if (at < boundaryAfter(packet + 1)) damaged[at] = value;
        }
        const outcome = tryRead(() => readLookups(damaged, resolvConf));
        if (outcome instanceof InputError) expect(outcome.code).toBe('no-lookups');
        else expect(outcome.dnsPackets.length).toBeLessThanOrEqual(intact.dnsPackets.length);
      }),
      { seed: 42, numRuns: 1_000 },
    );
  });
});

describe('a DNS message', () => {
  const question = [...'\x03api\x07example\x03com\x00'].map((character) => character.charCodeAt(0));

  it('tells its question, its code and whether it holds an address of the asked type', () => {
    const cname = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 12];
    const address = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 198, 51, 100, 7];
    expect(readDnsMessage(message({ flags: 0x8580, name: question, answers: [cname, address] }))).toEqual({
      id: 0x1234,
      isAnswer: true,
      code: 0,
      truncated: false,
      type: TYPE_A,
      name: 'api.example.com',
      addresses: 1,
    });
  });

  it.each([
    ['a question that points to itself', message({ name: [0xc0, 12] })],
    ['a label that runs past the end', message({ name: [63, 97] })],
    ['a name without an end', message({ name: [1, 97] }).subarray(0, 14)],
    ['a name of more than 253 characters', message({ name: [...Array(130).fill([1, 97]).flat(), 0] })],
    ['a name that would break the CSV', message({ name: [3, 97, 44, 10, 0] })],
    ['no name', message({ name: [0] })],
    [
      'an answer that runs past the end',
      message({ name: question, answers: [[0xc0, 12, 0, 1, 0, 1, 0, 0]] }),
    ],
    ['a header alone', message({ name: question }).subarray(0, 12)],
    ['half a header', new Uint8Array(11)],
  ])('with %s is not read', (_what, bytes) => {
    expect(readDnsMessage(bytes)).toBeNull();
  });
});

describe('folding', () => {
  it('makes one lookup of a walk along the search list that ends at the first success', () => {
    const traffic = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', NXDOMAIN),
      ...pair(1, 40002, 'api.svc.cluster.local', FOUND),
    ];
    expect(fold(traffic)).toEqual([{ at: 0, pod: 'pod', name: 'api', asked: [2, 2] }]);
  });

  it('ends a walk with the name as given, after the whole list', () => {
    const traffic = [
      ...pair(0, 40001, 'api.example.com.shop.svc.cluster.local', NXDOMAIN),
      ...pair(1, 40002, 'api.example.com.svc.cluster.local', NXDOMAIN),
      ...pair(2, 40003, 'api.example.com.cluster.local', NODATA),
      ...pair(3, 40004, 'api.example.com.internal', SERVFAIL),
      ...pair(4, 40005, 'api.example.com', FOUND),
    ];
    expect(fold(traffic)).toEqual([{ at: 0, pod: 'pod', name: 'api.example.com', asked: [2, 2, 2, 2, 2] }]);
  });

  it('gives a trailing dot to a name that was asked for without the list', () => {
    expect(fold(pair(0, 40001, 'api.example.com', NXDOMAIN))).toEqual([
      { at: 0, pod: 'pod', name: 'api.example.com.', asked: [2] },
    ]);
  });

  it('gives no trailing dot to a name with enough dots, unless it failed and the list was not tried', () => {
    const dotted = 'a.b.c.d.e.example';
    expect(names(pair(0, 40001, dotted, FOUND))).toEqual([dotted]);
    expect(names(pair(0, 40001, dotted, NXDOMAIN))).toEqual([`${dotted}.`]);
    expect(
      names([
        ...pair(0, 40001, dotted, NXDOMAIN),
        ...pair(1, 40002, `${dotted}.shop.svc.cluster.local`, FOUND),
      ]),
    ).toEqual([dotted]);
  });

  it('keeps two interleaved lookups of one name from two sockets apart', () => {
    const traffic = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', NXDOMAIN, { answeredAfterMs: 3 }),
      ...pair(1, 40002, 'api.shop.svc.cluster.local', NXDOMAIN, { answeredAfterMs: 1 }),
      ...pair(2.5, 40003, 'api.svc.cluster.local', FOUND, { answeredAfterMs: 3 }),
      ...pair(4, 40004, 'api.svc.cluster.local', FOUND, { answeredAfterMs: 1 }),
    ];
    expect(portsOf(traffic)).toEqual([
      [40001, 40004],
      [40002, 40003],
    ]);
  });

  it('keeps two pods apart that use the same port for the same name', () => {
    const traffic = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', FOUND, { client: 'pod' }),
      ...pair(0.1, 40001, 'api.shop.svc.cluster.local', FOUND, { client: 'other' }),
    ];
    expect(fold(traffic).map(({ pod, name }) => [pod, name])).toEqual([
      ['pod', 'api'],
      ['other', 'api'],
    ]);
  });

  it('counts a pair that is sent again after five silent seconds to the lookup that sent it', () => {
    const traffic = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', SILENCE, { id: 7 }),
      ...pair(5_005, 40001, 'api.shop.svc.cluster.local', FOUND, { id: 7 }),
    ];
    expect(fold(traffic)).toEqual([{ at: 0, pod: 'pod', name: 'api', asked: [4] }]);
  });

  it('counts a pair that is sent again after a refusal to the lookup that sent it', () => {
    const traffic = [
      ...pair(0, 40001, 'api.example.com', REFUSED, { id: 7 }),
      ...pair(1, 40001, 'api.example.com', REFUSED, { id: 7 }),
    ];
    expect(fold(traffic)).toEqual([{ at: 0, pod: 'pod', name: 'api.example.com.', asked: [4] }]);
  });

  it('goes from a list element that stays silent to the name as given', () => {
    const traffic = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', SILENCE, { id: 7 }),
      ...pair(5_000, 40001, 'api.shop.svc.cluster.local', SILENCE, { id: 7 }),
      ...pair(10_001, 40002, 'api', FOUND),
    ];
    expect(fold(traffic)).toEqual([{ at: 0, pod: 'pod', name: 'api', asked: [4, 2] }]);
  });

  it('begins a new lookup when the same port asks for the same name with another id', () => {
    const traffic = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', FOUND, { id: 7 }),
      ...pair(900, 40001, 'api.shop.svc.cluster.local', FOUND, { id: 9 }),
    ];
    expect(fold(traffic).map(({ at }) => at)).toEqual([0, 900]);
  });

  it('joins AAAA from a second socket to the A that was answered before it, as single-request-reopen sends them', () => {
    const name = 'api.shop.svc.cluster.local';
    const traffic = [
      query(0, 40001, name, TYPE_A, 7),
      answer(1, 40001, name, TYPE_A, 7, NXDOMAIN),
      query(1.1, 40002, name, TYPE_AAAA, 8),
      answer(2, 40002, name, TYPE_AAAA, 8, NXDOMAIN),
      ...pair(2.1, 40003, 'api.svc.cluster.local', FOUND),
    ];
    expect(fold(traffic)).toEqual([{ at: 0, pod: 'pod', name: 'api', asked: [2, 2] }]);
  });

  it('counts an answer that nobody waits for as stray', () => {
    const packets = [
      ...pair(0, 40001, 'api.shop.svc.cluster.local', FOUND, { id: 7 }),
      answer(1, 40001, 'api.shop.svc.cluster.local', TYPE_A, 7, FOUND),
    ];
    expect(foldLookups(packets, CONF).strayAnswers).toBe(1);
  });

  it('gives up on a query that is repeated without end', () => {
    const flood = Array.from({ length: 70_000 }, () => query(0, 40001, 'api.example.com', TYPE_A, 7));
    expect(codeOf(() => foldLookups(flood, CONF))).toBe('too-many-lookups');
  });

  it('refuses more lookups at once than can be told apart', () => {
    const flood = Array.from({ length: 5_000 }, (_, id) => query(0, 40001, 'api.example.com', TYPE_A, id));
    expect(codeOf(() => foldLookups(flood, CONF))).toBe('too-many-lookups');
  });
});

describe('a resolv.conf', () => {
  it('gives the servers, the last search list, ndots and the timeout', () => {
    const text = [
      '# pod',
      'nameserver 10.96.0.10',
      'domain old.example',
      'search Shop.svc.cluster.local. svc.cluster.local',
      'options ndots:5 timeout:2 single-request',
      '',
    ].join('\n');
    expect(readResolvConf(text)).toEqual({
      nameServers: ['10.96.0.10'],
      search: ['shop.svc.cluster.local', 'svc.cluster.local'],
      ndots: 5,
      timeoutSeconds: 2,
    });
  });

  it.each([
    ['no server', 'search a.example'],
    ['an IPv6 server', 'nameserver fd00::a'],
    ['an option that sends lookups over TCP', 'nameserver 10.0.0.1\noptions use-vc'],
    ['a number that is none', 'nameserver 10.0.0.1\noptions ndots:many'],
    ['a search list that names a domain twice', 'nameserver 10.0.0.1\nsearch a.example a.example'],
    ['an unknown keyword', 'nameserver 10.0.0.1\nnameservers 10.0.0.2'],
  ])('with %s is refused', (_what, text) => {
    expect(codeOf(() => readResolvConf(text))).toBe('resolv-conf');
  });
});

const CONF = readResolvConf(
  'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local internal\noptions ndots:5\n',
);

interface Reply {
  readonly code: number;
  readonly addresses: number;
}
const FOUND: Reply = { code: 0, addresses: 1 };
const NODATA: Reply = { code: 0, addresses: 0 };
const SERVFAIL: Reply = { code: 2, addresses: 0 };
const NXDOMAIN: Reply = { code: 3, addresses: 0 };
const REFUSED: Reply = { code: 5, addresses: 0 };
const SILENCE = null;

/** A and AAAA from one port, and their answers `answeredAfterMs` later; sorted by `fold`. */
function pair(
  atMs: number,
  port: number,
  name: string,
  reply: Reply | null,
  { id = port, answeredAfterMs = 0.5, client = 'pod' } = {},
): DnsPacket[] {
  const packets = [query(atMs, port, name, TYPE_A, id), query(atMs + 0.02, port, name, TYPE_AAAA, id + 1)];
  if (reply !== null) {
    packets.push(
      answer(atMs + answeredAfterMs, port, name, TYPE_A, id, reply),
      answer(atMs + answeredAfterMs + 0.02, port, name, TYPE_AAAA, id + 1, reply),
    );
  }
  return packets.map((packet) => ({ ...packet, client }));
}

function query(atMs: number, port: number, name: string, type: number, id: number): DnsPacket {
  const message = { id, isAnswer: false, code: 0, truncated: false, type, name, addresses: 0 };
  return { timeNs: Math.round(atMs * 1e6), client: 'pod', port, message };
}

function answer(atMs: number, port: number, name: string, type: number, id: number, reply: Reply): DnsPacket {
  const message = { id, isAnswer: true, truncated: false, type, name, ...reply };
  return { timeNs: Math.round(atMs * 1e6), client: 'pod', port, message };
}

function foldInOrder(packets: readonly DnsPacket[]) {
  return foldLookups(
    packets.toSorted((a, b) => a.timeNs - b.timeNs),
    CONF,
  ).lookups;
}

/** What a test needs of each lookup: start in ms, who, the name as given, queries per name asked for. */
function fold(packets: readonly DnsPacket[]) {
  return foldInOrder(packets).map(({ startNs, client, name, steps }) => ({
    at: startNs / 1e6,
    pod: client,
    name,
    asked: steps.map(({ queries }) => queries.length),
  }));
}

function names(packets: readonly DnsPacket[]): string[] {
  return fold(packets).map(({ name }) => name);
}

function portsOf(packets: readonly DnsPacket[]): number[][] {
  return foldInOrder(packets).map(({ steps }) => steps.map(({ queries }) => queries[0]!.port));
}

function message({
  name,
  flags = 0x0100,
  answers = [],
}: {
  name: readonly number[];
  flags?: number;
  answers?: readonly (readonly number[])[];
}): Uint8Array {
  const header = [0x12, 0x34, flags >> 8, flags & 0xff, 0, 1, 0, answers.length, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...name, 0, TYPE_A, 0, 1, ...answers.flat()]);
}

function tryRead<T>(read: () => T): T | InputError {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function codeOf(read: () => unknown): string {
  const outcome = tryRead(read);
  return outcome instanceof InputError ? outcome.code : 'accepted';
}

/** Where in the capture the first `packets` packets end. */
function boundaryAfter(packets: number): number {
  const view = new DataView(capture.buffer);
  let offset = 24;
  for (let index = 0; index < packets; index++) offset += 16 + view.getUint32(offset + 8, true);
  return offset;
}

function record(file: Uint8Array, index: number): Uint8Array {
  return file.subarray(boundaryAfter(index), boundaryAfter(index + 1));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The same capture as a big-endian machine with nanosecond stamps would have written it. */
function asBigEndianNanoseconds(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  const swap32 = (offset: number, factor = 1) =>
    view.setUint32(offset, view.getUint32(offset, true) * factor);
  view.setUint32(0, 0xa1b23c4d);
  for (const offset of [4, 6]) view.setUint16(offset, view.getUint16(offset, true));
  for (const offset of [8, 12, 16, 20]) swap32(offset);
  let offset = 24;
  while (offset < copy.length) {
    const capturedBytes = view.getUint32(offset + 8, true);
    swap32(offset);
    swap32(offset + 4, 1_000);
    swap32(offset + 8);
    swap32(offset + 12);
    offset += 16 + capturedBytes;
  }
  return copy;
}
