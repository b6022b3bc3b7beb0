import type { Mitigation } from './mitigation.ts';
import { namesScope } from './namesScope.ts';
import { lowerNdots } from './ndots.ts';
import { dnsConfig } from './resolverOption.ts';

const apply: Mitigation['apply'] = (scenario) => lowerNdots(scenario, 1);

export const ndots1: Mitigation = {
  name: 'ndots-1',
  title: 'ndots:1 (dnsConfig)',
  changes:
    "The pods' resolv.conf says `options ndots:1`, the default of libraries: a name with a dot is tried as it stands first.",
  effort: 'pod-spec',
  scope: namesScope(apply),
  prerequisites: ['musl since 1.1.13; on musl no name of the form `service.namespace` may be in use'],
  cost: [
    '`service.namespace` is no longer found by musl, and goes upstream first with glibc and Go',
    'pairs stay pairs: fewer of them, each as exposed as before',
  ],
  howTo: [dnsConfig('ndots', '1'), '# safer with musl: ndots:2'],
  sources: ['n8n terraform PR 100: queries 12,794 -> 2,559', 'musl lookup_name.c'],
  apply,
};
