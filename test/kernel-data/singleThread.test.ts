/** One thread clashes where it was recorded to, and loses what was lost. */
import { checkTable } from '../validation/checkTable.ts';
import { singleThreadTable } from './singleThread.ts';

checkTable('singleThread', singleThreadTable, {
  // A scenario holds both packets of a pair, or none.
  '6.1.192, dnat2: the neighbour of one of two backends is missing': 'not compared',
  // Overflow of an input queue under a flood of unknown rate.
  'packets that never arrived, of which no counter tells (saturated CPU)': 'not compared',
  // Rates of overlap of an emulated machine mean nothing.
  'how often pairs overlap: two threads, queue disciplines, forced moves under a flood, hand-over':
    'not compared',
});
