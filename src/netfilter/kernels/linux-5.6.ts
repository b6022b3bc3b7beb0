import type { KernelAxes } from '../kernel.ts';
import { linux5_0 } from './linux-5.0.ts';

/** Linux 5.6 to 5.8: C4. A loser with a reply tuple of its own lives in the reply direction for a second (6a757c07e51f). */
export const linux5_6: KernelAxes = {
  ...linux5_0,
  clash: { ...linux5_0.clash, name: 'C4', insertsReplyOnly: true, replyKillsClashEntry: true },
};
