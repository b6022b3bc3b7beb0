/** `node --import` this: the process writes the address of every module that it loads to descriptor 3, one a line. */
import { writeSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

register('./loadHook.js', import.meta.url);

// The hook does not see what CommonJS modules require.
process.on('exit', () => {
  for (const path of Object.keys(createRequire(import.meta.url).cache)) {
    writeSync(3, `${pathToFileURL(path).href}\n`);
  }
});
