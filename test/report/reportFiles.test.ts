import { describe, expect, it } from 'vitest';
import { reportFiles } from '../../src/report/reportFiles.ts';
import { expectGolden } from '../golden/golden.ts';
import { everyVerdict, HOSTILE, hostile } from './comparisons.ts';

const SCRIPT = /<script\b[^>]*>([\s\S]*?)<\/script>/g;

const documents = { every: everyVerdict(), hostile: hostile() };
const made = {
  every: await reportFiles(documents.every, 'test'),
  hostile: await reportFiles(documents.hostile, 'test'),
};

function file(document: keyof typeof made, extension: string): string {
  return made[document].get(`test.${extension}`) as string;
}

/** The page without what stands between its script tags. */
function withoutScripts(page: string): string {
  return page.replace(SCRIPT, '<script></script>');
}

describe('the files of a report', () => {
  it('are the page, the chart, its specification, the text and the data', async () => {
    const files = made.every;
    expect([...files.keys()]).toEqual(['test.html', 'test.svg', 'test.vl.json', 'test.md', 'test.json']);
    for (const content of files.values()) expect(content.endsWith('\n')).toBe(true);
  });

  it('are the same bytes for the same comparison', async () => {
    expect([...(await reportFiles(everyVerdict(), 'test'))]).toEqual([
      ...(await reportFiles(everyVerdict(), 'test')),
    ]);
  });

  it('give the document back', async () => {
    expect(JSON.parse(file('every', 'json'))).toEqual(JSON.parse(JSON.stringify(everyVerdict())));
  });
});

describe('the page', () => {
  it('refers to nothing outside itself', async () => {
    const page = file('every', 'html');
    const addresses = page.match(/https?:\/\/[^\s"'`<>)]*/g) ?? [];
    expect(
      [...new Set(addresses)].filter((address) => !address.startsWith('http://www.w3.org/')).sort(),
    ).toEqual([
      // How Vega tells a data address from others.
      'http://',
    ]);
    expect(withoutScripts(page)).not.toMatch(/\b(?:src|href)=|@import|url\(\s*['"]?(?!#)|sourceMappingURL/);
    expect(page).not.toContain('sourceMappingURL');
    expect(page).toContain("default-src 'none'");
  });

  it('says the answer before anything else', async () => {
    const page = withoutScripts(file('every', 'html'));
    expect(page.indexOf('1 in 40 lookups stalls')).toBeLessThan(page.indexOf('<svg'));
    expect(page.indexOf('<svg')).toBeLessThan(page.indexOf('<table'));
  });

  it('stays below 1.2 MB', async () => {
    expect(Buffer.byteLength(file('every', 'html'))).toBeLessThan(1_200_000);
  });

  it('lets no name out of its place', async () => {
    const page = file('hostile', 'html');
    expect(page).not.toContain('<b onload');
    const scripts = [...page.matchAll(SCRIPT)].map(([, body]) => body ?? '');
    // The data, three libraries, and what puts them together: as many elements as were written.
    expect(scripts).toHaveLength(5);
    expect(scripts[0]).not.toMatch(/[<>&\u2028\u2029]/);
    expect(() => JSON.parse(scripts[0]!)).not.toThrow();
    expect(page).not.toContain('\u001b');
    expect(withoutScripts(page)).not.toMatch(/NaN|undefined|\[object/);
  });

  it('closes every element that it opens', async () => {
    const page = withoutScripts(file('every', 'html')).replace(/<svg[\s\S]*?<\/svg>/g, '');
    for (const tag of 'section table tbody tr td dl ul li figure div details pre'.split(' ')) {
      const opened = page.match(new RegExp(`<${tag}[\\s>]`, 'g')) ?? [];
      const closed = page.match(new RegExp(`</${tag}>`, 'g')) ?? [];
      expect(opened.length, tag).toBe(closed.length);
    }
  });
});

describe('the Markdown', () => {
  it('reads as reviewed', async () => {
    expectGolden('../report/golden/report.md', file('every', 'md'));
  });

  it('has as many cells in every row of a table as in its head', async () => {
    for (const document of ['every', 'hostile'] as const) {
      const lines = file(document, 'md')
        .split('\n')
        .filter((line) => line.startsWith('| '));
      const tables = lines.join('\n').split(/\n(?=\| [^\n]*\n\| :--)/);
      for (const table of tables) {
        const widths = table.split('\n').map((line) => line.match(/(?<!\\)\|/g)?.length);
        expect(new Set(widths).size).toBe(1);
      }
    }
  });

  it('reads nothing into names', async () => {
    const text = file('hostile', 'md').replace(/^(`{3,})[\s\S]*?^\1$/gm, '');
    expect(text).not.toContain('<b');
    expect(text).not.toMatch(/(?<!\\)\]\(http/);
    expect(text).not.toContain(HOSTILE);
  });
});

describe('the chart as a file', () => {
  it('brings its own paper and ink', async () => {
    expect(file('every', 'svg')).toMatch(/^<svg style="background:#fff;color:#1a1a1a" xmlns=/);
  });
});
