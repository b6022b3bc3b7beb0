import type { Mitigation } from './mitigation.ts';
import { namesScope } from './namesScope.ts';
import { lowerNdots } from './ndots.ts';
import { dnsConfig } from './resolverOption.ts';

const apply: Mitigation['apply'] = (scenario) => lowerNdots(scenario, 2);

export const ndots2: Mitigation = {
  name: 'ndots-2',
  title: 'ndots:2 (dnsConfig)',
  changes:
    "The pods' resolv.conf says `options ndots:2`: names with two dots or more are tried as they stand first; `service.namespace` still uses the search list.",
  effort: 'pod-spec',
  scope: namesScope(apply),
  prerequisites: ['musl since 1.1.13; c-ares under Node uses no search list anyway'],
  cost: [
    'names such as `service.namespace.svc` go upstream first (glibc, Go), or are not found (musl)',
    'pairs stay pairs: fewer of them, each as exposed as before',
  ],
  howTo: [dnsConfig('ndots', '2')],
  sources: ['n8n terraform PR 100: queries 12,794 -> 2,559 with ndots:1', 'KEP-504 on amplification'],
  apply,
};
