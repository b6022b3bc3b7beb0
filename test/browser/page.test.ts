import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { snatrace } from '../cli/snatrace.ts';

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
function load(chromium: string, path: string): { readonly dom: string; readonly console: string[] } {
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
      '--enable-logging=stderr',
      '--virtual-time-budget=8000',
      '--dump-dom',
      `file://${path}`,
    ],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 50_000 },
  );
  return { dom: stdout, console: stderr.split('\n').filter((line) => line.includes('CONSOLE')) };
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
  if (CHROMIUM === undefined) {
    console.warn(
      'SKIPPED: the page was not looked at, for want of a browser (apt-get install chromium; .ci/run does)',
    );
  }
});
