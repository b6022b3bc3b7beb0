/** The words of the field as reports use them: short names for columns, sentences for those who do not know them. */
import type { Cell, KernelSummary, RaceName } from '../experiment/comparison.ts';
import type { Effort } from '../mitigations/mitigation.ts';
import { CAUSE_TEXTS, type LossCause } from '../simulation/causes.ts';
import { NO_PACKET_LOST } from '../simulation/result.ts';
import type { IntervalMethod } from '../statistics/interval.ts';
import type { Outcome } from '../statistics/verdict.ts';
import { percent, plain, STALL_FROM } from './format.ts';

export type StallCause = LossCause | typeof NO_PACKET_LOST;

/** Heads of columns; `CAUSE_TEXTS` has the long form. */
export const CAUSE_NAMES: Readonly<Record<StallCause, string>> = {
  'same-socket': 'same socket',
  'same-socket-other-backend': 'same socket, 2 backends',
  'port-race': 'port race',
  'ports-exhausted': 'ports exhausted',
  'table-full': 'table full',
  'chain-too-long': 'chain too long',
  'no-mapping': 'no eBPF mapping',
  'input-queue': 'input queue',
  'answer-untranslated': 'answer late',
  link: 'link',
  server: 'server queue',
  'cache-outage': 'cache down',
  [NO_PACKET_LOST]: 'no loss',
};

export function causeText(cause: StallCause): string {
  return cause === NO_PACKET_LOST ? 'slow although no packet was lost' : CAUSE_TEXTS[cause];
}

export const RACE_TEXTS: Readonly<Record<RaceName, string>> = {
  'same-socket': 'same-socket race (A and AAAA of one lookup)',
  'port-race-udp': 'port race, UDP',
  'port-race-tcp': 'port race, TCP',
};

/** Generations of the port search, by the name that a kernel gives them; a name that is not here stands alone. */
const PORT_SEARCHES: Readonly<Record<string, string>> = {
  P0: 'keeps free ports, else the next after a shared counter; before --random-fully',
  P1: 'keeps free ports, else the next after a shared counter',
  P1s: 'keeps free ports, else at most 248 probes from random starts; --random still hashed',
  P2: 'keeps free ports, else at most 248 probes from random starts',
  P3: 'keeps free ports, else at most 248 probes from random starts; takes ports of closing TCP flows over',
  P4: 'keeps free ports, else at most 248 probes from random starts; knows mirror images',
};

const CLASH_RESOLUTIONS: Readonly<Record<string, string>> = {
  C0: 'none, every clash is dropped',
  C1: 'merges only packets without NAT',
  C2: 'merges packets with equal mappings',
  C3: 'merges packets with equal mappings, and gives equal ones',
  C4: 'merges equal mappings, lets other ones live for a second',
  C5: 'merges equal mappings, lets other ones live for a second; counts clash_resolve',
  C6: 'merges equal mappings, lets other ones live for a second; limits chains',
  C7: 'merges equal mappings and mirror images, lets other ones live for a second',
};

/** `4.14.96: port search P1 (keeps free ports, ...); clash resolution C1 (...)`. */
export function kernelText({ release, portSearch, clash, notes }: KernelSummary): string {
  const explained = (name: string, texts: Readonly<Record<string, string>>) =>
    Object.hasOwn(texts, name) ? `${name} (${texts[name]})` : name;
  const search = `port search ${explained(portSearch, PORT_SEARCHES)}`;
  const resolution = `clash resolution ${explained(clash, CLASH_RESOLUTIONS)}`;
  return plain([`${release}: ${search}`, resolution, ...notes].join('; '));
}

/** What an operator can do about a race that was not tested. */
export const RACE_HINTS: Readonly<Record<RaceName, string>> = {
  'same-socket':
    'it needs a resolver that sends A and AAAA from one socket, and something that brings the pair onto two CPUs (its dispatch)',
  'port-race-udp': 'it needs pods on two CPUs that look up past the node at the same time, and masquerading',
  'port-race-tcp':
    'it needs pods on two CPUs that connect to one destination at the same time, and masquerading',
};

