import type { PodGroup, Scenario } from '../scenario/scenario.ts';
import { LEAVES_ALONE, type Mitigation } from './mitigation.ts';
import { withOption } from './resolverOption.ts';

/** Names that only the search list makes resolvable: with ndots:1 they are in danger. */
function namesBySearch(scenario: Scenario): string[] {
  return scenario.pods.flatMap(({ dns }) =>
    (dns?.names ?? [])
      .filter(({ name, fqdn }) => name.includes('.') && !name.endsWith('.') && name !== fqdn)
      .map(({ name }) => name),
  );
}

export const withoutNdots: Mitigation = {
  name: 'without-ndots',
  title: 'ndots:5 commented out',
  changes:
    'options ndots:5 is taken out of resolv.conf: a name with a dot is tried as it stands first, one pair of queries instead of five.',
  effort: 'pod-spec',
  scope: {
    sameSocket: {
      effect: 'reduces',
      text: 'to a fifth for external names: fewer pairs, each as exposed as before',
    },
    sameSocketOtherBackend: { effect: 'reduces', text: 'to a fifth for external names' },
    portRaceUdp: { effect: 'reduces', text: 'fewer flows' },
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: LEAVES_ALONE,
    tableFull: { effect: 'reduces', text: 'a fifth of the entries' },
  },
  prerequisites: ['none; every library reads ndots (musl since 1.1.13)'],
  cost: [
    '`service.namespace` goes upstream first (glibc, Go), or no longer resolves at all (musl never uses the list for it)',
    'the file is edited beside the entry point: lookups before it are as before',
  ],
  howTo: [
    'echo "$(sed \'s/options ndots:5/#options ndots:5/g\' /etc/resolv.conf)" > /etc/resolv.conf',
    '# better: dnsConfig: { options: [{ name: ndots, value: "2" }] }',
  ],
  sources: [
    'the 2019 post, claim 11: false mechanism, useful effect',
    'n8n terraform PR 100: queries 12,794 -> 2,559',
  ],
  apply: (scenario) => {
    const application = withOption(scenario, {
      option: 'ndots:5',
      nothingToEdit: 'sets no ndots',
      rewrite: withoutOption,
    });
    const endangered = [...new Set(namesBySearch(scenario))];
    if (application.effect === 'ineffective' || endangered.length === 0) return application;
    const warning = `${endangered.join(', ')} need the search list: musl will not find them`;
    return { ...application, notes: [...application.notes, warning] };
  },
};

function withoutOption(group: PodGroup): PodGroup {
  const { resolver } = group;
  const options = resolver.options.filter((option) => !option.startsWith('ndots:'));
  return options.length === resolver.options.length
    ? group
    : { ...group, resolver: { ...resolver, options } };
}
