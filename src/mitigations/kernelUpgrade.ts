/** What the kernel upgrades of the catalogue share: a release is enough to know what it changes of another. */
import { SECOND } from '../engine/time.ts';
import { resolveKernel } from '../netfilter/kernels/resolveKernel.ts';
import type { Scenario } from '../scenario/scenario.ts';
import {
  allSameSocketLoss,
  axesOf,
  drawsBackends,
  isSparse,
  type KernelAxes,
  masqueradesByRules,
  pairsOutlive,
  portsTaken,
  portsToGrant,
  searchesOften,
  sendersOfPairs,
  sharesStart,
  simulatedNs,
  someMasqueradedDns,
  tableLimit,
} from './conditions.ts';
import {
  type Application,
  applied,
  depends,
  ineffective,
  type Mitigation,
  type Scope,
  type ScopeCase,
  when,
} from './mitigation.ts';
import { compareReleases } from './versions.ts';

/** The scenario on a newer kernel. An older one is no upgrade and is not applied. */
export function upgradeTo(release: string, scenario: Scenario): Application {
  if (compareReleases(scenario.kernel, release) >= 0) {
    return ineffective(scenario, `the node already runs ${scenario.kernel}`);
  }
  const resolution = resolveKernel(release);
  const notes = 'kernel' in resolution ? resolution.kernel.notes : [];
  const changed = { ...scenario, kernel: release };
  if (behavesAlike(axesOf(release), axesOf(scenario.kernel)))
    return ineffective(changed, `behaves as ${scenario.kernel} does, in all that is modelled`, ...notes);
  return applied(changed, ...notes);
}

function behavesAlike(a: KernelAxes, b: KernelAxes): boolean {
  return JSON.stringify(a) === JSON.stringify(b) && a.table.defaultBuckets === b.table.defaultBuckets;
}

export interface KernelFacts {
  readonly title?: string;
  readonly changes: string;
  readonly prerequisites: readonly string[];
  readonly howTo?: readonly string[];
  readonly sources: readonly string[];
}

/** The upgrade to a release that `resolveKernel` knows. */
export function kernelUpgrade(release: string, facts: KernelFacts): Mitigation {
  return {
    name: `kernel-${release}`,
    title: facts.title ?? `kernel ${release}`,
    changes: facts.changes,
    effort: 'kernel',
    scope: withoutIdleCases(kernelScope(release)),
    prerequisites: facts.prerequisites,
    cost: ['every node must be drained and replaced or rebooted'],
    howTo: facts.howTo ?? [`uname -r   # ${release} or later`],
    sources: facts.sources,
    apply: (scenario) => upgradeTo(release, scenario),
  };
}

/** The upgrade to any release, by its name; undefined if no such release is known. */
export function kernelByName(name: string): Mitigation | undefined {
  const release = /^kernel-(\d.*)$/.exec(name)?.[1];
  const resolution = release === undefined ? undefined : resolveKernel(release);
  if (release === undefined || resolution === undefined || 'unknown' in resolution) return undefined;
  const { generation, notes } = resolution.kernel;
  return kernelUpgrade(release, {
    changes: `The node runs Linux ${release}, which behaves as mainline ${generation} but for backports.`,
    prerequisites: [`a node image with Linux ${release}`],
    sources: [`snatrace kernels ${release}`, ...notes],
  });
}

/** What is left with nothing but `otherwise` does not depend. */
function withoutIdleCases(scope: Mitigation['scope']): Mitigation['scope'] {
  const plain = Object.entries(scope).map(([race, of]) =>
    of.effect === 'depends' && of.cases.length === 1
      ? [race, { effect: (of.cases[0] as ScopeCase).effect, text: of.text }]
      : [race, of],
  );
  return Object.fromEntries(plain) as Mitigation['scope'];
}

/** A case that a kernel rules out for every kernel before it is not worth telling. */
function possible(is: boolean, scopeCase: ScopeCase): readonly ScopeCase[] {
  return is ? [scopeCase] : [];
}

