/** HTML in template literals: whatever is put in is escaped, unless it is HTML already. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = string | number | Html | null | readonly HtmlValue[];

/**
 * @example
 * html`<b>${'<script>'}</b>`.text; // '<b>&lt;script&gt;</b>'
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((text, part, i) => text + textOf(values[i - 1] ?? null) + part));
}

/** Text that is HTML already, of our own making. */
export function raw(text: string): Html {
  return new Html(text);
}

/** A script element with its attributes. Not in a template of `html`: bundlers treat what ends a script there specially. */
export function script(content: Html, attributes = ''): Html {
  return raw(`<script${attributes}>${content.text}</script>`);
}

/** JSON for a script element: no character in it can end the element or a line of it. */
export function jsonForScript(value: unknown): Html {
  const codeOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return raw(JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, codeOf));
}

function textOf(value: HtmlValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return value.map(textOf).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
