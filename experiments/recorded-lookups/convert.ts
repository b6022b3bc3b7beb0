/**
 * Turns a capture of real clients into lookups to replay:
 *
 *     npx tsx experiments/recorded-lookups/convert.ts CAPTURE RESOLV_CONF > lookups.csv
 *
 * The capture shows queries, already expanded along the search list; a replay needs what came before, one
 * line per getaddrinfo call. The steps: `pcap.ts`, `udpDatagram.ts`, `dnsMessage.ts` take the packets apart,
 * `foldLookups.ts` puts the lookups together, `readLookups.ts` joins them.
 */
import { isMain, runOnRecording } from './commandLine.ts';
import type { Lookup } from './foldLookups.ts';

/** `time,pod,name`: seconds after the first lookup, index of the pod in order of appearance, name as given. */
export function toCsv(lookups: readonly Lookup[]): string {
  const pods = [...new Set(lookups.map(({ client }) => client))];
  const originNs = lookups[0]?.startNs ?? 0;
  const lines = lookups.map(
    ({ startNs, client, name }) => `${toSeconds(startNs - originNs)},${pods.indexOf(client)},${name}`,
  );
  return ['time,pod,name', ...lines, ''].join('\n');
}

function toSeconds(ns: number): string {
  return `${Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, '0')}`;
}

if (isMain(import.meta.url)) {
  runOnRecording(
    'npx tsx experiments/recorded-lookups/convert.ts CAPTURE RESOLV_CONF > lookups.csv',
    ({ lookups }) => toCsv(lookups),
  );
}
