/** Every text of the command line that is not a result. A function a message: tests name the function. */
import { nearest } from '../scenario/suggestion.ts';

const didYouMean = (word: string, known: readonly string[]): string => {
  const suggestion = nearest(word, known);
  return suggestion === null ? '' : `; did you mean ${suggestion}?`;
};

export const noSuchFile = (path: string): string => `${path}: no such file`;
export const isDirectory = (path: string): string =>
  `${path}: is a directory; name a scenario file in it, e.g. ${path.replace(/\/$/, '')}/php-on-alpine.yaml`;
export const unreadable = (path: string, reason: string): string => `${path}: cannot be read: ${reason}`;
export const unwritable = (path: string, reason: string): string => `${path}: cannot be written: ${reason}`;
export const unknownKernel = (release: string, reason: string, neighbours: readonly string[]): string =>
  `unknown kernel ${JSON.stringify(release)}: ${reason}; known next to it: ${neighbours.join(', ')}`;
export const unknownMitigation = (name: string, known: readonly string[]): string =>
  `unknown mitigation ${JSON.stringify(name)}${didYouMean(name, known)} (\`snatrace mitigations\` lists them)`;
export const unknownDispatch = (name: string, known: readonly string[]): string =>
  `unknown dispatch ${JSON.stringify(name)}${didYouMean(name, known)} (${known.join(', ')})`;
export const loadOfReplay = (factor: string): string =>
  `${factor} times the load: a replayed query log has no rate that could be multiplied`;
export const unknownCommand = (name: string, known: readonly string[]): string =>
  `unknown command ${JSON.stringify(name)}${didYouMean(name, known)}`;
export const notInRange = (flag: string, value: unknown, range: string): string =>
  `${flag} ${String(value)}: expected ${range}`;
export const tooManyVariants = (cells: number, most: number): string =>
  `${cells} variants to compare, and ${most} at most: name fewer with --with, or combine fewer at once (--combine 2)`;
export const emptyList = (): string => 'a list without a name in it; leave the flag out instead';
export const equalRates = (): string => 'the two rates are equal: no number of lookups shows a difference';
export const interrupted = (complete: number, asked: number): string =>
  complete === 0
    ? 'interrupted before one replication of every variant was complete'
    : `interrupted: ${complete} of ${asked} replications are complete, and this is their result`;
export const sweepInterrupted = (complete: number, asked: number): string =>
  complete === 0
    ? 'interrupted before one point was complete'
    : `interrupted: ${complete} of ${asked} points are complete, and this is their result`;
export const varyIgnored = (): string => 'vary: is for `snatrace sweep`; this is the file as it stands';
export const bug = (message: string): string =>
  `snatrace: internal error: ${message}\nThis is a bug of ours. Set SNATRACE_DEBUG=1 for the stack, and please report it with the scenario file and the seed.`;
export const missingArgument = (command: string): string =>
  command === 'samples'
    ? 'give two rates: snatrace samples BEFORE AFTER, such as 2% 0.5%'
    : command === 'report'
      ? 'name a result document'
      : 'name a scenario file';
export const seeHelp = (command: string): string => `See \`snatrace ${command}--help\`.`;
export const written = (paths: readonly string[]): string => `wrote ${paths.join(', ')}`;
export const allVacuous = (): string =>
  'vacuous: no window of any race was open in any cell, so nothing is known about the races (hint: cpus >= 2, more load, a dispatch other than clean-veth)';
export const isResultFolder = (path: string): string =>
  `${path}: is a directory; name the JSON documents in it, e.g. ${path.replace(/\/$/, '')}/php-on-alpine.json`;
export const sameReportTwice = (name: string): string =>
  `two documents would make the same files (${name}.html): write them to folders of their own`;
export const mitigationsHint = (): string =>
  '`snatrace mitigations NAME` explains one, and on what it depends; NAME may be any `kernel-RELEASE`.';
export const nothingApplies = (): string => 'Nothing of the catalogue has an effect on this scenario.';
export const clusterIsForRun = (path: string, command: string, groups: readonly string[]): string =>
  `${path}: describes a cluster, and \`${command}\` takes one node: write out that of a group (\`snatrace run ${path} --group ${groups[0]} --print-scenario > node.yaml\`) and take that; its groups: ${groups.join(', ')}`;
export const noCluster = (flag: string): string =>
  `--${flag} is about a cluster, and the file describes one node (\`cluster:\` in it lists groups of nodes)`;
export const replicationsOfCluster = (): string =>
  'a cluster has no replications: --nodes says how many nodes of each group are simulated';
export const unknownGroup = (name: string, known: readonly string[]): string =>
  `unknown node group ${JSON.stringify(name)}${didYouMean(name, known)} (${known.join(', ')})`;
export const clusterInterrupted = (simulated: number): string =>
  `interrupted: the answer rests on the ${simulated} nodes that were simulated`;
export const clusterTooSoon = (): string =>
  'interrupted before two nodes of each group were simulated: nothing can be said of the cluster';
export const notCalibrated = (reason: string): string =>
  `no step was measured, and the profile has those of lab-6.18: ${reason} (\`snatrace doctor\` says more)`;
export const windowNotTold = (key: string, reason: string): string =>
  `steps.${key} could not be told, and the profile has that of lab-6.18: ${reason}; a quieter machine or more --pairs may help`;
export const profileWritten = (path: string): string =>
  `wrote ${path}; in a scenario: \`node: { profile: ${path} }\` (relative to the scenario), and see \`dispatch\` in it`;
export const outWithoutCalibrate = (): string =>
  '--out is the file of a node profile: it goes with --calibrate (for a result, redirect --json)';
