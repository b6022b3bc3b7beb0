/** The recordings of real resolvers: `test/data/resolver-traces.csv`, one line for each packet of a lookup. */
import { readFileSync } from 'node:fs';

export type Client = 'glibc' | 'musl' | 'go' | 'node-lookup' | 'node-cares';

export interface RecordedPacket {
  /** After the first packet of the lookup. */
  readonly atMs: number;
  /** Number of the source port within the lookup, from 1. */
  readonly port: number;
  readonly protocol: 'UDP' | 'TCP' | 'SYN';
  readonly server: number;
  readonly question: 'A' | 'AAAA' | '-';
  /** Number of the name within the lookup, from 1; 0 for a SYN. */
  readonly name: number;
}

export interface RecordedLookup {
  readonly packets: readonly RecordedPacket[];
  readonly result: string;
  /** -1: killed. */
  readonly totalMs: number;
}

/** One process with one resolv.conf under one fault: one lookup, or several in a row. */
export interface Recording {
  readonly client: Client;
  /** Words of the options line; empty for `default`. */
  readonly options: readonly string[];
  readonly case: string;
  readonly lookups: readonly RecordedLookup[];
}

export function nameOf({ client, options, case: name }: Recording): string {
  return `${client}, ${options.length === 0 ? 'default' : options.join(' ')}, ${name}`;
}

export function loadRecordings(): readonly Recording[] {
  const text = readFileSync(new URL('../../data/resolver-traces.csv', import.meta.url), 'utf8');
  const recordings = new Map<string, { recording: Recording; lookups: Map<string, RecordedLookup> }>();
  for (const line of text.split('\n').slice(1)) {
    if (line === '') continue;
    const [client, , options, name, lookupNo, , atMs, port, protocol, server, question, nameNo, ...rest] =
      fields(line);
    const key = `${client}|${options}|${name}`;
    let entry = recordings.get(key);
    if (entry === undefined) {
      const words = options === 'default' ? [] : options!.split(' ');
      const recording = { client: client as Client, options: words, case: name!, lookups: [] };
      entry = { recording, lookups: new Map() };
      recordings.set(key, entry);
    }
    let lookup = entry.lookups.get(lookupNo!);
    if (lookup === undefined) {
      lookup = { packets: [], result: rest[0]!, totalMs: Number(rest[1]) };
      entry.lookups.set(lookupNo!, lookup);
      (entry.recording.lookups as RecordedLookup[]).push(lookup);
    }
    (lookup.packets as RecordedPacket[]).push({
      atMs: Number(atMs),
      port: Number(port),
      protocol: protocol as RecordedPacket['protocol'],
      server: Number(server),
      question: question as RecordedPacket['question'],
      name: Number(nameNo),
    });
  }
  return [...recordings.values()].map(({ recording }) => recording);
}

/** Splits a line at its commas, but for those within double quotes. */
function fields(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain!);
}
