/** `snatrace kernels`: the generations, or what a release resolves to. */

import type { KernelAxes } from '../../netfilter/kernel.ts';
import type { Command } from '../command.ts';
import { OK, USAGE } from '../exitCodes.ts';
import { Failure } from '../failure.ts';
import { withJson } from '../options.ts';
import { printData, printJson } from '../output.ts';
import { kernelProblem } from '../scenarioFile.ts';
import { plainTable } from '../table.ts';

export const kernelsCommand: Command = {
  builder: (argv) =>
    withJson(argv)
      .positional('release', { type: 'string', describe: 'as `uname -r` prints it' })
      .example('$0 kernels', 'the generations')
      .example('$0 kernels 4.15.0-1030-azure', 'what this release does')
      .example('$0 kernels "$(uname -r)"', 'this machine'),
  handler: async (args) => {
    const { BACKPORTS } = await import('../../netfilter/kernels/backports.ts');
    const { LAST_READ, MAINLINE } = await import('../../netfilter/kernels/mainline.ts');
    const { resolveKernel } = await import('../../netfilter/kernels/resolveKernel.ts');
    const release = args.release;
    if (release === undefined) {
      if (args.json === true) {
        printJson({
          schemaVersion: 1,
          kind: 'kernels',
          mainline: MAINLINE.map(({ since, change, axes }) => ({ since, change, axes })),
          backports: BACKPORTS.map(({ series, since, change, evidence }) => ({
            series,
            since,
            change,
            evidence,
          })),
        });
        return OK;
      }
      printData(
        `${plainTable(
          ['since', 'search', 'clash', 'what changed'],
          MAINLINE.map(({ since, axes, change }) => [since, axes.portSearch.name, axes.clash.name, change]),
        )}\n\nStable backports:\n${plainTable(
          ['since', 'change', 'evidence'],
          BACKPORTS.map(({ series, since, change, evidence }) => [`${series}.${since}`, change, evidence]),
        )}\n\nRead up to ${LAST_READ}. \`snatrace kernels RELEASE\` tells what a release resolves to.`,
      );
      return OK;
    }
    const text = String(release);
    const resolution = resolveKernel(text);
    if ('unknown' in resolution) throw new Failure(kernelProblem(text) ?? '', USAGE);
    const { kernel } = resolution;
    if (args.json === true) {
      printJson({ schemaVersion: 1, kind: 'kernel', ...kernel });
      return OK;
    }
    const { portSearch, clash, sameOrigin, counters, udp, table, tcp } = kernel.axes;
    const gc = {
      timers: 'a timer per entry',
      slices: 'slices',
      scan: 'full scans',
      averaged: 'averaged scans',
    };
    printData(
      `${kernel.release}: behaves as mainline ${kernel.generation}\n${plainTable(
        ['', ''],
        [
          [
            'port search',
            `${portSearch.name}: starts at ${portSearch.start === 'rover' ? 'the shared rover' : 'a random offset'}; ${portSearch.limit === 'bounded' ? 'at most 248 probes' : 'the whole range'}`,
          ],
          [
            '--random',
            portSearch.randomFlag === 'hash' ? 'one fixed start per destination' : 'a random start',
          ],
          ['--random-fully', portSearch.randomFully ? 'a random start' : 'does not exist'],
          [
            'same-origin entry',
            sameOrigin === 'taken'
              ? 'makes a port taken'
              : `does not make a port taken${sameOrigin === 'free' ? '' : ' (in its own zone)'}`,
          ],
          ['clash', `${clash.name}: ${clashInWords(clash)}`],
          ['a resolved clash counts as', counters.mergeBumps],
          [
            'UDP timeouts',
            `${udp.unrepliedNs / 1e9} s, stream ${udp.streamNs / 1e9} s${udp.streamAfterNs > 0 ? ' (after 2 s)' : ''}; assured ${udp.assured === 'stream' ? 'as a stream' : 'after the first reply'}`,
          ],
          ['expired entries leave by', gc[table.gc.kind]],
          [
            'chain limit',
            table.chainLimit === null ? 'none' : `${table.chainLimit.min} + [0, ${table.chainLimit.spread})`,
          ],
          ['pods track their own packets', kernel.axes.hooksInEveryNamespace ? 'yes' : 'no'],
          [
            'SYN retries',
            tcp.linearSynTimeouts === 0 ? 'after 1, 3, 7, 15 s ...' : 'after 1, 2, 3, 4, 5, 7, 11 s ...',
          ],
          ['connect() ports', tcp.connectPorts],
        ],
      ).trimStart()}\n\nThe races\n${plainTable(['', ''], fates(kernel.axes)).trimStart()}${kernel.notes.map((note) => `\nnote: ${note}`).join('')}`,
    );
    return OK;
  },
};

function clashInWords(clash: {
  readonly mergesWithoutNat: boolean;
  readonly mergesEqual: boolean;
  readonly insertsReplyOnly: boolean;
}): string {
  if (clash.insertsReplyOnly)
    return 'UDP: equal mappings merge, others live one second in the reply direction; TCP: dropped';
  if (clash.mergesEqual) return 'UDP: equal mappings merge; else dropped';
  return clash.mergesWithoutNat ? 'UDP: merged where no NAT hook runs; else dropped' : 'dropped';
}

/** What becomes of two UDP packets of one socket that overlap, and of flows that compete for ports. */
function fates({ clash, sameOrigin, portSearch }: KernelAxes): [string, string][] {
  const equal = clash.insertsReplyOnly || (clash.mergesEqual && sameOrigin !== 'taken');
  const other = clash.insertsReplyOnly
    ? 'both live, if the answer comes within a second'
    : 'the second is lost';
  return [
    [
      'a pair with one backend',
      equal
        ? 'both live'
        : clash.mergesEqual
          ? 'both live, unless the second searches its port after the first was inserted'
          : 'the second is lost',
    ],
    ['a pair with two backends', other],
    ['a pair with two ports (random-fully)', portSearch.randomFully ? other : 'does not exist'],
    [
      'two pods that search a port at once',
      portSearch.start === 'rover' ? 'start at one place, and get one port' : 'seldom get one port',
    ],
    [
      'ports towards one address',
      portSearch.limit === 'whole-range'
        ? 'all can be had'
        : `searches give up from about 92 % on${portSearch.evictsClosingTcp ? '; TCP takes over those of closed connections' : ''}`,
    ],
  ];
}
