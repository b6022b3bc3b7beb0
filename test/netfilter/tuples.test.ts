/** Tuples as four integers: packing, addresses, and a hash whose values are pinned. */
import { describe, expect, it } from 'vitest';
import { toJiffies } from '../../src/netfilter/entry.ts';
import { portRangeBase, portRangeSize } from '../../src/netfilter/natRange.ts';
import {
  destinationPort,
  formatAddress,
  hashTuple,
  invertPorts,
  packPorts,
  packSpace,
  parseAddress,
  protocolOf,
  sourcePort,
  TCP,
  UDP,
  UDPLITE,
} from '../../src/netfilter/tuple.ts';
import { isDropped } from '../../src/netfilter/verdict.ts';
import { masquerade } from './builders.ts';

describe('the hash of a tuple', () => {
  it('stays what it is: buckets, early drop and the starts of hashed --random follow from it', () => {
    // A change gives the runs of every seed another course: say so in the change log.
    expect(hashTuple(0, 0, 0, 0)).toBe(0);
    expect(hashTuple(1, 0, 0, 0)).toBe(27581278);
    expect(hashTuple(0, 1, 0, 0)).toBe(1578615152);
    expect(hashTuple(0, 0, 1, 0)).toBe(-417541653);
    expect(hashTuple(0, 0, 0, 1)).toBe(261369915);
    expect(hashTuple(167837697, -969727223, -1673527243, 17)).toBe(-1974283278);
    expect(hashTuple(-1, -1, -1, -1)).toBe(-1131125129);
  });
});

describe('ports and space', () => {
  it.each([
    [0, 0],
    [1, 65535],
    [65535, 1],
    [40000, 53],
    [65535, 65535],
  ])('%i and %i are packed, read and inverted', (source, destination) => {
    const ports = packPorts(source, destination);
    expect([sourcePort(ports), destinationPort(ports)]).toEqual([source, destination]);
    expect(invertPorts(ports)).toBe(packPorts(destination, source));
    expect(ports).toBe(ports | 0);
  });

  it('keep protocol and zone apart', () => {
    for (const protocol of [TCP, UDP, UDPLITE]) {
      expect(new Set([0, 1, 255, 65535].map((zone) => packSpace(protocol, zone))).size).toBe(4);
      for (const zone of [0, 1, 255, 65535]) expect(protocolOf(packSpace(protocol, zone))).toBe(protocol);
    }
  });
});

describe('an address', () => {
  it.each(['0.0.0.0', '10.1.0.1', '127.255.0.9', '192.0.2.1', '255.255.255.255'])(
    '%s is read and written',
    (text) => {
      expect(formatAddress(parseAddress(text) as number)).toBe(text);
    },
  );

  it('is its four bytes, the first one highest', () => {
    expect(parseAddress('1.2.3.4')).toBe(0x01020304);
    expect(parseAddress('255.255.255.254')).toBe(-2);
    expect(formatAddress(-1)).toBe('255.255.255.255');
  });

  it('is four decimal parts of 0 to 255, and nothing else', () => {
    for (const text of [
      ...['', '1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3'],
      ...['256.0.0.1', '0.0.0.256', '999.1.1.1', '1000.1.1.1', '0.0.0.1000'],
      ...[
        '01.2.3.4',
        '1.2.3.00',
        '1.2.3.x',
        'x1.2.3.4',
        '1x.2.3.4',
        '-1.2.3.4',
        '1.2.3.4 ',
        ' 1.2.3.4',
        '0x1.2.3.4',
      ],
    ]) {
      expect(parseAddress(text)).toBeNull();
    }
  });
});

describe('the range in which a port is looked for', () => {
  const range = (port: number) => [portRangeBase(null, port), portRangeSize(null, port)];

  it('is the class of the packet’s own port', () => {
    expect([0, 1, 511].map(range)).toEqual(Array(3).fill([1, 511]));
    expect([512, 1023].map(range)).toEqual(Array(2).fill([600, 424]));
    expect([1024, 65535].map(range)).toEqual(Array(2).fill([1024, 64512]));
    const noPorts = masquerade();
    expect([portRangeBase(noPorts, 40000), portRangeSize(noPorts, 40000)]).toEqual([1024, 64512]);
  });

  it('is that of --to-ports, however it is written, whatever the port', () => {
    for (const ports of [
      { min: 20000, max: 20009 },
      { min: 20009, max: 20000 },
    ]) {
      const rule = masquerade('preserve', ports);
      for (const port of [1, 600, 40000]) {
        expect([portRangeBase(rule, port), portRangeSize(rule, port)]).toEqual([20000, 10]);
      }
    }
    const single = masquerade('preserve', { min: 20000, max: 20000 });
    expect(portRangeSize(single, 1)).toBe(1);
  });
});

describe('small rules', () => {
  it('a jiffy is four milliseconds, begun ones not counted', () => {
    expect([0, 3_999_999, 4_000_000, 7_999_999, 30e9].map(toJiffies)).toEqual([0, 0, 1, 1, 7500]);
  });

  it('verdicts 0 to 2 let a packet pass, the others drop it', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(isDropped)).toEqual([
      ...Array(3).fill(false),
      ...Array(7).fill(true),
    ]);
  });
});
