/**
 * What the DNS knows of the names that a group of pods looks up: for every candidate that a search list makes of
 * a name, the answer to A and to AAAA. Worked out once; a query then costs one array access.
 */
import { NODATA, NOERROR, NXDOMAIN } from '../network/dnsAnswers.ts';

export interface KnownName {
  readonly name: string;
  readonly fqdn: string;
  readonly families: readonly ('ipv4' | 'ipv6')[];
  readonly ttlNs: number;
}

export class Records {
  private readonly perName: number;
  private readonly codes: Int8Array;
  private readonly ids: Int32Array;
  private readonly ttls: Float64Array;

  /**
   * `registry` numbers absolute names, shared by the groups of a run so that a cache knows that two groups mean
   * the same name. `walk`: who goes on along the search list where a name does not exist, the resolver alone or
   * the servers too (CoreDNS autopath).
   */
  constructor(
    names: readonly KnownName[],
    search: readonly string[],
    registry: Map<string, number>,
    walk: 'by-resolver' | 'by-server' = 'by-resolver',
  ) {
    this.perName = search.length + 1;
    this.codes = new Int8Array(names.length * this.perName * 2);
    this.ids = new Int32Array(names.length * this.perName * 2);
    this.ttls = new Float64Array(names.length);
    const existing = new Map(names.map((name) => [name.fqdn, name]));
    names.forEach((known, n) => {
      this.ttls[n] = known.ttlNs;
      const bare = known.name.endsWith('.') ? known.name.slice(0, -1) : known.name;
      for (let candidate = 0; candidate <= search.length; candidate++) {
        const absolute = candidate === 0 ? bare : `${bare}.${search[candidate - 1]}`;
        const record = existing.get(absolute);
        for (const [type, family] of [
          [0, 'ipv4'],
          [1, 'ipv6'],
        ] as const) {
          const at = (n * this.perName + candidate) * 2 + type;
          this.codes[at] =
            record === undefined || record.families.length === 0
              ? NXDOMAIN
              : record.families.includes(family)
                ? NOERROR
                : NODATA;
          this.ids[at] = numberOf(registry, `${absolute} ${type}`);
        }
      }
      if (walk === 'by-server' && search.length > 0) this.answerForList(n);
    });
  }

  /**
   * Asked for the first element of the list, autopath answers with the first name of the list, then the bare name,
   * that is not NXDOMAIN, and with NXDOMAIN if there is none (coredns plugin/autopath). It asks for each type apart.
   */
  private answerForList(name: number): void {
    for (const type of [0, 1]) {
      const first = (name * this.perName + 1) * 2 + type;
      for (let step = 1; step <= this.perName && this.codes[first] === NXDOMAIN; step++)
        this.codes[first] = this.code(name, step % this.perName, type);
    }
  }

  /** The answer code. `type` 0 is A, 1 is AAAA; `candidate` as the resolver numbers them. */
  code(name: number, candidate: number, type: number): number {
    return this.codes[(name * this.perName + candidate) * 2 + type];
  }

  /** The record's number in the run. */
  id(name: number, candidate: number, type: number): number {
    return this.ids[(name * this.perName + candidate) * 2 + type];
  }

  ttlNs(name: number): number {
    return this.ttls[name];
  }
}

function numberOf(registry: Map<string, number>, key: string): number {
  const known = registry.get(key);
  if (known !== undefined) return known;
  registry.set(key, registry.size);
  return registry.size - 1;
}
