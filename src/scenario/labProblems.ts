/** What can be wrong with the key `lab` beyond its shape. */
import type { Problem } from './problems.ts';
import { problem, shown } from './shown.ts';
import { formatDuration } from './units.ts';

export function tcpOnOneSocket(): Problem {
  const message = 'two threads cannot connect one TCP socket';
  return problem('contradiction', 'tcp', message, 'race: two-pods, or protocol: udp');
}

export function tcpAnswers(): Problem {
  const message = 'a TCP connect is answered at once, by the kernel';
  return problem('contradiction', null, message, 'remove `answerAfter`, or protocol: udp');
}

export function answersTooLate(written: string, mostNs: number): Problem {
  return problem(
    'out-of-range',
    written,
    `${shown(written)} is out of range`,
    `at most ${formatDuration(mostNs)}`,
  );
}

export function noRangeToFill(): Problem {
  const message = 'the masquerade rule has no range of ports that could be used up';
  return problem('contradiction', 'ports', message, 'nat: { masquerade: { range: 20000-20127 } }');
}

export function noFlows(): Problem {
  return problem('out-of-range', 0, '0 is out of range', 'at least 1');
}
