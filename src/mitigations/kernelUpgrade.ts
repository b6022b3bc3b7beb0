/** What the kernel upgrades of the catalogue share. */
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type Application, applied, ineffective } from './mitigation.ts';
import { compareVersions } from './versions.ts';

/** The scenario on a newer kernel. An older one is no upgrade and is not applied. */
export function upgradeTo(release: string, scenario: Scenario): Application {
  const leading = /^\d+\.\d+(\.\d+)?/.exec(scenario.kernel)?.[0] ?? '0';
  if (compareVersions(leading, release) >= 0) {
    return ineffective(scenario, `the node already runs ${scenario.kernel}`);
  }
  const resolution = resolveKernel(release);
  const notes = 'kernel' in resolution ? resolution.kernel.notes : [];
  return applied({ ...scenario, kernel: release }, ...notes);
}

export const ROLL_NODES: readonly string[] = ['every node must be drained and replaced or rebooted'];
