/** `npm run validation`: computes every validation table and writes `docs/validation.md`. */
import { writeFileSync } from 'node:fs';
import { validationDocument } from './document.ts';

writeFileSync(
  new URL('../../docs/validation.md', import.meta.url),
  validationDocument((title) => console.error(title)),
);
