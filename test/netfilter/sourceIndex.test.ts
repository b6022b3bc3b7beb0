import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConntrackTable } from '../../src/netfilter/conntrackTable.ts';
import { NONE } from '../../src/netfilter/entry.ts';
import { packPorts, packSpace, TCP, UDP } from '../../src/netfilter/tuple.ts';

/** The socket of a flow: few, so that many flows share one. */
const socketOf = (flow: number) => ({
  address: 0x0a000000 + (flow % 3),
  port: 40000 + (flow % 5),
  space: packSpace(flow % 2 === 0 ? UDP : TCP, flow % 11 === 0 ? 1 : 0),
});
const nameOf = (flow: number) => JSON.stringify(socketOf(flow));

class Indexes {
  readonly table = new ConntrackTable(64);
  readonly entries = new Map<number, number>();
  /** Flows of each socket, newest first. */
  readonly sockets = new Map<string, number[]>();

  add(flow: number): void {
    if (this.entries.has(flow)) return;
    const { address, port, space } = socketOf(flow);
    const entry = this.table.create(address, 100 + flow, packPorts(port, 53), space, space);
    this.table.bySource.add(entry);
    this.entries.set(flow, entry);
    this.sockets.set(nameOf(flow), [flow, ...(this.sockets.get(nameOf(flow)) ?? [])]);
  }

  /** Leaves the index as the entry leaves the table. */
  remove(flow: number): void {
    const entry = this.entries.get(flow);
    if (entry === undefined) return;
    this.table.discard(entry);
    this.entries.delete(flow);
    const left = this.sockets.get(nameOf(flow))?.filter((other) => other !== flow) ?? [];
    this.sockets.set(nameOf(flow), left);
  }

  /** Entries of the socket of `flow`, in the order of the index. */
  listed(flow: number): number[] {
    const { address, port, space } = socketOf(flow);
    const seen: number[] = [];
    // The destination port plays no part.
    let entry = this.table.bySource.first(address, packPorts(port, 9), space);
    while (entry !== NONE) {
      seen.push(entry);
      entry = this.table.bySource.next(entry);
    }
    return seen;
  }
}

describe('the index by source', () => {
  it('lists the entries of a socket, newest first, through any history', () => {
    const step = fc.tuple(fc.constantFrom('add', 'add', 'remove'), fc.integer({ min: 0, max: 2000 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 500, maxLength: 3000, size: 'max' }), (steps) => {
        const indexes = new Indexes();
        for (const [kind, flow] of steps) {
          if (kind === 'add') indexes.add(flow);
          else indexes.remove(flow);
        }
        for (let flow = 0; flow < 330; flow++) {
          const expected = (indexes.sockets.get(nameOf(flow)) ?? []).map((one) => indexes.entries.get(one));
          expect(indexes.listed(flow)).toEqual(expected);
        }
      }),
      { seed: 42, numRuns: 20 },
    );
  });

  it('keeps that order when it grows', () => {
    const table = new ConntrackTable(64);
    const SOCKETS = 500;
    const sockets = Array.from({ length: SOCKETS }, (): number[] => []);
    const portOf = (socket: number) => packPorts(1024 + socket, 53);
    const space = packSpace(UDP, 0);
    for (let n = 0; n < 70_000; n++) {
      const entry = table.create(1, n, portOf(n % SOCKETS), space, space);
      table.bySource.add(entry);
      sockets[n % SOCKETS]?.unshift(entry);
    }
    for (let socket = 0; socket < SOCKETS; socket += 7) {
      const seen: number[] = [];
      let entry = table.bySource.first(1, portOf(socket), space);
      for (; entry !== NONE; entry = table.bySource.next(entry)) seen.push(entry);
      expect(seen).toEqual(sockets[socket]);
    }
  });

  it('tells sockets apart by address, port, protocol and zone', () => {
    const indexes = new Indexes();
    const flows = Array.from({ length: 330 }, (_, flow) => flow);
    for (const flow of flows) indexes.add(flow);
    const sockets = new Set(flows.map((flow) => indexes.listed(flow).join()));
    expect(sockets.size).toBe(new Set(flows.map(nameOf)).size);
  });
});
