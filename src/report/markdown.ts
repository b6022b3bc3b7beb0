/** A comparison as Markdown, to be read on GitHub with its chart beside it. */
import type { Comparison } from '../experiment/comparison.ts';
import { scenarioText } from './assumptions.ts';
import { commandLines, type Part, type Section, type Table } from './document.ts';
import { blocksOf, occurrence } from './findings.ts';
import { plain } from './format.ts';
import { sectionsOf } from './sections.ts';

/** `chartFile`: name of the SVG file beside it. */
export function renderMarkdown(comparison: Comparison, chartFile: string): string {
  const { scenario, version, scenarioHash, seed } = comparison;
  const [answer, ...rest] = sectionsOf(comparison);
  const alt = ['Stalls per million by variant.', ...blocksOf(comparison).map(occurrence)].join(' ');
  return [
    `# ${text(scenario.question || scenario.title)}`,
    text(scenario.title),
    ...(answer === undefined ? [] : [markdownSection(answer)]),
    `![${text(alt)}](${encodeURIComponent(chartFile)})`,
    ...rest.map(markdownSection),
    '## The scenario, with every default',
    `<details><summary>As a file</summary>\n\n${fenced(scenarioText(scenario), 'yaml')}\n\n</details>`,
    `---\n\nsnatrace ${text(version)}; scenario ${text(scenarioHash)}; seed ${text(seed)}`,
    '',
  ].join('\n\n');
}

function markdownSection({ title, parts }: Section): string {
  return [`## ${text(title)}`, ...parts.map(markdownPart)].join('\n\n');
}

function markdownPart(part: Part): string {
  switch (part.kind) {
    case 'paragraph':
      return text(part.text);
    case 'list':
      return part.items.map((item) => `- ${text(item)}`).join('\n');
    case 'facts':
      return part.facts.map(([term, meaning]) => `- **${text(term)}**: ${text(meaning)}`).join('\n');
    case 'commands':
      return fenced(part.commands.flatMap(commandLines).join('\n'), 'sh');
    case 'table':
      return markdownTable(part.table);
  }
}

function markdownTable({ rowHead, groups, rows, notes }: Table): string {
  const columns = groups.flatMap((group) =>
    group.columns.map(({ title, kind }) => ({
      kind,
      title: group.title === '' ? title : `${group.title}: ${title}`,
    })),
  );
  const line = (cells: readonly string[]) => `| ${cells.map(text).join(' | ')} |`;
  const table = [
    line([rowHead, ...columns.map(({ title }) => title)]),
    `| :-- | ${columns.map(({ kind }) => (kind === 'number' ? '--:' : ':--')).join(' | ')} |`,
    ...rows.map(({ head, cells }) => line([head, ...cells])),
  ].join('\n');
  return [table, ...notes.map(text)].join('\n\n');
}

/** Shown as it is: whatever Markdown or HTML would read into it is escaped. */
function text(value: string): string {
  return plain(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*[\]|~]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_');
}

/** In a fence that its own text cannot close. */
function fenced(code: string, language: string): string {
  const runs = code.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${fence}${language}\n${code}\n${fence}`;
}
