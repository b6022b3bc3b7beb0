/** The mutation score as a table of `docs/validation.md`: the rooms, and their files by folder. */
import type { ValidationRow, ValidationTable } from '../validation/table.ts';
import { type FileScore, readScore, total } from './report.ts';
import { ROOMS } from './rooms.ts';

/** Share of mutants that the tests must find, in percent. */
export const TARGET = 85;

export function mutationTable(): ValidationTable {
  const { date, command, files } = readScore();
  return {
    id: 'mutation',
    title: 'Mutation testing',
    source: `${command}; ${date} (test/mutation)`,
    about:
      'Stryker changes the sources one expression at a time; a change that no test notices survives. Each file but those of kernels and catalogues stands on its own; texts that only people read are not changed.',
    columns: ['target', 'found by the tests'],
    rows: ROOMS.flatMap(({ name }) => rowsOf(`src/${name}`, files)),
  };
}

function rowsOf(room: string, files: readonly FileScore[]): readonly ValidationRow[] {
  const own = files.filter(({ file }) => file.startsWith(`${room}/`));
  const rows = new Map<string, FileScore[]>();
  for (const each of own) {
    const [first = '', ...deeper] = each.file.slice(room.length + 1).split('/');
    const name = deeper.length === 0 ? each.file : `${room}/${first}/`;
    rows.set(name, [...(rows.get(name) ?? []), each]);
  }
  return [total(room, own), ...[...rows].map(([name, parts]) => total(name, parts))]
    .filter(({ score }) => score !== null)
    .map(rowOf);
}

function rowOf({ file, killed, timeout, survived, noCoverage, score }: FileScore): ValidationRow {
  const found = killed + timeout;
  const all = found + survived + noCoverage;
  const isEnough = (score ?? 0) >= TARGET;
  return {
    what: file,
    expected: `${TARGET} %`,
    simulated: `${(score ?? 0).toFixed(1)} % (${found} of ${all})`,
    tolerance: '',
    verdict: isEnough ? 'agrees' : 'differs',
    ...(isEnough ? {} : { note: `${survived + noCoverage} survive` }),
  };
}
