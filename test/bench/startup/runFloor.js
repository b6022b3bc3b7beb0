/**
 * The least that `run` needs before it can simulate: `node runFloor.js SCHEMA COMMANDS ...ARGUMENTS` parses the arguments
 * with yargs, loads the YAML parser, and zod with the schema of scenarios (SCHEMA: the module that builds it).
 */
import 'yaml';

const [schema] = process.argv.splice(2, 1);
await import(schema);
await import('./yargsAlone.js');
