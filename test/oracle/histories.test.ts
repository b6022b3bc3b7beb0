/** The model against the oracle: random histories, every generation. */
import { expect, it } from 'vitest';
import { checkTable } from '../validation/checkTable.ts';
import { oracleTable, tellsApart } from './validationTable.ts';

checkTable('random histories', oracleTable);

/** Neighbours that differ in nothing that a history shows: table sizes, ephemeral ports, collectors, chain limits. */
const ALIKE = ['3.14', '4.0', '4.10', '4.12', '5.15', '5.18', '6.3'];

it.each([
  ['3.10', '3.14'],
  ['4.2', '4.7'],
  ['4.7', '4.9'],
  ['4.12', '4.19'],
  ['4.19', '5.0'],
  ['5.0', '5.6'],
  ['5.6', '5.9'],
  ['5.9', '5.10'],
  ['5.10', '5.11'],
  ['5.15', '5.16'],
  ['6.3', '6.5'],
  ['6.5', '6.12'],
  ['6.12', '6.16'],
])('tells %s from %s', (ours, oracle) => {
  expect(tellsApart(ours, oracle)).toBe(true);
});

it('finds no difference between generations that differ only below its sight', () => {
  expect(ALIKE.filter((generation) => tellsApart(generation, previous(generation), 20))).toEqual(['3.14']);
});

function previous(generation: string): string {
  return {
    '3.14': '3.10',
    '4.0': '3.14',
    '4.10': '4.9',
    '4.12': '4.10',
    '5.15': '5.11',
    '5.18': '5.16',
    '6.3': '5.18',
  }[generation] as string;
}
