import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/scenario/defaults.ts';
import { errorLines, load } from './files.ts';

const FILE = `kernel: "4.14.96"
pods:
  - name: php
    count: 2
    dns: { arrivals: { replay: queries.csv }, names: [{ name: gone.example.com, families: [] }] }
`;

const reading = (csv: string) => ({ path: 'scenarios/x.yaml', readFile: () => csv });

function dnsOf(csv: string, file = FILE) {
  return load(file, reading(csv)).scenario.pods[0]!.dns!;
}

function errorsIn(csv: string): string[] {
  return errorLines(FILE, reading(csv)).map((line) => line.replace('scenarios/', ''));
}

describe('a query log', () => {
  it('is read relative to the scenario file', () => {
    const asked: string[] = [];
    const readFile = (path: string) => {
      asked.push(path);
      return 'time,pod,name\n0,0,a.b\n';
    };
    load(FILE, { path: 'scenarios/x.yaml', readFile });
    load(FILE.replace('queries.csv', '/var/log/q.csv'), { path: 'scenarios/x.yaml', readFile });
    load(FILE, { path: 'x.yaml', readFile });
    expect(asked).toEqual(['scenarios/queries.csv', '/var/log/q.csv', 'queries.csv']);
  });

  it('gives exact nanoseconds, in order of time', () => {
    const { arrivals } = dnsOf(
      'time,pod,name\n2.000000001,1,gone.example.com\n0.1,0,gone.example.com\n3,0,gone.example.com',
    );
    expect(arrivals).toEqual({
      process: 'replay',
      log: [
        { atNs: 100_000_000, pod: 0, name: 0 },
        { atNs: 2_000_000_001, pod: 1, name: 0 },
        { atNs: 3_000_000_000, pod: 0, name: 0 },
      ],
    });
  });

  it('brings names of its own after those described', () => {
    const { names, arrivals } = dnsOf('time,pod,name\r\n0,0,redis\r\n1,0,gone.example.com\r\n2,0,redis\r\n');
    expect(names.map(({ name, fqdn }) => [name, fqdn])).toEqual([
      ['gone.example.com', 'gone.example.com'],
      ['redis', 'redis.default.svc.cluster.local'],
    ]);
    expect(arrivals.process === 'replay' && arrivals.log.map(({ name }) => name)).toEqual([1, 0, 1]);
  });

  it('names destinations for connections', () => {
    const file = FILE.replace(/dns: .*/, 'tcp: { arrivals: { replay: queries.csv } }');
    const { tcp } = load(file, reading('time,pod,name\n0,1,203.0.113.10:443\n')).scenario.pods[0]!;
    expect(tcp!.to).toEqual([{ address: '203.0.113.10', port: 443 }]);
  });

  it('may stand in the scenario file itself', () => {
    const file = FILE.replace('queries.csv', '[[2s, 0, a.b], [1.5ms, 1, 0]]');
    const { arrivals } = load(file).scenario.pods[0]!.dns!;
    expect(arrivals).toEqual({
      process: 'replay',
      log: [
        { atNs: 1_500_000, pod: 1, name: 0 },
        { atNs: 2e9, pod: 0, name: 1 },
      ],
    });
  });
});

describe('a query log with an error', () => {
  it('says the line and column in the log', () => {
    const csv = 'time,pod,name\n0,0,a.b\n1.5x,0,a.b\n2,7,a.b\n3,0,a b\n4,0\n\n-1,x,a.b\n';
    expect(errorsIn(csv)).toEqual([
      'replay-row queries.csv:3:1: pods[0].dns.arrivals.replay: "1.5x" is no time (seconds since the start of the measured time with at most nine decimals, e.g. 12.000250)',
      'replay-row queries.csv:6:1: pods[0].dns.arrivals.replay: 2 columns; expected time,pod,name',
      'replay-row queries.csv:7:1: pods[0].dns.arrivals.replay: 0 columns; expected time,pod,name',
      'replay-row queries.csv:8:1: pods[0].dns.arrivals.replay: "-1" is no time (seconds since the start of the measured time with at most nine decimals, e.g. 12.000250)',
      'replay-row queries.csv:4:3: pods[0].dns.arrivals.replay: "7" is no pod of this group (pods are 0 to 1)',
      'replay-row queries.csv:5:5: pods[0].dns.arrivals.replay: "a b" is not valid here; expected a host name, such as api.example.com',
      'replay-row queries.csv:8:4: pods[0].dns.arrivals.replay: "x" is no pod of this group (pods are 0 to 1)',
    ]);
  });

  it.each([
    [
      'has another header',
      'time;pod;name\n',
      'replay-row queries.csv:1:1: pods[0].dns.arrivals.replay: "time;pod;name" is not the header of a query log (the first line is: time,pod,name)',
    ],
    ['is empty', '', 'replay-row queries.csv:1:1: pods[0].dns.arrivals.replay: the query log has no rows'],
    [
      'has times of the calendar',
      'time,pod,name\n1573000000.5,0,a.b\n',
      'replay-row queries.csv:2:1: pods[0].dns.arrivals.replay: "1573000000.5" seconds is later than any run lasts (subtract the time of the first row from all of them)',
    ],
    [
      'is finer than a nanosecond',
      'time,pod,name\n0.0000000001,0,a.b\n',
      'replay-row queries.csv:2:1: pods[0].dns.arrivals.replay: "0.0000000001" is no time (seconds since the start of the measured time with at most nine decimals, e.g. 12.000250)',
    ],
  ])('is refused where it %s', (_, csv, line) => {
    expect(errorsIn(csv)).toEqual([line]);
  });

  it('is refused where it is too large', () => {
    expect(errorsIn('x'.repeat(LIMITS.logLength + 1))).toEqual([
      'limit queries.csv:1:1: pods[0].dns.arrivals.replay: the query log has more than 64000000 characters (cut it, or sample it)',
    ]);
  });

  it('that cannot be read is an error of the scenario file', () => {
    const readFile = () => {
      throw new Error('ENOENT: no such file');
    };
    expect(errorLines(FILE, { readFile })).toEqual([
      'replay-unreadable 5:32: pods[0].dns.arrivals.replay: the query log "queries.csv" cannot be read: ENOENT: no such file (the path is relative to the scenario file)',
    ]);
  });

  it('cannot be read where there are no files', () => {
    expect(errorLines(FILE)).toEqual([
      'replay-unreadable 5:32: pods[0].dns.arrivals.replay: the query log "queries.csv" cannot be read: no files can be read here (the path is relative to the scenario file)',
    ]);
  });

  it('within the scenario file has its places there', () => {
    const file = FILE.replace('queries.csv', '[[1s, 2, a.b], [1s, 0, 5], [1s, 0, a b], [5, 0, a.b]]');
    expect(errorLines(file)).toEqual([
      'missing-unit 5:74: pods[0].dns.arrivals.replay[3][0]: 5 has no unit; expected a duration with its unit, such as 5s, 20us or 1.5ms (give a unit, e.g. 5s)',
    ]);
    expect(errorLines(file.replace('[5, 0', '[5s, 0'))).toEqual([
      'replay-row 5:38: pods[0].dns.arrivals.replay[0][1]: 2 is no pod of this group (pods are 0 to 1)',
      'replay-row 5:55: pods[0].dns.arrivals.replay[1][2]: 5 is not valid here; expected the index of a name',
      'replay-row 5:67: pods[0].dns.arrivals.replay[2][2]: "a b" is not valid here; expected a host name, such as api.example.com',
    ]);
  });
});
