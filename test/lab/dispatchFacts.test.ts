import { describe, expect, it } from 'vitest';
import { type DispatchFacts, dispatchFacts, proposeDispatch } from '../../src/lab/dispatchFacts.ts';
import { pairProbability } from '../../src/scenario/dispatchPresets.ts';
import { type MachineParts, machineWith } from './doctorMachines.ts';

const qdisc = (...entries: readonly (readonly [dev: string, kind: string])[]) => ({
  stdout: JSON.stringify(entries.map(([dev, kind]) => ({ dev, kind, root: true, handle: '0:' }))),
});

/** A node with two pods, one of which shapes what it sends. */
const NODE: MachineParts = {
  release: '5.15.0-91-generic',
  files: {
    '/proc/11/comm': 'ksoftirqd/0\n',
    '/proc/11/schedstat': '1000000000 500000000 77\n',
    '/proc/17/comm': 'ksoftirqd/1\n',
    '/proc/17/schedstat': '2000000000 0 5\n',
    '/proc/100/comm': 'kubelet\n',
    '/proc/200/comm': 'php\n',
    '/proc/201/comm': 'php\n',
    '/proc/300/comm': 'coredns\n',
    '/proc/net/softnet_stat': '00001000 0000000a 00000000\n00002000 00000001 00000000\n',
    '/proc/sys/net/core/default_qdisc': 'fq_codel\n',
    '/proc/sys/net/core/netdev_max_backlog': '1000\n',
    '/proc/sys/net/bridge/bridge-nf-call-iptables': '1\n',
    '/sys/class/net/eth0/queues/rx-0/rps_cpus': '0\n',
    '/sys/class/net/veth1/queues/rx-0/rps_cpus': '00000000,00000000\n',
    '/sys/class/net/veth2/queues/rx-0/rps_cpus': '0\n',
    '/sys/class/net/cni0/bridge/stp_state': '0\n',
  },
  links: {
    '/proc/self/ns/net': 'net:[1]',
    '/proc/100/ns/net': 'net:[1]',
    '/proc/200/ns/net': 'net:[2]',
    '/proc/201/ns/net': 'net:[2]',
    '/proc/300/ns/net': 'net:[3]',
  },
  programs: {
    unshare: { stdout: JSON.stringify([{ kind: 'noqueue', dev: 'snatrace0', root: true }]) },
    nsenter: (args) =>
      args[1] === '200' ? qdisc(['lo', 'noqueue'], ['eth0', 'tbf']) : qdisc(['eth0', 'noqueue']),
  },
  // ksoftirqd/0 runs 50 ms and waits 30 ms of a second.
  onWait: (files) => {
    files.set('/proc/11/schedstat', '1050000000 530000000 90\n');
    files.set('/proc/net/softnet_stat', '00001100 0000000d 00000000\n00002000 00000001 00000000\n');
  },
};

const factsOf = (parts: MachineParts): Promise<DispatchFacts> => dispatchFacts(machineWith(parts));

