/** What a NAT rule asks of the port allocator (`struct nf_nat_range2`). */
import type { Address } from './tuple.ts';

export interface NatRange {
  /** Addresses to translate to; one packet's address is chosen by a hash of its endpoints. */
  readonly addresses: readonly Address[];
  /** `--to-ports`; null takes the class of the packet's own port: 1-511, 600-1023 or 1024-65535. */
  readonly ports: { readonly min: number; readonly max: number } | null;
  readonly flag: 'preserve' | 'random' | 'random-fully';
}

/** Size and base of the port range in which a search for a source port moves (kernel reference 2.3, 1). */
export function portRangeBase(range: NatRange | null, currentPort: number): number {
  if (range?.ports) return Math.min(range.ports.min, range.ports.max);
  if (currentPort < 512) return 1;
  return currentPort < 1024 ? 600 : 1024;
}

export function portRangeSize(range: NatRange | null, currentPort: number): number {
  if (range?.ports) return Math.abs(range.ports.max - range.ports.min) + 1;
  if (currentPort < 512) return 511;
  return currentPort < 1024 ? 424 : 64512;
}
