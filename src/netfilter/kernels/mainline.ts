/** Mainline generations, oldest first. To add one: a file that says what changed, and a line here. */
import type { KernelAxes } from '../kernel.ts';
import { linux3_10 } from './linux-3.10.ts';
import { linux3_14 } from './linux-3.14.ts';
import { linux4_0 } from './linux-4.0.ts';
import { linux4_2 } from './linux-4.2.ts';
import { linux4_7 } from './linux-4.7.ts';
import { linux4_9 } from './linux-4.9.ts';
import { linux4_10 } from './linux-4.10.ts';
import { linux4_12 } from './linux-4.12.ts';
import { linux4_19 } from './linux-4.19.ts';
import { linux5_0 } from './linux-5.0.ts';
import { linux5_6 } from './linux-5.6.ts';
import { linux5_9 } from './linux-5.9.ts';
import { linux5_10 } from './linux-5.10.ts';
import { linux5_11 } from './linux-5.11.ts';
import { linux5_15 } from './linux-5.15.ts';
import { linux5_16 } from './linux-5.16.ts';
import { linux5_18 } from './linux-5.18.ts';
import { linux6_3 } from './linux-6.3.ts';
import { linux6_5 } from './linux-6.5.ts';
import { linux6_12 } from './linux-6.12.ts';
import { linux6_16 } from './linux-6.16.ts';

export interface MainlineGeneration {
  /** First release with this behaviour. */
  readonly since: string;
  readonly axes: KernelAxes;
  /** What changed, in a line. */
  readonly change: string;
}

export const MAINLINE: readonly MainlineGeneration[] = [
  { since: '3.10', axes: linux3_10, change: 'rover, full scan; every clash is a drop' },
  { since: '3.14', axes: linux3_14, change: '--random-fully exists' },
  { since: '4.0', axes: linux4_0, change: 'larger default table above 4 GiB' },
  { since: '4.2', axes: linux4_2, change: 'connect() walks even ports, per destination' },
  { since: '4.7', axes: linux4_7, change: 'UDP clashes merge where no NAT hook runs' },
  { since: '4.9', axes: linux4_9, change: 'lazy expiry; counters change meaning; ksoftirqd defers' },
  { since: '4.10', axes: linux4_10, change: 'hooks per namespace: pods track nothing' },
  { since: '4.12', axes: linux4_12, change: 'the collector evicts from a full table' },
  { since: '4.19', axes: linux4_19, change: 'UDP clashes with equal NAT merge' },
  { since: '5.0', axes: linux5_0, change: 'random start, at most 248 probes; same origin keeps its port' },
  { since: '5.6', axes: linux5_6, change: 'a clash with another mapping lives one second, reply only' },
  { since: '5.9', axes: linux5_9, change: 'its first reply no longer kills it' },
  { since: '5.10', axes: linux5_10, change: 'resolved clashes count as clash_resolve' },
  { since: '5.11', axes: linux5_11, change: 'same origin within its zone only' },
  { since: '5.15', axes: linux5_15, change: 'chain limit; larger default table' },
  { since: '5.16', axes: linux5_16, change: 'UDP is assured only as a stream' },
  { since: '5.18', axes: linux5_18, change: 'connect() steps by 2 to 16' },
  { since: '6.3', axes: linux6_3, change: 'longer chains allowed' },
  {
    since: '6.5',
    axes: linux6_5,
    change: 'ports of closing TCP flows can be taken over; linear SYN retries',
  },
  { since: '6.12', axes: linux6_12, change: 'clashes of mirror images merge' },
  { since: '6.16', axes: linux6_16, change: 'the port test sees holders with NAT behind a mirror image' },
];

/** The last mainline release that was read. */
export const LAST_READ = '6.19';
