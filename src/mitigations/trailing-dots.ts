import type { PodGroup } from '../scenario/scenario.ts';
import { namesTried } from './conditions.ts';
import { looksUp, rewriteGroups } from './groups.ts';
import type { Mitigation } from './mitigation.ts';
import { namesScope } from './namesScope.ts';

const apply: Mitigation['apply'] = (scenario) =>
  rewriteGroups(
    scenario,
    (group) => {
      if (!looksUp(group)) return null;
      const dotted = withTrailingDots(group);
      if (dotted === group) return { unchanged: 'every name ends in a dot already' };
      if (namesTried(dotted) === namesTried(group))
        return { unchanged: 'no lookup tries more than one name' };
      return dotted;
    },
    'no pod looks names up',
  );

export const trailingDots: Mitigation = {
  name: 'trailing-dots',
  title: 'absolute names with a trailing dot',
  changes:
    'Applications look up absolute names that end in a dot (`api.example.com.`, `db.shop.svc.cluster.local.`): no search list, one pair a lookup.',
  effort: 'application',
  scope: namesScope(apply),
  prerequisites: ['applications that let the name be configured, and accept the dot'],
  cost: [
    'some HTTP clients send the dot in the Host header or the TLS server name, which servers may refuse',
    'pairs stay pairs: fewer of them, each as exposed as before',
  ],
  howTo: ['# in the configuration of the application: DB_HOST=db.shop.svc.cluster.local.'],
  sources: ['resolver traces: a trailing dot means one name', 'a later edition of the 2019 post: FQDN'],
  apply,
};

function withTrailingDots(group: PodGroup): PodGroup {
  const { dns } = group;
  if (dns === null || dns.names.every(({ name }) => name.endsWith('.'))) return group;
  const names = dns.names.map((name) =>
    name.name.endsWith('.') ? name : { ...name, name: `${name.fqdn}.` },
  );
  return { ...group, dns: { ...dns, names } };
}
