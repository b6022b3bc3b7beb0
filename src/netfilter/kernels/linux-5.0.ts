import { SECOND } from '../../engine/time.ts';
import type { KernelAxes } from '../kernel.ts';
import { linux4_19 } from './linux-4.19.ts';

/**
 * Linux 5.0 to 5.5: P2, C3. The rovers are gone and the search is bounded (6ed5943f8735, a504b703bb1d), entries
 * of the same origin no longer make a port taken (4e35c1cb9460), a UDP flow is a stream after two seconds
 * (d535c8a69c19, 294304e4c522).
 */
export const linux5_0: KernelAxes = {
  ...linux4_19,
  portSearch: {
    ...linux4_19.portSearch,
    name: 'P2',
    start: 'random',
    randomFlag: 'random',
    limit: 'bounded',
  },
  sameOrigin: 'free',
  clash: { ...linux4_19.clash, name: 'C3' },
  udp: { ...linux4_19.udp, streamNs: 120 * SECOND, streamAfterNs: 2 * SECOND },
};
