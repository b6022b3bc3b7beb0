/** The commands and what they share. Each is loaded when it is called; `--help` needs yargs alone. */
import yargs from 'yargs';
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { OK, USAGE } from './exitCodes.ts';
import { Failure } from './failure.ts';
import * as messages from './messages.ts';

interface ListedCommand {
  readonly command: string;
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: readonly ListedCommand[] = [
  {
    command: 'run <scenario>',
    describe: 'one scenario as it is: a table, or --json',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    command: 'compare <scenario>',
    describe: 'the scenario under several mitigations, paired, with intervals',
    load: async () => (await import('./commands/compare.ts')).compareCommand,
  },
  {
    command: 'sweep <scenario>',
    describe: 'a scenario at every point of its `vary`, as it is and under mitigations',
    load: async () => (await import('./commands/sweep.ts')).sweepCommand,
  },
  {
    command: 'report <result..>',
    describe: 'result documents of compare and sweep (--json) as pages: HTML, SVG, Markdown',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  {
    command: 'lab [scenario]',
    describe: "the scenario's races on this machine's kernel, beside the model",
    load: async () => (await import('./commands/lab.ts')).labCommand,
  },
  {
    command: 'doctor',
    describe: 'what this machine allows: kernel, CPUs, privileges, tools, and what of `snatrace lab` can run',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    command: 'kernels [release]',
    describe: 'kernel generations, stable backports, and what a release resolves to',
    load: async () => (await import('./commands/kernels.ts')).kernelsCommand,
  },
  {
    command: 'mitigations [name]',
    describe: 'what people recommend: the catalogue, one explained, or what applies to a scenario',
    load: async () => (await import('./commands/mitigations.ts')).mitigationsCommand,
  },
  {
    command: 'resolvers [name]',
    describe: 'stub resolvers by library and version, and the resolv.conf options that each heeds',
    load: async () => (await import('./commands/resolvers.ts')).resolversCommand,
  },
  {
    command: 'samples <before> <after>',
    describe: 'how many lookups to sample on a real node, to show that a rate of stalls fell',
    load: async () => (await import('./commands/samples.ts')).samplesCommand,
  },
  {
    command: 'schema',
    describe: 'the JSON Schema of scenario files, for completion in editors',
    load: async () => (await import('./commands/schema.ts')).schemaCommand,
  },
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
  for (const { command, describe, load } of COMMANDS) {
    parser.command(
      command,
      describe,
      async (argv) => (await load()).builder(argv),
      async (args) => {
        exitCode = await (await load()).handler(args as Readonly<Record<string, unknown>>);
      },
    );
  }
  await parser.parseAsync();
  return exitCode;
}
