/** `snatrace doctor`: what this machine allows of `snatrace lab`. */

import type { Check, DoctorReport } from '../../lab/doctor.ts';
import { VERSION } from '../../version.ts';
import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { withJson } from '../options.ts';
import { printData, printJson } from '../output.ts';
import { plainTable } from '../table.ts';

export const doctorCommand: Command = {
  builder: (argv) =>
    withJson(argv)
      .example('$0 doctor', 'what is there, what is missing, and how to get it')
      .example('$0 doctor --json | jq .experiments', 'what of the lab can run here')
      .epilogue('Changes nothing. Exit codes: 0 the lab can run races, 2 it cannot.'),
  handler: async (args) => {
    const { examine } = await import('../../lab/doctor.ts');
    const report = await examine();
    if (args.json === true) printJson({ schemaVersion: 1, kind: 'doctor', version: VERSION, ...report });
    else printData(renderDoctor(report));
    return report.canRun ? OK : USAGE;
  },
};

/** The report as text. */
export function renderDoctor({ checks, experiments, canRun }: DoctorReport): string {
  const abilities = plainTable(
    ['', ''],
    experiments.map(({ experiment, possible, reason }) => [
      possible ? 'yes' : 'no',
      reason === null ? experiment : `${experiment} (${reason})`,
    ]),
  );
  const last = canRun
    ? 'Races can be run: `snatrace lab SCENARIO`.'
    : 'Races cannot be run here. Everything else of snatrace can: it simulates.';
  return `${checks.map(renderCheck).join('\n')}\n\nWhat \`snatrace lab\` can run here\n${abilities.trimStart()}\n\n${last}`;
}

function renderCheck({ status, name, found, why, remedy }: Check): string {
  const lines = [`${status.padEnd(8)} ${name}: ${found}`];
  if (why !== null) lines.push(`         for: ${why}`);
  if (remedy !== null) lines.push(`         try: ${remedy}`);
  return lines.join('\n');
}
