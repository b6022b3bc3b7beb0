/** Every text about a node profile that is wrong, where a scenario's would not do. */
import type { Problem } from './problems.ts';
import { listOf, oneLine, problem, shown } from './shown.ts';
import { nearest } from './suggestion.ts';

const PATH = 'or the path of a profile file, such as worker.yaml or ./worker';

export function unknownProfile(name: string, known: readonly string[]): Problem {
  const meant = nearest(name, known);
  const fix = meant === null ? `${listOf(known)}, ${PATH}` : `did you mean \`${meant}\`?`;
  return problem('wrong-value', name, `no node profile is called ${shown(name)}`, fix);
}

export function profileUnreadable(path: string, reason: string): Problem {
  const message = `the node profile ${shown(path)} cannot be read: ${oneLine(reason)}`;
  return problem('profile-unreadable', path, message, 'the path is relative to the scenario file');
}

export function emptyProfile(): Problem {
  return problem(
    'empty-file',
    null,
    'the file is empty',
    'a node profile has `profile`, `provenance` and `node`; `snatrace lab --calibrate --out FILE` writes one',
  );
}

export function notAProfile(): Problem {
  const message = 'expected keys at the top, such as profile, provenance and node';
  return problem('not-a-mapping', null, message, '`snatrace lab --calibrate --out FILE` writes a profile');
}

export function scenarioAsProfile(): Problem {
  return problem(
    'wrong-value',
    null,
    'this is a scenario, not a node profile',
    'move what `node` has of step times here under `node`, with `profile` and `provenance` beside it',
  );
}

export function intervalReversed(low: string, high: string): Problem {
  const message = `\`low\` (${low}) is above \`high\` (${high})`;
  return problem('contradiction', low, message, 'swap them');
}

export function halfAnInterval(): Problem {
  return problem('missing-key', null, 'an interval has `low` and `high`', 'give both, or none');
}
