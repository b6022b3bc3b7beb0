/** Races on the 6.18 lab kernel: lab report, sections 2 to 4, and 10: properties 1 to 3, 6 to 9, 11. */
import { checkTable } from '../validation/checkTable.ts';
import { labPortTable } from './lab618Ports.ts';
import { labAnswerTable, labSameSocketTable } from './lab618SameSocket.ts';
import { labPortRaceTable, labSynTable } from './lab618TwoPods.ts';

checkTable('labSameSocket', labSameSocketTable);
checkTable('labAnswer', labAnswerTable);
checkTable('labPortRace', labPortRaceTable);
checkTable('labPort', labPortTable);
checkTable('labSyn', labSynTable);
