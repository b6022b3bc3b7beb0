/** The answer about a cluster in a terminal: what users felt, group by group, its DNS servers, and what was assumed. */
import type {
  ClusterResult,
  NodesResult,
  OperationEstimates,
  ServerResult,
} from '../experiment/clusterResult.ts';
import { defaultTitle } from '../scenario/resolve/scenario.ts';
import { scaledEstimate } from '../statistics/interval.ts';
import { numbers, type Part, type Row, range, type Section, type Table } from './document.ts';
import * as format from './format.ts';
import { rateCells } from './measures.ts';
import { methodsOf } from './tables.ts';
import { textDocument } from './textDocument.ts';
import type { TextOptions } from './textStyle.ts';
import { glossary, kernelText } from './wording.ts';

const NS_PER_HOUR = 3.6e12;
const OPERATIONS = ['lookups', 'connects'] as const;

/**
 * Lines are no longer than `width` (60 at least). Without a line feed at the end.
 *
 * @example
 * console.log(renderCluster(result, { width: 100, colour: false }));
 */
export function renderCluster(result: ClusterResult, options: TextOptions): string {
  const { scenario, confidence, assumptions, warnings } = result;
  const tables = OPERATIONS.flatMap((operation): Part[] =>
    result.total[operation] === null ? [] : [{ kind: 'table', table: nodesTable(result, operation) }],
  );
  const sections: Section[] = [
    section('In short', { kind: 'list', items: [...inShort(result), ...warnings] }),
    { id: 'groups', title: 'What users felt, by group of nodes', level: 'answer', parts: tables },
    section('What the nodes counted', { kind: 'table', table: countersTable(result) }),
    section('DNS servers that all nodes share', { kind: 'table', table: serversTable(result) }),
    section('Under these assumptions', { kind: 'list', items: assumptions }),
    section('How it was found', { kind: 'facts', facts: evidence(result) }),
    section('How to read this', { kind: 'facts', facts: glossary(confidence) }),
  ];
  // The title that a file gets without one names the kernel of one node.
  const isOwn = scenario.title !== defaultTitle(scenario.kernel, scenario.pods);
  const heading = [scenario.question, ...(isOwn ? [scenario.title] : [])]
    .map(format.plain)
    .filter((line) => line !== '');
  return textDocument(heading, sections, options);
}

/** What the whole cluster gets, in sentences. */
function inShort({ total, durationNs, confidence }: ClusterResult): string[] {
  return OPERATIONS.flatMap((operation) => {
    const estimates = total[operation];
    if (estimates === null) return [];
    const { perNodeSecond, stallsPerMillion } = estimates;
    const started = perNodeSecond.estimate * total.nodes * (durationNs / 1e9);
    const stalled = scaledEstimate(stallsPerMillion, started / 1e6);
    const often =
      stalled.estimate === 0
        ? `none of the ${operation} that were simulated stalled`
        : `about ${format.amount(stalled.estimate)} stall (${format.howOften(stallsPerMillion.estimate, operation)})`;
    return [
      `Of ${format.amount(started)} ${operation} that ${format.count(total.nodes)} nodes start in ${format.seconds(durationNs)}, ${often}; ${format.percent(confidence)} interval: ${format.interval(stalled)}.`,
    ];
  });
}

function nodesTable(
  { groups, total, confidence }: ClusterResult,
  operation: (typeof OPERATIONS)[number],
): Table {
  const bounds = range(`${format.percent(confidence)} interval`);
  const rows = [...groups, { ...total, name: 'all nodes' }];
  const told = rows.flatMap((row) => row[operation] ?? []);
  const computed = told.some((estimates) => estimates.computed);
  return {
    rowHead: operation,
    groups: [
      { title: 'nodes', columns: numbers('in all', 'simulated') },
      { title: 'per node', columns: numbers('a second') },
      { title: 'stalls per million', columns: [...numbers('estimate'), bounds] },
      { title: 'failed per million', columns: [...numbers('estimate'), bounds] },
    ],
    rows: rows.map((row) => nodesRow(row.name, row, row[operation])),
    notes: [
      methodsOf(told.map(({ stallsPerMillion }) => stallsPerMillion)).replace(
        'over replications',
        'over nodes',
      ),
      ...(computed ? ['*: too rare to be drawn; computed as conditional expectation.'] : []),
    ],
  };
}

