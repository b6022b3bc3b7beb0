/** Whether each race could have happened at all: a race whose window never opened was not tested. */
import type { Cell, RaceName } from '../experiment/comparison.ts';
import { titleOf } from './findings.ts';
import * as format from './format.ts';
import { RACE_HINTS, RACE_TEXTS } from './wording.ts';

/** A sentence for each race; the first cell is what the others are told apart from. */
export function racesOf(cells: readonly Cell[]): string[] {
  const races = Object.keys(RACE_TEXTS) as RaceName[];
  return races.map((race) => `${RACE_TEXTS[race]}: ${raceText(race, cells)}.`);
}

function raceText(race: RaceName, cells: readonly Cell[]): string {
  const [first, ...others] = cells;
  const times = first?.exposures[race] ?? 0;
  const opened = ({ exposures }: Cell) => exposures[race] > 0;
  if (!cells.some(opened)) {
    return `not tested. Its window never opened${others.length === 0 ? '' : ' in any variant'}, so nothing here speaks about it; ${RACE_HINTS[race]}`;
  }
  const inFirst = others.length === 0 ? '' : ' as it is';
  const unlike = others.filter((cell) => opened(cell) !== times > 0).map(titleOf);
  const exceptions =
    unlike.length === 0 ? '' : `; ${times > 0 ? 'never' : 'it did'} with ${format.listed(unlike)}`;
  return times > 0
    ? `its window opened ${format.times(times)}${inFirst}${exceptions}`
    : `its window never opened${inFirst}${exceptions}`;
}
