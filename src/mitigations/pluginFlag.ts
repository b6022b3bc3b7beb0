/**
 * Who turns `--random-fully` on: iptables 1.6.2 only makes it possible (resolvers reference B.4). Versions as
 * far as the reference read them.
 */
import type { Scenario } from '../scenario/scenario.ts';
import { compareVersions } from './versions.ts';

export const IPTABLES_WITH_FLAG = '1.6.2';

/** First version of each plugin that asks for the flag by itself when iptables has it. */
const ASKS_SINCE: Readonly<Record<string, string>> = {
  flannel: '0.11.0',
  'aws-vpc-cni': '1.7.0',
  'ip-masq-agent': '2.10',
  'kube-router': '1.1.0',
};

export const KERNEL_WITH_FLAG = '3.14';

export function kernelHasFlag({ kernel }: Scenario): boolean {
  return compareVersions(/^\d+\.\d+/.exec(kernel)?.[0] ?? '0', KERNEL_WITH_FLAG) >= 0;
}

export function iptablesHasFlag(scenario: Scenario): boolean {
  return compareVersions(scenario.nat.iptables, IPTABLES_WITH_FLAG) >= 0;
}

/** Whether the scenario's plugin asks for `--random-fully`, and the sentence that says why not. */
export function pluginAsks(scenario: Scenario): { readonly asks: boolean; readonly why: string } {
  const match = /^(.*?)-v?(\d+(?:\.\d+)*)$/.exec(scenario.nat.plugin);
  const since = match === null ? undefined : ASKS_SINCE[match[1] ?? ''];
  if (match === null || since === undefined) {
    return { asks: false, why: `${scenario.nat.plugin} is not known to ask for --random-fully` };
  }
  const asks = compareVersions(match[2] ?? '0', since) >= 0;
  return { asks, why: asks ? '' : `${match[1]} asks for --random-fully only since ${since}` };
}