function nodesRow(name: string, nodes: NodesResult, operation: OperationEstimates | null): Row {
  const none = [format.NONE, format.NONE];
  const stalls = operation === null ? none : rateCells(operation.stallsPerMillion);
  return {
    head: format.plain(name),
    tone: 'plain',
    cells: [
      format.count(nodes.nodes),
      format.count(nodes.simulated),
      operation === null ? format.NONE : format.amount(operation.perNodeSecond.estimate),
      `${stalls[0]}${operation?.computed === true ? '*' : ''}`,
      stalls[1] as string,
      ...(operation === null ? none : rateCells(operation.failuresPerMillion)),
    ],
  };
}

function countersTable({ groups, total, confidence }: ClusterResult): Table {
  const bounds = range(`${format.percent(confidence)} interval`);
  return {
    rowHead: 'nodes',
    groups: [{ title: 'insert_failed per node and hour', columns: [...numbers('estimate'), bounds] }],
    rows: [...groups, { ...total, name: 'all nodes' }].map(({ name, insertFailedPerNodeHour }) => ({
      head: format.plain(name),
      tone: 'plain',
      cells: rateCells(insertFailedPerNodeHour),
    })),
    notes: [],
  };
}

function serversTable({ servers, confidence }: ClusterResult): Table {
  const bounds = range(`${format.percent(confidence)} interval`);
  const limited = servers.some(({ capacityPerSecond }) => capacityPerSecond !== null);
  return {
    rowHead: 'server',
    groups: [
      { title: '', columns: numbers('how many') },
      { title: 'queries a second, each', columns: [...numbers('estimate'), bounds] },
      ...(limited
        ? [
            { title: '', columns: numbers('utilisation') },
            { title: 'mean wait in line', columns: [...numbers('estimate'), bounds] },
            { title: 'refused per million', columns: [...numbers('estimate'), bounds] },
          ]
        : []),
    ],
    rows: servers.map((server) => serverRow(server, limited)),
    notes: limited ? ['Refused: the line was full, and the client waits for its timeout.'] : [],
  };
}

function serverRow(server: ServerResult, limited: boolean): Row {
  const { name, count, queriesPerSecond, utilisation, meanWaitMs, lostPerMillion } = server;
  return {
    head: name,
    tone: 'plain',
    cells: [
      format.count(count),
      ...rateCells(queriesPerSecond),
      ...(limited
        ? [
            format.percent(utilisation),
            ...(meanWaitMs === null
              ? [format.NONE, format.NONE]
              : [format.milliseconds(meanWaitMs.estimate), format.interval(meanWaitMs, format.milliseconds)]),
            ...(lostPerMillion === null ? [format.NONE, format.NONE] : rateCells(lostPerMillion)),
          ]
        : []),
    ],
  };
}

function evidence({
  groups,
  total,
  simulatedNs,
  scenario,
  seed,
  passes,
  command,
}: ClusterResult): [string, string][] {
  return [
    ...groups.map(({ name, kernel, nodes }): [string, string] => [
      format.plain(name),
      `${format.count(nodes)} nodes, kernel ${kernelText(kernel)}`,
    ]),
    [
      'simulated',
      `${format.count(total.simulated)} of ${format.count(total.nodes)} nodes, ${format.seconds(simulatedNs)} each (${format.amount((total.simulated * simulatedNs) / NS_PER_HOUR)} h in all) after ${format.seconds(scenario.warmUpNs)} of warm-up; ${format.times(passes)}, until the load of the servers was the one that it leads to`,
    ],
    ['again', `${format.plain(command)} (seed "${format.plain(seed)}")`],
  ];
}

function section(title: string, part: Part): Section {
  return { id: title, title, level: 'answer', parts: [part] };
}
