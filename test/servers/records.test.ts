import { describe, expect, it } from 'vitest';
import { NODATA, NOERROR, NXDOMAIN } from '../../src/network/dnsAnswers.ts';
import { type KnownName, Records } from '../../src/servers/records.ts';

const SEARCH = ['default.svc.cluster.local', 'svc.cluster.local'];

function known(name: string, fqdn: string, families: KnownName['families'] = ['ipv4']): KnownName {
  return { name, fqdn, families, ttlNs: 30e9 };
}

function records(...names: KnownName[]): Records {
  return new Records(names, SEARCH, new Map());
}

/** Answers to A and AAAA for each candidate: the bare name, then along the search list. */
function answers(of: Records, name = 0): number[][] {
  return [0, 1, 2].map((candidate) => [0, 1].map((type) => of.code(name, candidate, type)));
}

const NOWHERE = [NXDOMAIN, NXDOMAIN];

describe('what the DNS knows of a name', () => {
  it('exists at the bare name alone if that is its absolute name', () => {
    expect(answers(records(known('api.example.com', 'api.example.com')))).toEqual([
      [NOERROR, NODATA],
      NOWHERE,
      NOWHERE,
    ]);
  });

  it('exists at the element of the search list that makes its absolute name', () => {
    const service = known('db.shop', 'db.shop.svc.cluster.local', ['ipv4', 'ipv6']);
    expect(answers(records(service))).toEqual([NOWHERE, NOWHERE, [NOERROR, NOERROR]]);
  });

  it('has no data of a family that it lacks, and does not exist anywhere without families', () => {
    expect(answers(records(known('six.example', 'six.example', ['ipv6'])))[0]).toEqual([NODATA, NOERROR]);
    expect(answers(records(known('no.example', 'no.example', [])))).toEqual([NOWHERE, NOWHERE, NOWHERE]);
  });

  it('is the same with a trailing dot', () => {
    expect(answers(records(known('a.example.', 'a.example')))).toEqual(
      answers(records(known('a.example', 'a.example'))),
    );
  });

  it('includes another name of the group that a search list leads to', () => {
    const both = records(
      known('db', 'db.default.svc.cluster.local'),
      known('db.default', 'elsewhere.example'),
    );
    // db.default + svc.cluster.local is what `db` stands for.
    expect(answers(both, 1)[2]).toEqual([NOERROR, NODATA]);
  });

  it('numbers one absolute name alike in every group of a run, and its two types apart', () => {
    const registry = new Map<string, number>();
    const short = new Records([known('db', 'db.svc.cluster.local')], SEARCH, registry);
    const long = new Records([known('db.svc.cluster.local.', 'db.svc.cluster.local')], [], registry);
    expect(short.id(0, 2, 0)).toBe(long.id(0, 0, 0));
    expect(short.id(0, 2, 0)).not.toBe(short.id(0, 2, 1));
    expect(
      new Set([0, 1, 2].flatMap((candidate) => [0, 1].map((type) => short.id(0, candidate, type)))).size,
    ).toBe(6);
    expect(registry.size).toBe(6);
  });
});

describe('what servers with autopath answer', () => {
  const walking = (...names: KnownName[]) => new Records(names, SEARCH, new Map(), 'by-server');
  const FIRST = 1;

  it('is, for the first element of the list, what the bare name has', () => {
    const known4 = known('api.example.com', 'api.example.com');
    expect(answers(walking(known4))).toEqual([[NOERROR, NODATA], [NOERROR, NODATA], NOWHERE]);
  });

  it('is what an element of the list has before what the bare name has', () => {
    const service = known('db.shop', 'db.shop.svc.cluster.local', ['ipv6']);
    const host = known('db.shop.', 'db.shop', ['ipv4', 'ipv6']);
    // The walk ends where the name exists, even without an address of the family.
    expect(answers(walking(service, host))[FIRST]).toEqual([NODATA, NOERROR]);
  });

  it('is the same as ever where the first element exists', () => {
    const service = known('db', 'db.default.svc.cluster.local');
    const host = known('db.', 'db', ['ipv4', 'ipv6']);
    expect(answers(walking(service, host))[FIRST]).toEqual([NOERROR, NODATA]);
  });

  it('is that the name does not exist if no element makes one that does', () => {
    expect(answers(walking(known('no.example', 'no.example', [])))).toEqual([NOWHERE, NOWHERE, NOWHERE]);
  });

  it('needs a search list', () => {
    const bare = new Records([known('a.example', 'a.example')], [], new Map(), 'by-server');
    expect([bare.code(0, 0, 0), bare.code(0, 0, 1)]).toEqual([NOERROR, NODATA]);
  });
});
