/** The key `lab` of a scenario file. */
import { describe, expect, it } from 'vitest';
import { errorLines, load, MINIMAL } from '../scenario/files.ts';

const labOf = (text: string) => load(`${MINIMAL}${text}`).experiment.lab;

describe('the key lab', () => {
  it('is empty where a file has none', () => {
    expect(labOf('')).toEqual([]);
  });

  it('completes what is left out by the kind of race', () => {
    expect(
      labOf('lab: [{ race: same-socket }, { race: two-pods }, { race: two-pods, protocol: tcp }]'),
    ).toEqual([
      {
        kind: 'race',
        senders: 'same-socket',
        protocol: 'udp',
        to: 'service',
        pairs: 2000,
        answerAfterNs: null,
      },
      {
        kind: 'race',
        senders: 'two-pods',
        protocol: 'udp',
        to: 'external',
        pairs: 2000,
        answerAfterNs: null,
      },
      { kind: 'race', senders: 'two-pods', protocol: 'tcp', to: 'external', pairs: 500, answerAfterNs: null },
    ]);
  });

  it('keeps what is there', () => {
    expect(labOf('lab: [{ race: same-socket, to: external, pairs: 7, answerAfter: 1.2s }]')).toEqual([
      {
        kind: 'race',
        senders: 'same-socket',
        protocol: 'udp',
        to: 'external',
        pairs: 7,
        answerAfterNs: 1.2e9,
      },
    ]);
  });

  it('fills twice the ports of the range, and of the table what the machine will say', () => {
    const nat = 'nat: { masquerade: { range: 20000-20127 } }\n';
    expect(labOf(`${nat}lab: [{ fill: ports }, { fill: ports, flows: 9 }, { fill: table }]`)).toEqual([
      { kind: 'fill', what: 'ports', flows: 256 },
      { kind: 'fill', what: 'ports', flows: 9 },
      { kind: 'fill', what: 'table', flows: 0 },
    ]);
  });

  it.each([
    [
      'tcp on one socket',
      '{ race: same-socket, protocol: tcp }',
      'contradiction 6:36: lab[0].protocol: two threads cannot connect one TCP socket (race: two-pods, or protocol: udp)',
    ],
    [
      'answers to connects',
      '{ race: two-pods, protocol: tcp, answerAfter: 1s }',
      'contradiction 6:51: lab[0].answerAfter: a TCP connect is answered at once, by the kernel (remove `answerAfter`, or protocol: udp)',
    ],
    [
      'answers after a day',
      '{ race: two-pods, answerAfter: 1d }',
      'out-of-range 6:36: lab[0].answerAfter: "1d" is out of range (at most 1m)',
    ],
    [
      'ports to fill where there is no range',
      '{ fill: ports }',
      'contradiction 6:13: lab[0].fill: the masquerade rule has no range of ports that could be used up (nat: { masquerade: { range: 20000-20127 } })',
    ],
    [
      'a race that is none',
      '{ race: three-pods }',
      'wrong-value 6:13: lab[0].race: "three-pods" is not one of the words that belong here (one of same-socket, two-pods)',
    ],
    [
      'no pairs',
      '{ race: two-pods, pairs: 0 }',
      'out-of-range 6:30: lab[0].pairs: 0 is out of range (at least 1)',
    ],
    [
      'a word alone',
      'race',
      'wrong-value 6:5: lab[0]: "race" is not valid here; expected { race: same-socket }, { race: two-pods }, { fill: ports } or { fill: table }, with what else they take',
    ],
  ])('refuses %s', (_, item, line) => {
    expect(errorLines(`${MINIMAL}lab:\n  - ${item}\n`)).toEqual([line]);
  });

  it('refuses a key of the other kind, and does not send it where it is', () => {
    expect(errorLines(`${MINIMAL}lab:\n  - { fill: table, pairs: 5 }\n`)).toEqual([
      'unknown-key 6:20: lab[0].pairs: unknown key "pairs" (known here: `race`, `protocol`, `to`, `answerAfter`, `fill`, `flows`)',
    ]);
  });

  it('is a list', () => {
    expect(errorLines(`${MINIMAL}lab: 5\n`)[0]).toMatch(/^wrong-type 5:6: lab: expected a list/);
  });
});