function kernelScope(release: string): Mitigation['scope'] {
  const after = (scenario: Scenario): Scenario => upgradeTo(release, scenario).scenario;
  const to = axesOf(release);
  const loss = (scenario: Scenario): number => allSameSocketLoss(scenario);
  return {
    sameSocket: depends(
      'merged since 4.19 if both packets got one mapping; since 5.6 kept whatever they got',
      [
        ...possible(
          to.clash.mergesEqual || to.clash.insertsReplyOnly,
          when(
            `the node's kernel drops such pairs, ${release} keeps all`,
            (scenario) => loss(scenario) > 0 && loss(after(scenario)) === 0,
            'removes',
          ),
        ),
        ...possible(
          to.clash.mergesEqual,
          when(
            `the node's kernel drops such pairs, ${release} keeps more`,
            (scenario) => loss(after(scenario)) < loss(scenario),
            'reduces',
          ),
        ),
        ...possible(
          to.portSearch.randomFlag === 'random' && !to.clash.insertsReplyOnly,
          when(
            `--random, which draws a port for each packet on ${release}`,
            (scenario) => loss(after(scenario)) > loss(scenario),
            'worsens',
          ),
        ),
      ],
      'leaves alone',
    ),
    sameSocketOtherBackend: depends(
      'kept since 5.6, in the reply direction and for one second: an answer must come within it',
      [
        ...possible(
          to.clash.insertsReplyOnly,
          when(
            `the node's kernel drops such pairs, ${release} keeps them`,
            (scenario) =>
              drawsBackends(scenario) &&
              !axesOf(scenario.kernel).clash.insertsReplyOnly &&
              axesOf(after(scenario).kernel).clash.insertsReplyOnly,
            'removes',
          ),
        ),
      ],
      'leaves alone',
    ),
    portRaceUdp: portRace('udp', after, release, to),
    portRaceTcp: portRace('tcp', after, release, to),
    portsExhausted: exhaustion(after, to),
    tableFull: depends(
      'up to 4.20 the flow of an answered pair lives 180 s; up to 5.15 it is assured, and early drop spares it',
      [
        when(
          "the kernel's own limit (nf_conntrack_max) is lower there",
          (scenario) => tableLimit(after(scenario)) < tableLimit(scenario),
          'worsens',
        ),
        when(
          "the kernel's own limit (nf_conntrack_max) is higher there",
          (scenario) => tableLimit(after(scenario)) > tableLimit(scenario),
          'reduces',
        ),
        ...possible(
          to.table.gc.kind === 'scan' || to.table.gc.kind === 'averaged',
          when(
            'connects fill the table: expired entries count until a full scan (5.10), lost SYNs are sent again every second (6.5)',
            (scenario) =>
              scenario.pods.some(({ tcp }) => tcp !== null) &&
              keepsMore(scenario.kernel, after(scenario).kernel),
            'worsens',
          ),
        ),
        ...possible(
          to.udp.streamAfterNs > 0,
          when(
            'answered pairs no longer live 180 s, and more than 30 s are simulated',
            (scenario) => pairsOutlive(scenario) && !pairsOutlive(after(scenario)),
            'reduces',
          ),
        ),
        when(
          'connects fill the table: expired entries leave it sooner there',
          (scenario) =>
            scenario.pods.some(({ tcp }) => tcp !== null) &&
            keepsMore(after(scenario).kernel, scenario.kernel),
          'reduces',
        ),
        ...possible(
          to.udp.assured === 'stream',
          when(
            'answered pairs fill the table, and can be evicted there',
            (scenario) =>
              !isSparse(scenario) &&
              sendersOfPairs(scenario).length > 0 &&
              axesOf(scenario.kernel).udp.assured === 'reply-seen' &&
              axesOf(after(scenario).kernel).udp.assured === 'stream',
            'reduces',
          ),
        ),
      ],
      'leaves alone',
    ),
  };
}

