/** `docs/claims.md`, from the claims of the post and what their checks found. */
import { DEFAULT_BOUNDS, releasesOf } from '../../src/claims/bounds.ts';
import type { ClaimReport } from '../../src/claims/claimReport.ts';
import { markdownTable } from '../golden/golden.ts';
import { ratioText } from './docs.ts';
import { POST, type PostProperty } from './postClaims.ts';

export type PostReports = Map<PostProperty, ClaimReport>;

const HEAD = `# The claims of the 2019 post, tested

The post that this project grew from makes fourteen claims about Kubernetes timeouts. Each is taken apart into
properties that the simulation decides over generated scenarios, and what remains is said to remain. Every check has a
control, the same check of something else that must come out the other way: a check that cannot fail shows nothing.

Events and operations are sums over the scenarios, without and with what is claimed; a refuted claim counts those that
were tried on the way to the simplest counterexample. "Struck": scenarios in which it happened without. A ratio has
its 99.9 % interval, so that equal rates are called different once in a thousand checks. Seed 1. Dispatch is the worst
case for pairs: the rates are no forecast. Verdicts and their reasons are the reference's (table D.1).

Made by \`npm run claims-docs\`; a test holds it to the simulation. To write such claims yourself: \`src/claims/\`.
`;

export function claimsDocument(reports: PostReports): string {
  const sections = POST.map(({ number, claim, verdict, properties, notDecided }) => {
    const rows = properties.map((property) => rowOf(property, reports.get(property)));
    const table = markdownTable(
      ['property', 'result', 'scenarios (struck)', 'without', 'with', 'ratio', 'kernels; libcs', 'control'],
      rows,
    );
    const rest = notDecided === undefined ? '' : `\nNot decided by simulation: ${notDecided}\n`;
    return `\n## ${number}. ${claim}\n\nVerdict: **${verdict}**.\n\n${table}${rest}`;
  });
  return HEAD + sections.join('');
}

function rowOf(property: PostProperty, report: ClaimReport | undefined): string[] {
  if (report === undefined) throw new Error(`${property.name} was not checked`);
  const { given, control } = property;
  const { runs, struck, without, with: after, contrast, exposures } = report;
  const bounds =
    'durationNs' in given || !('libcs' in given) ? DEFAULT_BOUNDS : { ...DEFAULT_BOUNDS, ...given };
  const opened = exposures === null ? '' : `; window open ${exposures} times`;
  return [
    property.text,
    report.verdict === 'holds' ? 'holds' : `**${report.verdict}**`,
    `${runs} (${struck}${opened})`,
    `${without.events} of ${without.started}`,
    `${after.events} of ${after.started}`,
    ratioText(contrast?.ratio ?? null),
    `${releasesOf(bounds.kernels).join(', ')}; ${bounds.libcs.join(', ')}`,
    `${control[0]}: ${property.expected === 'holds' ? 'refuted' : 'holds'}`,
  ];
}
