/**
 * The least that a command line with these commands costs: `node yargsAlone.js COMMANDS ...ARGUMENTS`, commands as JSON,
 * [["run <scenario>", "description"], ...].
 */
import yargs from 'yargs';

const [commands, ...args] = process.argv.slice(2);
const parser = yargs(args)
  .scriptName('snatrace')
  .usage('$0 <command>')
  .version('0')
  .help()
  .alias('h', 'help')
  .strict()
  .demandCommand(1)
  .recommendCommands()
  .completion('completion', 'print a completion script for bash or zsh')
  .wrap(null);
for (const [command, description] of JSON.parse(commands)) parser.command(command, description);
await parser.parseAsync();
