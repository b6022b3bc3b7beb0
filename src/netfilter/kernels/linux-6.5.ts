import type { KernelAxes } from '../kernel.ts';
import { linux6_3 } from './linux-6.3.ts';

/**
 * Linux 6.5 to 6.11: P3. The search may take over the port of a closing TCP flow (458972550287); SYNs are sent
 * again at a constant second four times before the timeout doubles; ksoftirqd no longer defers.
 */
export const linux6_5: KernelAxes = {
  ...linux6_3,
  portSearch: { ...linux6_3.portSearch, name: 'P3', evictsClosingTcp: true },
  ksoftirqdDefers: false,
  tcp: { ...linux6_3.tcp, linearSynTimeouts: 4 },
};
