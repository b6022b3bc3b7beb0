import type { Scenario } from '../scenario/scenario.ts';
import { allNamesTried, isMusl, learns, namesTried, pairsAreMasqueraded, sendsPairs } from './conditions.ts';
import { looksUp, rewriteGroups } from './groups.ts';
import { depends, LEAVES_ALONE, type Mitigation, type Scope, when } from './mitigation.ts';

const LIBC = 'glibc-2.36';

const apply: Mitigation['apply'] = (scenario) =>
  rewriteGroups(
    scenario,
    (group) => {
      if (!looksUp(group)) return null;
      if (!isMusl(group)) return { unchanged: `is no Alpine image (${group.resolver.libc})` };
      return { ...group, resolver: { ...group.resolver, libc: LIBC } };
    },
    'no pod looks names up',
  );

const learning: Scope = depends(
  'a glibc thread asks one question at a time once it has lost an answer; musl never learns',
  [
    when('no musl image sends pairs', (scenario) => !scenario.pods.some(fromMusl), 'leaves alone'),
    when('glibc would try more names, and processes are too short to learn', triesMoreNames, 'worsens'),
    when(
      'threads live long enough to learn',
      ({ pods }) => pods.some((group) => fromMusl(group) && group.process === 'long-lived'),
      'reduces',
    ),
    when('a lookup tries several names, and learns from the first that it loses', severalNames, 'reduces'),
  ],
  'leaves alone',
);

export const glibcImage: Mitigation = {
  name: 'glibc-image',
  title: 'Debian in place of Alpine',
  changes: `Images with musl become images with glibc (${LIBC}, Debian 12): a thread that has lost an answer asks one question at a time from then on.`,
  effort: 'application',
  scope: {
    sameSocket: learning,
    sameSocketOtherBackend: learning,
    portRaceUdp: LEAVES_ALONE,
    portRaceTcp: LEAVES_ALONE,
    portsExhausted: depends(
      'musl gives up with the first name that is not answered, glibc asks for the next ones too',
      [
        when(
          'a lookup tries several names, through a masquerade',
          (scenario) => severalNames(scenario) && pairsAreMasqueraded(scenario),
          'worsens',
        ),
      ],
      'leaves alone',
    ),
    tableFull: depends(
      'musl gives up with the first name that is not answered, glibc asks for the next ones too',
      [when('a lookup tries several names', severalNames, 'worsens')],
      'leaves alone',
    ),
  },
  prerequisites: ['an image of the application on Debian; processes that live longer than a few lookups'],
  cost: [
    'the first loss of each thread costs 5 s in place of 2.5 s',
    'larger images',
    'resolver options that musl ignores (single-request, use-vc, no-aaaa) come into force',
  ],
  howTo: ['FROM php:8.2-fpm-bookworm   # in place of php:8.2-fpm-alpine'],
  sources: [
    'resolver traces, glibc 2.36: one stall a thread, then serial',
    'glibc NEWS 2.10; musl res_msend.c',
  ],
  apply,
};

function fromMusl(group: Scenario['pods'][number]): boolean {
  return isMusl(group) && sendsPairs(group);
}

function severalNames({ pods }: Scenario): boolean {
  return pods.some((group) => fromMusl(group) && namesTried(group) > 1);
}

function triesMoreNames(scenario: Scenario): boolean {
  const after = apply(scenario).scenario;
  return !after.pods.some(learns) && allNamesTried(after) > 1.1 * allNamesTried(scenario);
}
