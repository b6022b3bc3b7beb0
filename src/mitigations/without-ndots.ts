import type { PodGroup } from '../scenario/scenario.ts';
import type { Mitigation } from './mitigation.ts';
import { namesScope } from './namesScope.ts';
import { warnOfLostNames } from './ndots.ts';
import { withOption } from './resolverOption.ts';

const apply: Mitigation['apply'] = (scenario) =>
  warnOfLostNames(
    scenario,
    withOption(scenario, {
      words: () => ['ndots:5'],
      nothingToEdit: 'sets no ndots',
      rewrite: withoutOption,
    }),
  );

export const withoutNdots: Mitigation = {
  name: 'without-ndots',
  title: 'ndots:5 commented out',
  changes:
    'options ndots:5 is taken out of resolv.conf: a name with a dot is tried as it stands first, one pair of queries instead of five.',
  effort: 'pod-spec',
  scope: namesScope(apply),
  prerequisites: ['none; every library reads ndots (musl since 1.1.13)'],
  cost: [
    '`service.namespace` goes upstream first (glibc, Go), or no longer resolves at all (musl never uses the list for it)',
    'the file is edited beside the entry point: lookups before it are as before (not modelled)',
  ],
  howTo: [
    'echo "$(sed \'s/options ndots:5/#options ndots:5/g\' /etc/resolv.conf)" > /etc/resolv.conf',
    '# better: dnsConfig: { options: [{ name: ndots, value: "2" }] }',
  ],
  sources: [
    'the 2019 post, claim 11: false mechanism, useful effect',
    'n8n terraform PR 100: queries 12,794 -> 2,559',
  ],
  apply,
};

function withoutOption(group: PodGroup): PodGroup {
  const { resolver } = group;
  const options = resolver.options.filter((option) => !option.startsWith('ndots:'));
  return options.length === resolver.options.length
    ? group
    : { ...group, resolver: { ...resolver, options } };
}
