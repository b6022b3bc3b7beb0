/** The tables of closed forms. */
import { checkTable } from '../validation/checkTable.ts';
import { exhaustionTable, pairTable, queueTable, raceTable } from './validationTables.ts';

checkTable('queues', queueTable, {
  // The last cell of the steps' quantile table (network/stepTimes.ts).
  'steps of a packet at spread 2: coefficient of variation': 'differs',
});
checkTable('races', raceTable);
checkTable('exhaustion', exhaustionTable);
checkTable('pairs', pairTable);
