/** A comparison as Markdown, to be read on GitHub with its chart beside it. */
import type { Comparison } from '../experiment/comparison.ts';
import { scenarioText } from './assumptions.ts';
import { commandLines, isSpan, type Part, type Section, type Table } from './document.ts';
import { blocksOf, occurrence } from './findings.ts';
import { plain } from './format.ts';
import { sectionsOf } from './sections.ts';

/** `chartFile`: name of the SVG file beside it; null: there is none. */
export function renderMarkdown(comparison: Comparison, chartFile: string | null): string {
  const { scenario, version, scenarioHash, seed } = comparison;
  const alt = ['Mitigations, ranked by the stalls that they leave.', ...blocksOf(comparison).map(occurrence)];
  return markdownDocument({
    question: scenario.question || scenario.title,
    title: scenario.title,
    sections: sectionsOf(comparison),
    charts: chartFile === null ? [] : [{ file: chartFile, alt: alt.join(' ') }],
    appendix: [
      '## The scenario, with every default',
      `<details><summary>As a file</summary>\n\n${fenced(scenarioText(scenario), 'yaml')}\n\n</details>`,
    ],
    footer: `snatrace ${version}; scenario ${scenarioHash}; seed ${seed}`,
  });
}

export interface MarkdownDocument {
  readonly question: string;
  readonly title: string;
  readonly sections: readonly Section[];
  /** After the first section. */
  readonly charts: readonly { readonly file: string; readonly alt: string }[];
  /** Markdown already. */
  readonly appendix: readonly string[];
  readonly footer: string;
}

export function markdownDocument(document: MarkdownDocument): string {
  const { question, title, sections, charts, appendix, footer } = document;
  const [answer, ...rest] = sections;
  return [
    `# ${text(question)}`,
    text(title),
    ...(answer === undefined ? [] : [markdownSection(answer)]),
    ...charts.map(({ file, alt }) => `![${text(alt)}](${encodeURIComponent(file)})`),
    ...rest.map(markdownSection),
    ...appendix,
    `---\n\n${text(footer)}`,
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
    ...rows.map((row) =>
      isSpan(row)
        ? `| ${row.level === 'heading' ? `**${text(row.span)}**` : text(row.span)} |${' |'.repeat(columns.length)}`
        : line([row.head, ...row.cells]),
    ),
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
