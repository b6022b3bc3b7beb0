/** The commands and what they share. Each command's work is loaded when it is called. */
import yargs from 'yargs';
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { compareCommand } from './commands/compare.ts';
import { doctorCommand } from './commands/doctor.ts';
import { kernelsCommand } from './commands/kernels.ts';
import { labCommand } from './commands/lab.ts';
import { mitigationsCommand } from './commands/mitigations.ts';
import { reportCommand } from './commands/report.ts';
import { resolversCommand } from './commands/resolvers.ts';
import { runCommand } from './commands/run.ts';
import { samplesCommand } from './commands/samples.ts';
import { schemaCommand } from './commands/schema.ts';
import { sweepCommand } from './commands/sweep.ts';
import { OK, USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

const COMMANDS: readonly Command[] = [
  runCommand,
  compareCommand,
  sweepCommand,
  labCommand,
  reportCommand,
  kernelsCommand,
  mitigationsCommand,
  resolversCommand,
  samplesCommand,
  schemaCommand,
  doctorCommand,
];

/** Runs one command line; returns its exit code. Throws `Failure` for what the user did wrong. */
export async function program(argv: readonly string[]): Promise<number> {
  let exitCode = OK;
  const names = COMMANDS.map(({ command }) => command.split(' ')[0] as string);
  const [first] = argv;
  if (first !== undefined && !first.startsWith('-') && !names.includes(first) && first !== 'completion') {
    throw new Failure(`${messages.unknownCommand(first, names)}\n${messages.seeHelp('')}`, USAGE);
  }
  const parser = yargs([...argv])
    .scriptName('snatrace')
    .usage(
      '$0 <command>\n\nHow often does this node lose packets to the conntrack NAT race, what does a user feel of it,\nand what does each mitigation change?',
    )
    .env('SNATRACE')
    .version(VERSION)
    .help()
    .alias('h', 'help')
    .strict()
    .demandCommand(1, 'A command is needed.')
    .recommendCommands()
    .completion('completion', 'print a completion script for bash or zsh')
    .epilogue(
      'Exit codes: 0 fine, 1 our bug, 2 wrong usage or input, 3 refuted (lab: kernel and model disagree), 4 undecided, 5 vacuous, 130 interrupted.\nFlags come before the environment (SNATRACE_SEED=...), the environment before the file.',
    )
    .wrap(null)
    .exitProcess(false)
    .fail((message, error) => {
      if (error) throw error;
      const command = first !== undefined && names.includes(first) ? `${first} ` : '';
      const text = message.startsWith('Not enough non-option arguments')
        ? messages.missingArgument(first ?? '')
        : message;
      throw new Failure(`${text}\n${messages.seeHelp(command)}`, USAGE);
    });
  for (const { command, describe, builder, handler } of COMMANDS) {
    parser.command(command, describe, builder, async (args) => {
      exitCode = await handler(args as Readonly<Record<string, unknown>>);
    });
  }
  await parser.parseAsync();
  return exitCode;
}
