import type { KernelAxes } from '../kernel.ts';
import { linux5_6 } from './linux-5.6.ts';

/** Linux 5.9: a reply no longer kills a reply-only entry. */
export const linux5_9: KernelAxes = {
  ...linux5_6,
  clash: { ...linux5_6.clash, replyKillsClashEntry: false },
};
