/**
 * A recorded lookup beside the one that was played: same packets, same ports, same waits, same result.
 *
 * Packets are matched by what they ask (transport, question, server, name) and how often it was asked before;
 * the order of packets that leave together is left to chance. Ports must correspond one to one.
 *
 * Times: recorded timers carry 1 to 6 ms each and now and then 30 to 100 ms of start-up, so a recorded packet
 * may be up to `EARLY_MS` earlier and `LATE_MS` later than the played one, whose timers are 1 ms late. The test
 * over all recordings also bounds the quantiles of these differences.
 */
import { A, AAAA } from '../../../src/clients/resolver.ts';
import { MILLISECOND } from '../../../src/engine/time.ts';
import type { Client, RecordedLookup, RecordedPacket } from './recordings.ts';
import type { Run } from './scriptedHost.ts';

const EARLY_MS = 5;
const LATE_MS = 110;
/** Node's ticks start 15 to 60 ms before its first query (played: 20), and drift by some ms each. */
const EARLY_MS_OF_TICKS = 60;
const LATE_MS_OF_TICKS = 110;
/** The work of starting Node is in its totals. */
const LATE_TOTAL_MS_OF_NODE = 300;

/** A packet of either side in the same terms. */
interface Seen extends RecordedPacket {
  readonly key: string;
}

export interface Comparison {
  /** What differs, one line each; empty if nothing does. */
  readonly differences: readonly string[];
  /** Recorded minus played, of each packet that both have. */
  readonly lateMs: readonly number[];
}

export function compare(client: Client, recorded: RecordedLookup, run: Run): Comparison {
  const differences: string[] = [];
  const lateMs: number[] = [];
  const expected = keyed(recorded.packets);
  const actual = keyed(packetsOf(run));
  const ports = new Map<number, number>();
  const taken = new Map<number, number>();

  const match = (played: Seen, real: Seen | undefined) => {
    if (real === undefined) {
      differences.push(`played, not recorded: ${render(played)}`);
      return;
    }
    if (
      (ports.get(played.port) ?? real.port) !== real.port ||
      (taken.get(real.port) ?? played.port) !== played.port
    ) {
      differences.push(`another port: played ${render(played)}, recorded ${render(real)}`);
    }
    ports.set(played.port, real.port);
    taken.set(real.port, played.port);
    const late = real.atMs - played.atMs;
    lateMs.push(late);
    if (!isInTime(client, late)) {
      differences.push(`another time: played ${render(played)}, recorded ${render(real)}`);
    }
  };

  const queries = new Map(expected.filter((p) => p.protocol !== 'SYN').map((packet) => [packet.key, packet]));
  for (const played of actual.filter(({ protocol }) => protocol !== 'SYN')) {
    match(played, queries.get(played.key));
    queries.delete(played.key);
  }
  for (const real of queries.values()) differences.push(`recorded, not played: ${render(real)}`);

  // A SYN asks nothing, so it is matched by its port.
  const syns = expected.filter(({ protocol }) => protocol === 'SYN');
  for (const played of actual.filter(({ protocol }) => protocol === 'SYN')) {
    const port = ports.get(played.port);
    const index = syns.findIndex((syn) => syn.port === port && syn.server === played.server);
    match(played, index < 0 ? undefined : syns.splice(index, 1)[0]);
  }
  for (const real of syns) differences.push(`recorded, not played: ${render(real)}`);

  const outcome = outcomeOf(run);
  if (!outcomesOf(recorded.result).includes(outcome)) {
    differences.push(`another result: played ${outcome}, recorded ${recorded.result}`);
  }
  if (recorded.totalMs >= 0 && run.endedAt !== null) {
    const late = recorded.totalMs - (run.endedAt - run.startedAt) / MILLISECOND;
    const isNode = client === 'node-cares' || client === 'node-lookup';
    if (!isInTime(client, late) && !(isNode && late > 0 && late <= LATE_TOTAL_MS_OF_NODE)) {
      differences.push(`another duration: recorded ${recorded.totalMs} ms is ${late.toFixed(1)} ms late`);
    }
  }
  return { differences, lateMs };
}

/** Both timelines, in the notation of `resolver-traces.md`. */
export function renderBoth(recorded: RecordedLookup, run: Run): string {
  return [
    `recorded: ${timeline(recorded.packets)}; ${recorded.result} ${recorded.totalMs}`,
    `played:   ${timeline(packetsOf(run))}; ${outcomeOf(run)} ${run.endedAt === null ? '' : Math.round((run.endedAt - run.startedAt) / MILLISECOND)}`,
  ].join('\n');
}

function isInTime(client: Client, lateMs: number): boolean {
  const ticks = client === 'node-cares';
  return lateMs >= -(ticks ? EARLY_MS_OF_TICKS : EARLY_MS) && lateMs <= (ticks ? LATE_MS_OF_TICKS : LATE_MS);
}

/** The played packets as the recorder would have written them. */
export function packetsOf(run: Run): readonly RecordedPacket[] {
  const names: number[] = [];
  const ports: number[] = [];
  return run.packets.map((packet) => ({
    atMs: (packet.atNs - run.startedAt) / MILLISECOND,
    port: numbered(ports, packet.port),
    protocol: packet.protocol,
    server: packet.server,
    question: packet.question,
    name: packet.protocol === 'SYN' ? 0 : numbered(names, packet.name),
  }));
}

function numbered(seen: number[], what: number): number {
  if (!seen.includes(what)) seen.push(what);
  return seen.indexOf(what) + 1;
}

function keyed(packets: readonly RecordedPacket[]): readonly Seen[] {
  const counts = new Map<string, number>();
  return packets.map((packet) => {
    const what = `${packet.protocol} ${packet.question} #${packet.server} n${packet.name}`;
    const count = (counts.get(what) ?? 0) + 1;
    counts.set(what, count);
    return { ...packet, key: `${what} (${count})` };
  });
}

function outcomeOf(run: Run): string {
  if (run.endedAt === null) return 'hang';
  if (run.error !== 'ok') return run.error!;
  return `ok ${run.found === (A | AAAA) ? 'A+AAAA' : run.found === A ? 'A' : run.found === AAAA ? 'AAAA' : 'nothing'}`;
}

/** What a recorded result may be called here. */
function outcomesOf(result: string): readonly string[] {
  const addresses = /(\d)xA\+(\d)xAAAA/.exec(result);
  if (addresses !== null) {
    const [, a, aaaa] = addresses;
    return [`ok ${[...(a === '0' ? [] : ['A']), ...(aaaa === '0' ? [] : ['AAAA'])].join('+')}`];
  }
  if (result.startsWith('hang')) return ['hang'];
  if (/ETIMEOUT|ESERVFAIL|EREFUSED|EAI_AGAIN|i\/o_timeout|server_misbehaving/.test(result)) return ['again'];
  if (/EAI_NODATA|ENODATA/.test(result)) return ['nodata'];
  // dns.lookup of Node says ENOTFOUND for both.
  if (result === 'ENOTFOUND') return ['noname', 'nodata'];
  if (/EAI_NONAME|ENOTFOUND|no_such_host/.test(result)) return ['noname'];
  throw new Error(`what is ${result}?`);
}

function timeline(packets: readonly RecordedPacket[]): string {
  return packets.map(render).join('; ');
}

function render({ atMs, port, protocol, server, question, name }: RecordedPacket): string {
  const what = protocol === 'SYN' ? 'SYN' : protocol === 'TCP' ? `${question}/tcp` : question;
  return `${what}${server === 1 ? '' : `#${server}`}${name > 1 ? ` n${name}` : ''}@${Math.round(atMs)} p${port}`;
}
