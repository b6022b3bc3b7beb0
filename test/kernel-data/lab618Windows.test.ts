/** Windows of the 6.18 lab kernel: properties 4, 5 and 15 of the lab report's section 10. */
import { checkTable, type Known } from '../validation/checkTable.ts';
import { labCurveTable, labWindowTable } from './lab618Windows.ts';

checkTable('labWindow', labWindowTable, {
  // The default stall of 0.005 is a fifth of the lab's.
  'E1 a_masq, 8 to 10 us apart: pairs that race nonetheless (a packet was stalled)': 'differs',
  'E2 default, 8 to 10 us apart: pairs that race nonetheless (a packet was stalled)': 'differs',
  'E1 a_masq, 40 to 50 us apart: pairs that race nonetheless (a packet was stalled)': 'differs',
});

/**
 * The second thread finds the socket in the other CPU's cache: the recorded curves stand half a microsecond
 * left.
 */
const OFF_CENTRE = ['e_conntrack_nonat', 'b_dnat1', 'c_dnat2', 'a_masq', 'a_masq_randfully', 'd_dnat2_masq'];

checkTable(
  'labCurve',
  labCurveTable,
  Object.fromEntries(
    OFF_CENTRE.flatMap((variant) => [
      [`E1 ${variant}: centre`, 'differs'],
      [`E1 ${variant}: as sent`, 'differs'],
    ]),
  ) as Known,
);
