/** Limits of the 6.18 lab kernel: lab report, sections 5 to 8, and 10: properties 10 and 12 to 14. */
import { checkTable } from '../validation/checkTable.ts';
import { labExhaustionTable, labTableFullTable } from './lab618Exhaustion.ts';
import { labLifetimeTable } from './lab618Lifetimes.ts';
import { labOneThreadTable } from './lab618OneThread.ts';
import { labSpeedTable } from './lab618Speed.ts';

checkTable('labExhaustion', labExhaustionTable);
checkTable('labTableFull', labTableFullTable);
checkTable('labOneThread', labOneThreadTable, {
  // Overflow of an input queue at a rate that was not recorded.
  'RPS 2 (all to the other CPU): packets lost without a counter': 'not compared',
});
checkTable('labSpeed', labSpeedTable, {
  // The model has the node's part alone.
  'masq, new flow: the whole path (socket, two veth hops, node, receiver)': 'not compared',
});
checkTable('labLifetime', labLifetimeTable);
