/** For each race, bounds within which it strikes in nearly every scenario, in a second or two of simulated time. */
import type { Race } from '../mitigations/mitigation.ts';
import type { ScenarioBounds } from './bounds.ts';

/** Lookups that never learn: musl does not, and a glibc process that ends with its lookup cannot. */
const PAIRS = {
  libcs: ['musl-1.2.5', 'musl-1.1.20', 'glibc-2.36'],
  options: [[]],
  dispatches: ['worst-case'],
  cpus: { min: 4, max: 8 },
  lookupsPerSecond: { min: 40, max: 80 },
  masquerade: ['preserve'],
  pod: { process: 'per-lookup' },
} as const satisfies ScenarioBounds;

/** One question each, at the same moments: a packet of each pod searches a port while the others do. */
const TOGETHER = {
  libcs: ['musl-1.1.20'],
  options: [['attempts:1']],
  dispatches: ['clean-veth'],
  arrivals: ['together'],
  nameServers: ['external'],
  masquerade: ['preserve'],
  cpus: { min: 8, max: 8 },
} as const satisfies ScenarioBounds;

/**
 * Every connection to one address takes a port, and TIME_WAIT keeps it for the rest of the run: up to 4.20 searches
 * then start at the shared rover. From 5.0 on the race is some thirty times rarer.
 */
const TAKING_PORTS = {
  ...TOGETHER,
  lookupsPerSecond: null,
  durationMs: { min: 2000, max: 2000 },
} as const satisfies ScenarioBounds;

/**
 * Pods of `portRaceUdp` and `portRaceTcp` have few source ports of their own, so that two choose the same one, or
 * find it taken; `portsExhausted` has few ports to grant; `tableFull` a table that a second of traffic fills.
 *
 * @example
 * const given = { ...RACE_WORLDS.sameSocketOtherBackend, kernels: ['5.4.286'] };
 */
export const RACE_WORLDS: Readonly<Record<Race, ScenarioBounds>> = {
  sameSocket: {
    ...PAIRS,
    kernels: ['4.14.96', '4.18.20', '4.9.100', '4.4.155', '3.10.108'],
    endpoints: { min: 1, max: 1 },
  },
  sameSocketOtherBackend: {
    ...PAIRS,
    kernels: ['5.4.286', '5.0.1', '4.19.78', '4.14.96', '4.4.155'],
    endpoints: { min: 2, max: 5 },
    // Behind IPVS most pairs get one backend.
    proxies: ['iptables'],
  },
  portRaceUdp: {
    ...TOGETHER,
    kernels: ['4.14.96', '4.9.100', '4.4.155', '5.4.286', '6.1'],
    pods: { min: 12, max: 16 },
    lookupsPerSecond: { min: 50, max: 100 },
    durationMs: { min: 1000, max: 1000 },
    file: { node: { conntrack: { timeouts: { udp: '5ms', udpStream: '5ms' } } } },
    pod: { localPorts: '2000-2039', resolver: { family: 'ipv4' } },
  },
  portRaceTcp: {
    ...TAKING_PORTS,
    kernels: ['4.14.96', '4.9.100', '4.4.155'],
    pods: { min: 8, max: 12 },
    connectsPerSecond: { min: 20, max: 40 },
    durationMs: { min: 1000, max: 1000 },
    pod: { localPorts: '2000-2199' },
  },
  portsExhausted: {
    ...TAKING_PORTS,
    kernels: ['6.1', '5.4.286', '4.14.96'],
    pods: { min: 4, max: 8 },
    connectsPerSecond: { min: 30, max: 50 },
    grantedPorts: { min: 64, max: 192 },
    pod: { tcp: { connectTimeout: '500ms' } },
  },
  tableFull: {
    libcs: ['musl-1.2.5'],
    options: [[]],
    dispatches: ['clean-veth'],
    kernels: ['6.1', '5.4.286', '4.14.96'],
    pods: { min: 2, max: 4 },
    lookupsPerSecond: { min: 50, max: 80 },
    masquerade: ['preserve'],
    endpoints: { min: 1, max: 2 },
    durationMs: { min: 1000, max: 1000 },
    file: { node: { conntrack: { max: 40, buckets: 65536 } } },
  },
};
