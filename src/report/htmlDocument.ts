/** Sections as HTML. */
import {
  type Command,
  isSpan,
  type Part,
  type Row,
  type Section,
  type SpanRow,
  type Table,
  toneOf,
} from './document.ts';
import { type Html, html, raw } from './html.ts';

export function htmlSection({ id, title, parts }: Section): Html {
  return html`<section id="${id}">
<h2>${title}</h2>
${parts.map((part) => htmlPart(part, title))}
</section>
`;
}

function htmlPart(part: Part, title: string): Html {
  switch (part.kind) {
    case 'paragraph':
      return html`<p>${part.text}</p>`;
    case 'list':
      return html`<ul>${part.items.map((item) => html`<li>${item}</li>`)}</ul>`;
    case 'facts':
      return html`<dl>${part.facts.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
    case 'commands':
      return html`<pre class="command">${part.commands.map(htmlCommand)}</pre>`;
    case 'table':
      return htmlTable(part.table, title);
  }
}

function htmlCommand({ purpose, line }: Command): Html {
  const comment = purpose === undefined ? null : html`<span class="note"># ${purpose}</span>\n`;
  return html`${comment}<code>${line}</code>\n`;
}

/** Wide tables scroll by themselves, with the keyboard too. */
export function htmlTable({ rowHead, groups, rows, notes }: Table, title: string): Html {
  const columns = groups.flatMap(({ columns: own }) =>
    own.map((column, i) => ({ ...column, first: i === 0 })),
  );
  const classOf = (i: number) => `${columns[i]?.kind ?? 'text'}${columns[i]?.first === true ? ' first' : ''}`;
  const titled = groups.some((group) => group.title !== '');
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${title}">
<table>
<thead>
${titled ? html`<tr><td></td>${groups.map((group) => html`<th class="first" scope="colgroup" colspan="${group.columns.length}">${group.title}</th>`)}</tr>` : null}
<tr><th scope="col">${rowHead}</th>${columns.map((column, i) => html`<th scope="col" class="${classOf(i)}">${column.title}</th>`)}</tr>
</thead>
<tbody>
${rows.map((row) => htmlRow(row, columns.length, classOf))}</tbody>
</table>
</div>
${notes.map((note) => html`<p class="note">${note}</p>`)}`;
}

function htmlRow(row: Row | SpanRow, columns: number, classOf: (column: number) => string): Html {
  if (isSpan(row)) {
    const cell = row.level === 'heading' ? 'th' : 'td';
    const scope = row.level === 'heading' ? raw(' scope="rowgroup"') : null;
    return html`<tr class="${row.level}"><${raw(cell)}${scope} class="${row.tone}" colspan="${columns + 1}"><div>${row.span}</div></${raw(cell)}></tr>
`;
  }
  return html`<tr><th scope="row">${row.head}</th>${row.cells.map(
    (cell, i) => html`<td class="${classOf(i)} ${toneOf(row, i, i === row.cells.length - 1)}">${cell}</td>`,
  )}</tr>
`;
}
