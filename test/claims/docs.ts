/** Pages of `docs/` that are made of what tests find. `npm run claims-docs` writes them anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Estimate } from '../../src/statistics/interval.ts';

/** Expects `text` to be what stands in `docs/<name>`. */
export function expectDoc(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
  const written = existsSync(path) ? readFileSync(path, 'utf8') : '';
  expect(text, `docs/${name} is out of date; review the change, then \`npm run claims-docs\``).toBe(written);
}

/** `0.12 [0.10, 0.15]`. */
export function ratioText(ratio: Estimate | null): string {
  if (ratio === null) return '';
  const { estimate, low, high } = ratio;
  const digits = (value: number | null) => (value === null ? '?' : value.toFixed(2));
  return `${digits(estimate)} [${digits(low)}, ${digits(high)}]`;
}
