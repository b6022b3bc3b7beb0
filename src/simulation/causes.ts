/** Why a packet was lost: exactly one cause for each. */
import {
  DROPPED_CHAIN_TOO_LONG,
  DROPPED_NO_MAPPING,
  DROPPED_PORT_RACE,
  DROPPED_PORTS_EXHAUSTED,
  DROPPED_SAME_SOCKET,
  DROPPED_SAME_SOCKET_OTHER_BACKEND,
  DROPPED_TABLE_FULL,
} from '../netfilter/verdict.ts';

export const LOSS_CAUSES = [
  'same-socket',
  'same-socket-other-backend',
  'port-race',
  'ports-exhausted',
  'table-full',
  'chain-too-long',
  'no-mapping',
  'input-queue',
  'answer-untranslated',
  'link',
  'server',
  'cache-outage',
] as const;

export type LossCause = (typeof LOSS_CAUSES)[number];

/** What each cause is, in words for tables. */
export const CAUSE_TEXTS: Readonly<Record<LossCause, string>> = {
  'same-socket': 'same-socket race, same backend',
  'same-socket-other-backend': 'same-socket race, different backends',
  'port-race': 'port race: two flows were granted one port',
  'ports-exhausted': 'ports exhausted',
  'table-full': 'conntrack table full',
  'chain-too-long': 'hash chain too long',
  'no-mapping': 'no eBPF NAT mapping',
  'input-queue': "a CPU's input queue was full (no conntrack counter moves)",
  'answer-untranslated':
    'answer lost: no entry to translate it back (that of a resolved clash lives one second)',
  link: 'lost on the link',
  server: 'server queue full',
  'cache-outage': 'node-local cache down',
};

export const NO_LOSS = -1;

export function causeIndex(cause: LossCause): number {
  return LOSS_CAUSES.indexOf(cause);
}

const BY_VERDICT = new Int8Array(16).fill(NO_LOSS);
BY_VERDICT[DROPPED_SAME_SOCKET] = causeIndex('same-socket');
BY_VERDICT[DROPPED_SAME_SOCKET_OTHER_BACKEND] = causeIndex('same-socket-other-backend');
BY_VERDICT[DROPPED_PORT_RACE] = causeIndex('port-race');
BY_VERDICT[DROPPED_PORTS_EXHAUSTED] = causeIndex('ports-exhausted');
BY_VERDICT[DROPPED_TABLE_FULL] = causeIndex('table-full');
BY_VERDICT[DROPPED_CHAIN_TOO_LONG] = causeIndex('chain-too-long');
BY_VERDICT[DROPPED_NO_MAPPING] = causeIndex('no-mapping');

/** The cause that a verdict of the packet path stands for. */
export function causeOfVerdict(verdict: number): number {
  return BY_VERDICT[verdict];
}