describe('the facts', () => {
  it('of a node are what its files and pods say', async () => {
    const machine = machineWith(NODE);
    expect(await dispatchFacts(machine)).toEqual({
      cpus: 4,
      defersToKsoftirqd: true,
      ksoftirqdShare: [expect.closeTo(0.08, 5), 0],
      watchedMs: 1000,
      interfaces: [
        { name: 'eth0', isPodPort: false, isBridge: false, rps: false },
        { name: 'veth1', isPodPort: true, isBridge: false, rps: false },
        { name: 'veth2', isPodPort: true, isBridge: false, rps: false },
        { name: 'cni0', isPodPort: false, isBridge: true, rps: false },
      ],
      podQueueDisciplines: [
        { interface: 'eth0', kind: 'tbf' },
        { interface: 'eth0', kind: 'noqueue' },
      ],
      namespaces: { seen: 2, read: 2 },
      defaultQueueDiscipline: 'fq_codel',
      newVeth: 'noqueue',
      inputQueueDrops: { sinceBoot: 14, watched: 3 },
      backlog: 1000,
      bridgeNetfilter: true,
    });
    // Looked into once for each pod, not for each process, and only looked.
    const entered = machine.runs.filter((run) => run.startsWith('nsenter'));
    expect(entered.sort()).toEqual([200, 300].map((pid) => `nsenter -t ${pid} -n tc -j qdisc show`));
  });

  it('of a machine that tells nothing are unknown, not wrong', async () => {
    expect(await factsOf({ release: 'unheard of', uid: 1000 })).toEqual({
      cpus: 4,
      defersToKsoftirqd: null,
      ksoftirqdShare: [],
      watchedMs: 1000,
      interfaces: [],
      podQueueDisciplines: [],
      namespaces: { seen: 0, read: 0 },
      defaultQueueDiscipline: null,
      newVeth: null,
      inputQueueDrops: null,
      backlog: null,
      bridgeNetfilter: null,
    });
  });

  it('do not stumble over programs that print something else', async () => {
    for (const stdout of ['', 'Error', '{}', '[1, null]', '[{"kind":1,"dev":"eth0","root":true}]']) {
      const facts = await factsOf({ ...NODE, programs: { unshare: { stdout }, nsenter: { stdout } } });
      expect(facts.podQueueDisciplines).toEqual([]);
      expect(facts.newVeth).toBeNull();
    }
  });
});

describe('the proposal', () => {
  it('takes what was measured, and leaves at 0 what no machine tells', async () => {
    const { dispatch, rps, remarks } = proposeDispatch(await factsOf(NODE));
    expect(rps).toBe(false);
    expect(dispatch.deferredAndMoved.softirqShare).toBe(0.08);
    expect(dispatch.queueHandOver.busy).toBe(0);
    expect(dispatch.heldBeforeConfirm.probability).toBe(0);
    expect(pairProbability(dispatch)).toBeCloseTo(0.08 * 1e-4 * 0.03, 12);
    const text = remarks.join('\n');
    expect(text).toContain('RPS is off at all 2 ports of pods');
    expect(text).toContain('queue disciplines inside of pods: tbf');
    expect(text).toContain('set queueHandOver.busy');
    expect(text).toContain('ksoftirqd was runnable for 0.08');
    expect(text).toContain('14 packets found an input queue full');
    expect(text).toContain('cni0');
    for (const remark of remarks) expect(remark.length).toBeLessThanOrEqual(500);
  });

  it('of a quiet node without queues is that nothing happens', async () => {
    const quiet: MachineParts = {
      ...NODE,
      files: { ...NODE.files, '/proc/net/softnet_stat': '00001000 00000000 00000000\n' },
      programs: { nsenter: qdisc(['eth0', 'noqueue']) },
      onWait: () => {},
    };
    const { dispatch, remarks } = proposeDispatch(await factsOf(quiet));
    expect(pairProbability(dispatch)).toBe(0);
    expect(remarks).toContain('no queue discipline inside of 2 namespaces looked into (noqueue)');
    expect(remarks.some((remark) => remark.includes('input queue full'))).toBe(false);
  });

  it('says RPS only where all ports of pods have it', async () => {
    const steered = (veth2: string): MachineParts => ({
      ...NODE,
      files: {
        ...NODE.files,
        '/sys/class/net/veth1/queues/rx-0/rps_cpus': 'f\n',
        '/sys/class/net/veth2/queues/rx-0/rps_cpus': veth2,
      },
    });
    expect(proposeDispatch(await factsOf(steered('00,0000000f\n'))).rps).toBe(true);
    const some = proposeDispatch(await factsOf(steered('0\n')));
    expect(some.rps).toBe(false);
    expect(some.remarks[0]).toBe('RPS is on at 1 of 2 ports of pods, and set to off here');
  });

  it('admits what it could not see', async () => {
    const { remarks } = proposeDispatch(await factsOf({ release: 'unheard of', uid: 1000 }));
    expect(remarks).toEqual([
      'no port of a pod was seen on this machine: what follows is that of a node without pods',
      'no pod could be looked into: `tc qdisc show dev eth0` in one tells its queue discipline',
      'ksoftirqd could not be watched',
    ]);
  });
});
