/**
 * The recordings of real resolvers, one line for each packet of a lookup: `test/data/resolver-traces.csv` (faults by
 * script) and `lossy-lookups.csv` (queries lost at random).
 */
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
  /** Lost by chance; absent where a script says what is lost. */
  readonly dropped?: boolean;
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
  /** As its vendor names it. */
  readonly version: string;
  /** Words of the options line; empty for `default`. */
  readonly options: readonly string[];
  readonly case: string;
  readonly lookups: readonly RecordedLookup[];
}

export function nameOf({ client, options, case: name }: Recording): string {
  return `${client}, ${options.length === 0 ? 'default' : options.join(' ')}, ${name}`;
}

export function loadRecordings(): readonly Recording[] {
  return load('resolver-traces.csv');
}

export function loadLossyLookups(): readonly Recording[] {
  return load('lossy-lookups.csv');
}

/** A field of a line that is empty says what the line above says. */
function load(file: string): readonly Recording[] {
  const text = readFileSync(new URL(`../../data/${file}`, import.meta.url), 'utf8');
  const recordings = new Map<string, { recording: Recording; lookups: Map<string, RecordedLookup> }>();
  let above: readonly string[] = [];
  for (const line of text.split('\n').slice(1)) {
    if (line === '') continue;
    const filled = fields(line).map((field, i) => (field === '' ? above[i]! : field));
    above = filled;
    const [
      client,
      version,
      options,
      name,
      lookupNo,
      ,
      atMs,
      port,
      protocol,
      server,
      question,
      nameNo,
      ...rest
    ] = filled;
    const key = `${client}|${version}|${options}|${name}`;
    let entry = recordings.get(key);
    if (entry === undefined) {
      const words = options === 'default' ? [] : options!.split(' ');
      const recording = {
        client: client as Client,
        version: version!,
        options: words,
        case: name!,
        lookups: [],
      };
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
      ...(rest[2] === undefined ? {} : { dropped: rest[2] === '1' }),
    });
  }
  return [...recordings.values()].map(({ recording }) => recording);
}

/** Splits a line at its commas, but for those within double quotes. */
function fields(line: string): readonly string[] {
  return [...`,${line}`.matchAll(/,(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain!);
}
