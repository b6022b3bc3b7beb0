/** What the lab's processes saw, put together as results. */
import type { RaceExperiment } from '../scenario/labExperiment.ts';
import type { FillResult, RaceResult } from '../simulation/labResult.ts';
import { connectTimes } from '../simulation/packetPairs.ts';
import type { Arrivals, Returned } from './packets.ts';

/** As in `ConnectTimes`. */
const RESENT_FROM_NS = 9e8;

/** What was seen of a race, by whoever could see it. */
export interface ObservedRace {
  /** What the node's moved by over the whole race. */
  readonly counters: Readonly<Record<string, number>>;
  /** What `insert_failed` and `clash_resolve` together moved by, by pair. */
  readonly clashes: readonly number[];
  readonly arrivals: Arrivals;
  readonly returned: readonly Returned[];
  /** TCP: SYNs that were sent again. */
  readonly resent: number;
}

/** Pure. */
export function raceResult(
  { senders, protocol, pairs, answerAfterNs }: RaceExperiment,
  { counters, clashes, arrivals, returned, resent }: ObservedRace,
): RaceResult {
  const { arrived, ports, endpoints, answers } = arrivals;
  const udp = protocol === 'udp';
  const connectsNs = returned.flatMap((each) => each.connectsNs);
  // What came of a SYN that was sent again tells nothing of the first.
  const inTime = (packet: number): boolean => udp || (connectsNs[packet] as number) < RESENT_FROM_NS;
  let raced = 0;
  let attributed = 0;
  let partedAlone = 0;
  let differentPorts = 0;
  let differentEndpoints = 0;
  let received = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const [a, b] = [2 * pair, 2 * pair + 1];
    const both = arrived[a] === 1 && arrived[b] === 1 && inTime(a) && inTime(b);
    const otherPort = both && ports[a] !== ports[b];
    const otherEndpoint = both && endpoints[a] !== endpoints[b];
    if (otherPort) differentPorts += 1;
    if (otherEndpoint) differentEndpoints += 1;
    const parted = senders === 'same-socket' && (otherPort || otherEndpoint);
    const clashed = (clashes[pair] as number) > 0;
    if (clashed || parted) raced += 1;
    if (parted && !clashed) partedAlone += 1;
    attributed += clashes[pair] as number;
    received += (arrived[a] as number) + (arrived[b] as number);
  }
  // A packet that was deferred moves its counter after the pair's turn; a pair that parted has been counted without.
  const late = (counters.insert_failed ?? 0) + (counters.clash_resolve ?? 0) - attributed - partedAlone;
  return {
    kind: 'race',
    pairs,
    raced: Math.min(pairs, raced + (udp ? Math.max(0, late) : 0)),
    lost: 2 * pairs + resent - received,
    differentPorts,
    differentEndpoints,
    counters,
    answers:
      answerAfterNs === null || !udp
        ? null
        : { sent: answers, received: returned.reduce((sum, each) => sum + each.answers, 0) },
    connects: udp ? null : connectTimes(connectsNs),
  };
}

/** Pure. */
export function fillResult(
  flows: number,
  counters: Readonly<Record<string, number>>,
  { arrived, ports }: Arrivals,
): FillResult {
  const first = arrived.indexOf(0);
  const used = new Set<number>();
  let accepted = 0;
  for (let i = 0; i < flows; i++) {
    if (arrived[i] === 0) continue;
    accepted += 1;
    used.add(ports[i] as number);
  }
  return {
    kind: 'fill',
    flows,
    accepted,
    firstFailureAt: first === -1 ? flows : first,
    portsUsed: used.size,
    counters,
  };
}
