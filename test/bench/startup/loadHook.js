/** Writes what is loaded to descriptor 3. */
import { writeSync } from 'node:fs';

export async function load(url, context, nextLoad) {
  writeSync(3, `${url}\n`);
  return nextLoad(url, context);
}
