/** One text, and one short hash, for all equal scenarios: names of stored results, tests of equality. */
import { invariant } from '../engine/invariant.ts';

/**
 * JSON without blanks, keys sorted by UTF-16 code units, numbers as ECMAScript prints them (-0 as 0).
 * `data` is plain: null, booleans, finite numbers, texts, arrays, objects; a key that is `undefined` is absent.
 */
export function canonicalJson(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(canonicalJson).join(',')}]`;
  if (typeof data === 'object' && data !== null) {
    const object = data as Readonly<Record<string, unknown>>;
    const keys = Object.keys(object).sort();
    const members = keys.flatMap((key) =>
      object[key] === undefined ? [] : `${JSON.stringify(key)}:${canonicalJson(object[key])}`,
    );
    return `{${members.join(',')}}`;
  }
  const isPlain = data === null || typeof data === 'string' || typeof data === 'boolean';
  invariant(isPlain || Number.isFinite(data), `plain data holds no ${typeof data} ${String(data)}`);
  return JSON.stringify(data);
}

/**
 * 16 hexadecimal digits: FNV-1a of 64 bits over the UTF-8 bytes of the canonical JSON. The same on every
 * machine and in a browser. It tells scenarios apart; it is no protection against forgery.
 */
export function contentHash(data: unknown): string {
  return fnv1a64(new TextEncoder().encode(canonicalJson(data)));
}

/**
 * FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). The state is two halves of 32 bits; the prime is
 * 2^40 + 0x1b3, so a product is one multiplication by 435 and one shift by 40.
 */
export function fnv1a64(bytes: Uint8Array): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    const carry = Math.floor(product / 2 ** 32);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
