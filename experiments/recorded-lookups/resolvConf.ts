/** The part of a pod's resolv.conf that decides which names a lookup asks for, and when it gives up waiting. */
import { InputError } from './inputError.ts';

export interface ResolvConf {
  /** IPv4 addresses, 1 to 3. */
  readonly nameServers: readonly string[];
  /** Lower case, without trailing dots, each once; at most 32. */
  readonly search: readonly string[];
  /** 0 to 15. */
  readonly ndots: number;
  /** `timeout`, 1 to 30. */
  readonly timeoutSeconds: number;
}

/** Options that change neither the names asked for nor how glibc walks through them. */
const HARMLESS_OPTIONS = [
  'attempts',
  'edns0',
  'trust-ad',
  'rotate',
  'single-request',
  'single-request-reopen',
  'no-aaaa',
  'no-reload',
];

export function readResolvConf(text: string): ResolvConf {
  const nameServers: string[] = [];
  let search: string[] = [];
  let ndots = 1;
  let timeoutSeconds = 5;

  text.split('\n').forEach((line, index) => {
    const place = `resolv.conf, line ${index + 1}`;
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') {
      nameServers.push(readAddress(words, place));
    } else if (keyword === 'search' || keyword === 'domain') {
      // The last of them wins (resolv.conf(5)).
      search = words.map((word) => word.toLowerCase().replace(/\.$/, ''));
    } else if (keyword === 'options') {
      for (const word of words) {
        const [option, value] = word.split(':');
        if (option === 'ndots') ndots = readNumber(value, 0, 15, `${place}, ndots`);
        else if (option === 'timeout') timeoutSeconds = readNumber(value, 1, 30, `${place}, timeout`);
        else if (!HARMLESS_OPTIONS.includes(option!))
          throw wrong(place, `option \`${word}\` is not understood`);
      }
    } else if (keyword !== '' && keyword !== 'sortlist' && !/^[#;]/.test(keyword!)) {
      throw wrong(place, `\`${keyword}\` is not understood`);
    }
  });

  if (nameServers.length === 0) throw wrong('resolv.conf', 'no nameserver');
  if (nameServers.length > 3) throw wrong('resolv.conf', `${nameServers.length} nameservers are more than 3`);
  if (new Set(search).size < search.length)
    throw wrong('resolv.conf', 'the search list names a domain twice');
  if (search.length > 32) throw wrong('resolv.conf', `a search list of ${search.length} is longer than 32`);
  return { nameServers, search: search.filter((element) => element !== ''), ndots, timeoutSeconds };
}

function readAddress(words: readonly string[], place: string): string {
  const [address] = words;
  if (address === undefined || !/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    throw wrong(place, `nameserver \`${address ?? ''}\` is not an IPv4 address`);
  }
  return address;
}

function readNumber(text: string | undefined, min: number, max: number, place: string): number {
  const value = /^\d{1,4}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!(value >= min)) throw wrong(place, `\`${text ?? ''}\` is not a number from ${min}`);
  return Math.min(value, max);
}

function wrong(place: string, problem: string): InputError {
  return new InputError(
    'resolv-conf',
    place,
    problem,
    'Give the resolv.conf of the pods that were recorded.',
  );
}
