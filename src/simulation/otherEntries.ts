/** Established connections of other traffic: they fill a table from the start and outlast the run. */
import { ASSURED, ENTRY_SIZE, EXPIRES, SEEN_REPLY, STATUS } from '../netfilter/entry.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import { TCP_ESTABLISHED, withTcpState } from '../netfilter/tcpTracker.ts';
import { packPorts, packSpace, TCP } from '../netfilter/tuple.ts';
import { address } from './addresses.ts';

const FIRST_CLIENT = address('172.16.0.1');
const SERVER = address('203.0.113.200');
const LOWEST_PORT = 1024;
const PORTS_PER_CLIENT = 64_512;
/** 49 days: longer than any run. */
const NEVER_JIFFIES = 1 << 30;

/** Inserts `count` of them. Their clients are no pods, so that no packet of the scenario meets them. */
export function addOtherEntries({ table, reusesSourceMappings }: Netfilter, count: number): void {
  const space = packSpace(TCP, 0);
  table.reserve(count);
  for (let i = 0; i < count; i++) {
    const client = FIRST_CLIENT + Math.floor(i / PORTS_PER_CLIENT);
    const ports = packPorts(LOWEST_PORT + (i % PORTS_PER_CLIENT), 443);
    const entry = table.create(client, SERVER, ports, space, space);
    table.data[entry * ENTRY_SIZE + EXPIRES] = NEVER_JIFFIES;
    table.data[entry * ENTRY_SIZE + STATUS] = withTcpState(SEEN_REPLY | ASSURED, TCP_ESTABLISHED);
    if (reusesSourceMappings) table.bySource.add(entry);
    table.insert(entry);
  }
}
