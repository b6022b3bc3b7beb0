import type { KernelAxes } from '../kernel.ts';
import { linux4_9 } from './linux-4.9.ts';

/** Linux 4.10 and 4.11: hooks are registered where a ruleset needs them; a plain pod tracks nothing (0c66dc1ea3f0). */
export const linux4_10: KernelAxes = { ...linux4_9, hooksInEveryNamespace: false };
