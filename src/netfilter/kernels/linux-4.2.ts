import type { KernelAxes } from '../kernel.ts';
import { linux4_0 } from './linux-4.0.ts';

/** Linux 4.2 to 4.6: connect() walks even ports, a walk per destination (07f4c90062f8; boundary from memory). */
export const linux4_2: KernelAxes = {
  ...linux4_0,
  tcp: { ...linux4_0.tcp, connectPorts: 'step-two' },
};
