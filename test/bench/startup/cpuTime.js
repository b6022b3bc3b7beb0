/** `node --import` this: at its end the process writes its CPU time, in seconds, to descriptor 3. */
import { writeSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(3, String((user + system) / 1e6));
});
