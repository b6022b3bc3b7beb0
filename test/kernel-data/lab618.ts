/** The 6.18 lab in the model: its kernel, its variants, its pairs. */
import type { RaceExperiment } from '../../src/scenario/labExperiment.ts';
import type { Lab } from './labScenario.ts';

export const KERNEL = '6.18.44';

/** Lab report, section 10: which line of it a tolerance is. */
export const lab = (line: number) => `lab, 10.${line}`;

const SAME_SOCKET: Readonly<Record<string, Omit<Lab, 'kernel'>>> = {
  a_masq: { masquerade: 'preserve' },
  a_masq_randfully: { masquerade: 'random-fully' },
  // Native nftables masquerade is the same code below the rule.
  a_masq_nftnative: { masquerade: 'preserve' },
  b_dnat1: { backends: 1 },
  c_dnat2: { backends: 2 },
  d_dnat1_masq: { backends: 1, masquerade: 'preserve' },
  d_dnat2_masq: { backends: 2, masquerade: 'preserve' },
  e_conntrack_nonat: { natTable: false },
  f_notrack: { natTable: false, notrack: true },
};

export function labOf(variant: string): Lab {
  const rules = SAME_SOCKET[variant];
  if (rules === undefined) throw new Error(`no such variant: ${variant}`);
  return { kernel: KERNEL, ...rules };
}

export function sameSocket({ backends, notrack }: Lab, pairs: number): RaceExperiment {
  return {
    kind: 'race',
    senders: 'same-socket',
    protocol: 'udp',
    // NOTRACK rules are for DNS, so for the service's address.
    to: backends === undefined && notrack !== true ? 'external' : 'service',
    pairs,
    answerAfterNs: null,
  };
}

export const TWO_PODS: RaceExperiment = {
  kind: 'race',
  senders: 'two-pods',
  protocol: 'udp',
  to: 'external',
  pairs: 20_000,
  answerAfterNs: null,
};

/** The recorder's source port, outside every range of `--to-ports` used with it. */
export const SOURCE_PORT = 30_000;
export const FIRST_PORT = 20_000;

export interface Variant {
  readonly masquerade: NonNullable<Lab['masquerade']>;
  /** Ports to draw from; null: the original port. */
  readonly ports: number | null;
}

export const VARIANTS: Readonly<Record<string, Variant>> = {
  default: { masquerade: 'preserve', ports: null },
  default_nftnative: { masquerade: 'preserve', ports: null },
  random: { masquerade: 'random', ports: 64_512 },
  'random-fully': { masquerade: 'random-fully', ports: 64_512 },
  toports1: { masquerade: 'preserve', ports: 1 },
  toports2: { masquerade: 'preserve', ports: 2 },
  toports256: { masquerade: 'preserve', ports: 256 },
  toports2_rf: { masquerade: 'random-fully', ports: 2 },
};

export function twoPodsLab(variant: string): Lab {
  const { masquerade, ports } = VARIANTS[variant] as Variant;
  return {
    kernel: KERNEL,
    masquerade,
    ...(variant.startsWith('toports')
      ? { toPorts: [FIRST_PORT, FIRST_PORT + (ports ?? 1) - 1] as const }
      : {}),
  };
}