export const OUTCOME_TEXTS: Readonly<Record<Outcome, string>> = {
  lower: 'fewer: the interval of the paired difference lies below zero',
  higher: 'worse: the interval of the paired difference lies above zero',
  'no detectable difference':
    'no detectable difference: the whole interval lies within 10 % of the figure without it, or every replication came out the same',
  undecided:
    'undecided: the interval allows both, or is not clear enough for one of many verdicts; more replications can decide',
  'nothing to compare': 'no stall with it or without it: only an upper bound is known',
};

export const METHOD_TEXTS: Readonly<Record<IntervalMethod, string>> = {
  wilson: 'Wilson',
  'clopper-pearson': 'Clopper-Pearson',
  'clopper-pearson-upper': 'one-sided Clopper-Pearson where nothing was seen',
  'korn-graubard': 'Korn-Graubard over replications',
  t: "Student's t over replications",
  'paired-t': 'paired t over replications (Fieller for ratios)',
  'changed-events': 'paired t, widened where few events changed',
  census: 'none, all nodes having been simulated',
  none: 'none from a single replication',
};

/** For charts, where `EFFORTS` has too many words. */
export const EFFORT_NAMES: Readonly<Record<Effort, string>> = {
  setting: 'a cluster setting',
  node: 'every node',
  'pod-spec': 'every deployment',
  component: 'one more component',
  application: 'images or code',
  kernel: 'the kernel',
  network: 'network plugin or proxy',
};

/** Terms and what they mean, for readers without documentation. */
export function glossary(confidence: number): readonly (readonly [term: string, meaning: string])[] {
  const share = percent(confidence);
  return [
    [
      'stall',
      `a lookup or connect that took ${STALL_FROM} or more, whatever came of it, or that failed sooner`,
    ],
    ['per million', 'per million lookups or connects that were started'],
    [
      `${share} interval`,
      `made so that it holds the true figure of this model in ${share} of such experiments; it cannot say how well the model fits your node`,
    ],
    [
      'dispatch',
      "what brings one thread's two packets onto two CPUs; assumed, not derived: the most sensitive assumption of all",
    ],
  ];
}

/** What many verdicts at once cost; nothing where there was nothing to correct. */
export function correctionTerm(family: number, confidence: number): (readonly [string, string])[] {
  if (family < 2) return [];
  return [
    [
      'many verdicts',
      `the ${family} verdicts on stalls are corrected together (Holm): with a probability of ${percent(confidence)} no "fewer" or "worse" among them is wrong; intervals are those of each mitigation by itself`,
    ],
  ];
}

/** What a row of a comparison is. */
export const AS_IT_IS: readonly [string, string] = [
  'as it is',
  'the scenario without any mitigation; every other row ran on the same random numbers and is compared with it replication by replication',
];

const RACE_TERMS: Readonly<Record<'same-socket' | 'port-race', readonly [string, string]>> = {
  'same-socket': [
    'same-socket race',
    "one lookup's A and AAAA queries leave one socket and are translated on two CPUs at once; the second is dropped, and the resolver waits for its timeout",
  ],
  'port-race': [
    'port race',
    'two flows, of two pods or of one, are given the same source port for the same destination at once; the second packet is dropped, and sent again after its timeout',
  ],
};

/** What the races are that were tested. */
export function raceTerms(vacuous: readonly RaceName[]): (readonly [string, string])[] {
  const portRace = !(vacuous.includes('port-race-udp') && vacuous.includes('port-race-tcp'));
  return [
    ...(vacuous.includes('same-socket') ? [] : [RACE_TERMS['same-socket']]),
    ...(portRace ? [RACE_TERMS['port-race']] : []),
  ];
}

/** Whether the mitigations of a cell bear on this scenario; null for a cell without any. */
export function effectOf({ applied }: Cell): 'applied' | 'partly' | 'ineffective' | null {
  if (applied.length === 0) return null;
  if (applied.every(({ effect }) => effect === 'ineffective')) return 'ineffective';
  return applied.every(({ effect }) => effect === 'applied') ? 'applied' : 'partly';
}
