import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportFiles } from '../../src/report/reportFiles.ts';
import { sweepFiles } from '../../src/report/sweepFiles.ts';
import { snatrace } from '../cli/snatrace.ts';
import { everyVerdict, manyMitigations } from '../report/comparisons.ts';
import { endpointsByRate, kernelsAlone } from '../report/sweeps.ts';
import { FIND_OVERLAPS } from './overlaps.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const folder = mkdtempSync(join(tmpdir(), 'snatrace-page-'));

const SCENARIO = `
title: "A page </script><b>&"
kernel: "5.4.286"
node: { cpus: 4 }
services: { dns: { endpointsOn: same-node } }
pods:
  - name: php
    count: 4
    resolver: { libc: glibc-2.36 }
    dispatch: worst-case
    dns: { rate: 10/s, names: [api.example.com] }
duration: 3s
warmUp: 100ms
`;

/** Loads a page without a network and returns its document after scripts have run, and what the console said. */
function load(
  chromium: string,
  path: string,
  width = 1000,
): { readonly dom: string; readonly console: string[] } {
  const { stdout, stderr } = spawnSync(
    chromium,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND',
      `--user-data-dir=${mkdtempSync(join(tmpdir(), 'snatrace-chromium-'))}`,
      `--window-size=${width},2000`,
      '--enable-logging=stderr',
      '--virtual-time-budget=8000',
      '--dump-dom',
      `file://${path}`,
    ],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 50_000 },
  );
  return { dom: stdout, console: stderr.split('\n').filter((line) => line.includes('CONSOLE')) };
}

/** What lies on what in the charts of a page; null if it was not looked for. */
function overlapsOf(dom: string): string[] | null {
  const found = /data-overlaps="([^"]*)"/.exec(dom)?.[1];
  return found === undefined
    ? null
    : (JSON.parse(found.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as string[]);
}

describe('the page in a browser', () => {
  it.skipIf(CHROMIUM === undefined)(
    'draws its charts offline, without a word on the console, and takes hostile titles as text',
    () => {
      const { status } = snatrace(
        ['compare', '-', '-q', '-r', '3', '--with', 'kernel-5.6', '--report', folder],
        { input: SCENARIO },
      );
      expect(status).toBe(0);
      const { dom, console } = load(CHROMIUM as string, join(folder, 'stdin.html'));
      expect(console).toEqual([]);
      expect(dom).toContain('vega-embed');
      expect(dom).not.toContain('<b>&amp;</b>');
      expect(readFileSync(join(folder, 'stdin.html'), 'utf8')).not.toContain('</script><b>');
    },
  );

  it.skipIf(CHROMIUM === undefined).each([
    ['a comparison', () => reportFiles(everyVerdict(), 'page')],
    ['a comparison of fifty mitigations', () => reportFiles(manyMitigations(), 'page')],
    ['a sweep of a number', () => sweepFiles(endpointsByRate(), 'page')],
    ['a sweep of names', () => sweepFiles(kernelsAlone(), 'page')],
  ])('of %s has no two texts of a chart on each other, narrow or wide, and fits 2 MB', async (_, make) => {
    const page = (await make()).get('page.html') as string;
    expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
    const path = join(folder, 'page.html');
    writeFileSync(
      path,
      page.replace(/<\/body>\s*<\/html>\s*$/, () => `<script>${FIND_OVERLAPS}</script></body></html>`),
    );
    for (const width of [700, 1200]) {
      const { dom, console } = load(CHROMIUM as string, path, width);
      expect(console).toEqual([]);
      expect(dom).toContain('vega-embed');
      expect(overlapsOf(dom)).toEqual([]);
    }
  });
  if (CHROMIUM === undefined) {
    console.warn(
      'SKIPPED: the page was not looked at, for want of a browser (apt-get install chromium; .ci/run does)',
    );
  }
});
