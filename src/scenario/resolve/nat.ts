/** `nat` of a file, complete. */
import { DEFAULTS } from '../defaults.ts';
import type { Path } from '../problems.ts';
import type { MasqueradeSettings, NatSettings } from '../scenario.ts';
import type { NatFile } from '../schema/nat.ts';
import { type Resolving, resolvePortRange } from './values.ts';

export function resolveNat(file: NatFile, resolving: Resolving): NatSettings {
  const defaults = DEFAULTS.nat;
  return {
    engine: file.engine ?? defaults.engine,
    hooks: file.hooks ?? defaults.hooks,
    masquerade: resolveMasquerade(file.masquerade ?? {}, ['nat', 'masquerade'], resolving),
    iptables: file.iptables ?? defaults.iptables,
    plugin: file.plugin ?? defaults.plugin,
  };
}

type MasqueradeFile = NonNullable<NatFile['masquerade']>;

function resolveMasquerade(file: MasqueradeFile, at: Path, resolving: Resolving): MasqueradeSettings {
  const defaults = DEFAULTS.nat.masquerade;
  if (file === 'none') return { ...defaults, enabled: false };
  return {
    enabled: file.enabled ?? true,
    all: file.all ?? defaults.all,
    ports: file.ports ?? defaults.ports,
    range:
      file.range === undefined || file.range === 'kernel'
        ? null
        : resolvePortRange(file.range, [...at, 'range'], resolving),
    addresses: file.addresses ?? defaults.addresses,
  };
}
