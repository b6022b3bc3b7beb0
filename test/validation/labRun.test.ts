/** The recorded run of the lab stands in the document, and its logic agrees. */
import { checkTable } from './checkTable.ts';
import { labRunTable } from './labRun.ts';

checkTable('the recorded run of snatrace lab', labRunTable);
