import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { simulate } from '../../src/simulation/simulate.ts';

/** Cilium inserts before its packet has left; a table this small evicts all the time. */
const SCENARIO = `
# netfilter/cilium.ts: an IN entry inserted while searching is evicted by another packet's early drop before its own confirm.
kernel: "5.10.198"
node: { cpus: 3, backlog: 1, conntrack: { max: 60, buckets: 8 } }
nat: { engine: cilium-1.16 }
services: { dns: { endpoints: 1, endpointsOn: same-node } }
nodeLocalDns: { notrack: false, upstream: tcp, maxTtl: 1ms }
dnsServers: { latency: { exponential: 20ms }, capacity: 50/s, queue: 5 }
links: { cluster: 200us, external: 2ms }
warmUp: 0s
duration: 1s
pods:
  - name: lookups
    cpuAffinity: sticky
    resolver: { libc: musl-1.1.12, options: [timeout:1, attempts:3], search: 0, nameServers: [external], threads: 2 }
    dispatch: { heldBeforeConfirm: { probability: 1, hold: { exponential: 50us } } }
    dns: { arrivals: { bursts: 40/s, size: 10 }, names: [a.example.com.] }
  - name: connects
    count: 3
    hostNetwork: true
    tcp: { rate: 20/s, to: ["203.0.113.10:443", "203.0.113.11:80"], hold: 0s, closedBy: client }
`;

describe('Cilium with a full table', () => {
  for (const seed of ['conservation', 'c', 'g']) {
    it(`never evicts an entry whose first packet is still on its way (seed ${seed})`, () => {
      const { scenario } = loadScenario(SCENARIO, { path: 'cilium.yaml' });
      const result = simulate(scenario, { seed });
      expect(result.nodes[0]?.counters.early_drop).toBeGreaterThan(0);
    });
  }
});