function portRace(
  protocol: 'udp' | 'tcp',
  after: (scenario: Scenario) => Scenario,
  release: string,
  to: KernelAxes,
): Scope {
  const endsSharedStart = (scenario: Scenario): boolean =>
    sharesStart(scenario) && !sharesStart(after(scenario));
  return depends(
    'equal source ports collide on every kernel; before 5.0 searches at once start at one port, too',
    [
      ...possible(
        to.portSearch.randomFlag === 'random',
        when(
          `--random, which is a fixed start here and draws on ${release}`,
          (scenario) => endsSharedStart(scenario) && scenario.nat.masquerade.ports === 'random',
          'removes',
        ),
      ),
      ...possible(
        protocol === 'tcp' && to.tcp.connectPorts !== 'shared-hint',
        when(
          'up to 4.1 one walk gives the connects of all pods different source ports',
          (scenario) =>
            scenario.nat.masquerade.ports === 'preserve' &&
            axesOf(scenario.kernel).tcp.connectPorts === 'shared-hint' &&
            axesOf(after(scenario).kernel).tcp.connectPorts !== 'shared-hint' &&
            !endsSharedStart(scenario),
          'worsens',
        ),
      ),
      ...possible(
        to.portSearch.start === 'random',
        when(
          'many flows find their port taken and search (more than 2 %), and searches share a start here',
          (scenario) => endsSharedStart(scenario) && searchesOften(scenario, protocol),
          'reduces',
        ),
      ),
    ],
    'leaves alone',
  );
}

function exhaustion(after: (scenario: Scenario) => Scenario, to: KernelAxes): Scope {
  return depends(
    'since 5.0 a search gives up after 248 probes, at about 92 % occupancy; since 6.5 it may take over the port of a closed TCP flow',
    [
      ...possible(
        to.portSearch.evictsClosingTcp,
        when(
          'masqueraded TCP, whose closed flows give their ports up there',
          (scenario) =>
            to.portSearch.evictsClosingTcp &&
            masqueradesByRules(scenario) &&
            !axesOf(scenario.kernel).portSearch.evictsClosingTcp &&
            scenario.pods.some(({ tcp }) => tcp !== null),
          'reduces',
        ),
      ),
      ...possible(
        to.udp.streamAfterNs > 0,
        when(
          'masqueraded DNS, whose answered pairs no longer hold a port for 180 s',
          (scenario) =>
            simulatedNs(scenario) > 40 * SECOND &&
            someMasqueradedDns(scenario) &&
            sendersOfPairs(scenario).length > 0 &&
            axesOf(scenario.kernel).udp.streamAfterNs === 0 &&
            axesOf(after(scenario).kernel).udp.streamAfterNs > 0,
          'reduces',
        ),
      ),
      ...possible(
        to.portSearch.limit === 'bounded',
        when(
          'a range of more than 128 ports that this kernel searches to the end, between 85 and 100 % of it wanted',
          (scenario) =>
            isNearlyFull(scenario) &&
            portsToGrant(scenario) > 128 &&
            axesOf(scenario.kernel).portSearch.limit === 'whole-range' &&
            axesOf(after(scenario).kernel).portSearch.limit === 'bounded',
          'worsens',
        ),
      ),
    ],
    'leaves alone',
  );
}

/** Up to 5.9 a collector goes through the table slice by slice (every 16 s); later ones scan it whole, and seldom. */
function keepsMore(from: string, to: string): boolean {
  const before = axesOf(from);
  const after = axesOf(to);
  const scans = (axes: KernelAxes): boolean =>
    axes.table.gc.kind === 'scan' || axes.table.gc.kind === 'averaged';
  return (scans(after) && !scans(before)) || after.tcp.linearSynTimeouts > before.tcp.linearSynTimeouts;
}

function isNearlyFull(scenario: Scenario): boolean {
  const wanted = Math.max(portsTaken(scenario, 'tcp'), portsTaken(scenario, 'udp'));
  return wanted > 0.85 && wanted < 1;
}
