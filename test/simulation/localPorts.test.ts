/** Pods with a port range of their own. */
import { describe, expect, it } from 'vitest';
import { sourcePort } from '../../src/netfilter/tuple.ts';
import { assemble } from '../../src/simulation/assembly.ts';
import { connectingPod, connects, lookups, pod, run, scenario, stallsByCauseOf } from './scenarios.ts';

/** Source ports of all packets that enter a node in a run. */
function sourcePorts(...pods: readonly string[]): Set<number> {
  const { world } = assemble(scenario({ duration: '1s' }, ...pods), 'local ports', 0);
  const ports = new Set<number>();
  const { send } = world;
  world.send = (packet, cpu) => {
    ports.add(sourcePort(packet.ports));
    send.call(world, packet, cpu);
  };
  world.run(1_000_000_000);
  return ports;
}

describe('a range of source ports', () => {
  it('is kept by the lookups and the connects of its pods', () => {
    const narrow = { localPorts: '2000-2009', count: '3' };
    const ports = sourcePorts(pod(narrow), connectingPod({ ...narrow, name: 'other' }));
    expect([...ports].sort((a, b) => a - b)).toEqual([
      2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009,
    ]);
  });

  it('that is narrow runs out of ports towards one destination', () => {
    const peers = '{ rate: 50/s, to: ["203.0.113.10:443"] }';
    const wide = connects(run({}, connectingPod({ tcp: peers })));
    const narrow = connects(run({}, connectingPod({ tcp: peers, localPorts: '2000-2019' })));
    expect(wide.failed).toBe(0);
    // TIME_WAIT outlasts the run: twenty connects, and no more.
    expect(narrow.succeeded).toBe(20);
    expect(Object.keys(stallsByCauseOf(narrow))).toEqual(['ports-exhausted']);
  });

  it('serves lookups one after the other from two ports', () => {
    const dns = '{ rate: 20/s, names: [{ name: a.example. }] }';
    const result = lookups(run({}, pod({ dns, localPorts: '2000-2001', dispatch: 'clean-veth' })));
    expect(result.succeeded).toBeGreaterThan(20);
  });
});
