/** `docs/validation.md`: every validation table, what they add up to, and what they leave out. */
import { exhaustionTable, pairTable, queueTable, raceTable } from '../analytic/validationTables.ts';
import { lossyLookupTable, lossyRateTable, recordedLookupTable } from '../clients/validationTables.ts';
import { kernelTables } from '../kernel-data/validationTables.ts';
import { mutationTable } from '../mutation/validationTable.ts';
import { oracleTable } from '../oracle/validationTable.ts';
import { propertyTable } from '../property/validationTable.ts';
import { labRunTable } from './labRun.ts';
import { renderTable } from './render.ts';
import type { ValidationTable } from './table.ts';

interface Chapter {
  readonly title: string;
  readonly about: string;
  readonly make: () => readonly ValidationTable[];
}

const CHAPTERS: readonly Chapter[] = [
  {
    title: 'Real kernels',
    about:
      'Experiments recorded on eight real kernels, each run as a scenario on the generation that the release resolves to, ' +
      'with the default `node.steps` and the small world that the library offers to everyone (`racePairs`, `fill`, ' +
      '`Testbed`). Outcomes that are logic must be equal in every case. Rates of overlap mean something on the 6.18 lab ' +
      'alone: the older kernels ran in an emulator.',
    make: kernelTables,
  },
  {
    title: "This machine's kernel",
    about: '`snatrace lab` runs the same experiments on whatever kernel it finds, beside the prediction.',
    make: () => [labRunTable()],
  },
  {
    title: 'Real resolvers',
    about:
      'glibc, musl, Go and c-ares on the wire, played against the machines packet by packet: the same queries in the same ' +
      'order from the same ports, waits in the same class (a timer may be late), the same result.',
    make: () => [recordedLookupTable(), lossyLookupTable(), lossyRateTable()],
  },
  {
    title: 'Formulas',
    about: 'Closed forms and exact computations beside the engine, the node and the port search.',
    make: () => [queueTable(), raceTable(), exhaustionTable(), pairTable()],
  },
  {
    title: 'A second implementation',
    about: 'Written from the reference by someone who had not seen the model.',
    make: () => [oracleTable()],
  },
  {
    title: 'Properties',
    about: 'What must hold of every scenario, whatever the numbers are.',
    make: () => [propertyTable()],
  },
  {
    title: 'Would a broken rule be noticed?',
    about: 'Mutation testing of the two rooms in which the rules stand.',
    make: () => [mutationTable()],
  },
];

const NOT_VALIDATED = [
  'IPVS: no kernel was recorded with it. How long it takes between lookup and insertion is an estimate that decides how often it draws two backends.',
  "Cilium's eBPF NAT: read, never run.",
  'How often a production node meets each dispatch mechanism (`pods[].dispatch`). The mechanisms were recorded; `as-reported` is fitted to field reports.',
  'Window widths on other hardware than the lab machine, with cold caches or thousands of rules. `snatrace lab --calibrate` measures them where you are.',
  'Three and more packets racing at once: the recordings have two CPUs. The model has no special case for two.',
  'The collector, chain limits and which bucket an early drop looks at, beyond the one table-full experiment: they depend on a keyed hash.',
  'TCP tracking beyond states and timeouts: no window checks, no simultaneous open; a SYN answered by a reset keeps its entry for 10 s.',
  'Kernels before 4.4, and 4.5 to 4.13, were read and not booted; so were 5.11 to 5.19 and 6.2 to 6.17.',
  'Other versions of the resolvers than the recorded ones follow their source or memory (`snatrace resolvers NAME`).',
  'Stalls of the CPU: the default is a fifth of what the (busy) lab machine showed beyond 8 us of offset; see the window table.',
  'Absolute throughput: the model has the part of the path in the node, not sockets and links.',
];

const ENVELOPE = [
  'Kernels 3.10 to 6.19 as `snatrace kernels` resolves them; vendor kernels as far as their notes say.',
  'IPv4, UDP and TCP; iptables or nftables masquerade and DNAT, one node or two.',
  'Losses **given** that two packets overlap: exact. How often they overlap: within the tolerance of the windows (25 %) for hot caches, and proportional to the windows that you give otherwise.',
  'Port exhaustion and table limits: within two points of occupancy.',
  'Waits of resolvers and connects: to the millisecond class.',
  'Differences between mitigations under the same dispatch are safer than rates: windows and dispatch cancel.',
];

/** Computes all tables: some minutes. */
export function validationDocument(progress: (title: string) => void = () => {}): string {
  const chapters = CHAPTERS.map(({ make, ...chapter }) => {
    progress(chapter.title);
    return { ...chapter, tables: make() };
  });
  const rows = chapters.flatMap(({ tables }) => tables.flatMap((table) => table.rows));
  const count = (wanted: string) => rows.filter(({ verdict }) => verdict === wanted).length;
  return [
    '# Validation',
    '',
    '<!-- Written by `npm run validation` from what the tests compute; the tests fail when a table is out of date. -->',
    '',
    `What was compared, with what, and how it came out: ${rows.length} rows. **${count('agrees')} agree, ` +
      `${count('differs')} differ, ${count('not compared')} could not be compared**; each of the latter says why in its ` +
      'row. Nothing is tuned per row: one set of defaults, fixed seeds. Every table is computed by a test of the same ' +
      'name and fails it when a row changes its verdict. What the model rests on stands in [evidence.md](evidence.md).',
    '',
    line(['what', 'rows', 'agree', 'differ', 'not compared']),
    line(['---', '---', '---', '---', '---']),
    ...chapters.map(({ title, tables }) => {
      const own = tables.flatMap((table) => table.rows);
      const of = (wanted: string) => String(own.filter(({ verdict }) => verdict === wanted).length);
      return line([
        `[${title}](#${anchorOf(title)})`,
        String(own.length),
        of('agrees'),
        of('differs'),
        of('not compared'),
      ]);
    }),
    '',
    '## Not validated',
    '',
    ...NOT_VALIDATED.map((text) => `- **${text}**`),
    '',
    '## Where results may be believed',
    '',
    ...ENVELOPE.map((text) => `- ${text}`),
    '',
    '## Rows that do not agree',
    '',
    ...chapters.flatMap(({ tables }) =>
      tables.flatMap((table) =>
        table.rows
          .filter(({ verdict }) => verdict !== 'agrees')
          .map(({ what, verdict, note }) => `- ${table.title}: ${what}: **${verdict}**. ${note ?? ''}`),
      ),
    ),
    ...chapters.flatMap(({ title, about, tables }) => [
      '',
      `## ${title}`,
      '',
      about,
      ...tables.flatMap((table) => ['', renderTable(table)]),
    ]),
    '',
  ].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** As GitHub makes it. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
