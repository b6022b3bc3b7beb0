/** The three simulators that run the workload. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BUILT } from './build.ts';
import type { Subject } from './rounds.ts';

const peer = (file: string) => fileURLToPath(new URL(`peers/${file}`, import.meta.url));

const engine =
  (program: string): Subject['command'] =>
  ({ profile, seconds, seed }) => [
    process.execPath,
    `${BUILT}test/bench/workload/${program}.js`,
    profile,
    String(seconds),
    String(seed),
  ];

export const SNATRACE: Subject = { name: 'snatrace', command: engine('measure') };

/** With an observer that records every step of every packet. */
export const OBSERVED: Subject = {
  name: 'snatrace, observed',
  command: (run) => [...SNATRACE.command(run), 'observed'],
};

/** With a heap profile of what it allocates; counts the packets that the profile is about. */
export const SAMPLED: Subject = {
  name: 'snatrace, heap sampled',
  command: engine('allocation'),
};

/** The headline profile only. */
export const NAIVE: Subject = {
  name: 'naive JavaScript',
  command: ({ seconds, seed }) => [
    process.execPath,
    `--random-seed=${seed}`,
    peer('naive.js'),
    String(seconds),
  ],
};

/** Debian's package serves Debian's Python, which need not be the first in the path. */
const PYTHONS = ['python3', '/usr/bin/python3'];

export const WITHOUT_SIMPY = `no SimPy 2: neither ${PYTHONS.join(' nor ')} can \`import SimPy.Simulation\`; on Debian, \`apt-get install python3-simpy\` adds it to /usr/bin/python3`;

/** The headline profile only. Null where it is not installed. */
export function findSimpy(): Subject | null {
  const python = PYTHONS.find((name) => spawnSync(name, ['-c', 'import SimPy.Simulation']).status === 0);
  if (python === undefined) return null;
  return {
    name: 'SimPy',
    command: ({ seconds, seed }) => [python, peer('simpyModel.py'), String(seconds), String(seed)],
  };
}
