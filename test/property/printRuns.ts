/** Prints the results of the scenarios that `reproducible.ts` compares, one a line: for another process. */
import { reproducibleRuns } from './reproducibleRuns.ts';

for (const line of reproducibleRuns()) console.log(line);
