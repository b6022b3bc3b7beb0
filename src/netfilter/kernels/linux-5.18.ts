import type { KernelAxes } from '../kernel.ts';
import { linux5_16 } from './linux-5.16.ts';

/** Linux 5.18 to 6.2: connect() steps by 2 to 16 (measured on 6.18; the release is from memory). */
export const linux5_18: KernelAxes = { ...linux5_16, tcp: { ...linux5_16.tcp, connectPorts: 'random-step' } };
