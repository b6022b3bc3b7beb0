/** Every mitigation, in the order in which they are listed. To add one: a file, and a line here. */

import type { Scenario } from '../scenario/scenario.ts';
import { iptables1_6_2 } from './iptables-1.6.2.ts';
import { ipvs } from './ipvs.ts';
import { kernel5_1 } from './kernel-5.1.ts';
import { kernel5_6 } from './kernel-5.6.ts';
import { kernel6_12 } from './kernel-6.12.ts';
import type { Application, Mitigation } from './mitigation.ts';
import { nodeDnsDaemonSet } from './node-dns-daemonset.ts';
import { nodeLocalDns } from './node-local-dns.ts';
import { randomFully } from './random-fully.ts';
import { singleRequestReopen } from './single-request-reopen.ts';
import { withoutNdots } from './without-ndots.ts';

export const MITIGATIONS: readonly Mitigation[] = [
  kernel5_1,
  kernel5_6,
  kernel6_12,
  iptables1_6_2,
  randomFully,
  ipvs,
  nodeLocalDns,
  nodeDnsDaemonSet,
  singleRequestReopen,
  withoutNdots,
];

export function mitigation(name: string): Mitigation | undefined {
  return MITIGATIONS.find((candidate) => candidate.name === name);
}

/** A mitigation, or several joined by `+`, applied in order: `kernel-5.1+random-fully`. */
export interface Combination {
  readonly id: string;
  readonly parts: readonly Mitigation[];
}

export interface UnknownMitigation {
  readonly unknown: string;
}

/** Reads `a+b`; the first name that is not in the catalogue is returned instead. */
export function combination(id: string): Combination | UnknownMitigation {
  const parts: Mitigation[] = [];
  for (const name of id.split('+').map((part) => part.trim())) {
    const found = mitigation(name);
    if (found === undefined) return { unknown: name };
    parts.push(found);
  }
  return { id: parts.map(({ name }) => name).join('+'), parts };
}

export interface AppliedPart {
  readonly mitigation: Mitigation;
  readonly application: Application;
}

/** Applies the parts one after the other. */
export function applyCombination(
  scenario: Scenario,
  { parts }: Combination,
): { readonly scenario: Scenario; readonly applied: readonly AppliedPart[] } {
  const applied: AppliedPart[] = [];
  let current = scenario;
  for (const part of parts) {
    const application = part.apply(current);
    applied.push({ mitigation: part, application });
    current = application.scenario;
  }
  return { scenario: current, applied };
}
