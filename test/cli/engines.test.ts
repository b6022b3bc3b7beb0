/** The same bytes whatever the engine does with the code and however little memory it has. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Masquerade, services, both protocols, lognormal and exponential draws. */
const SCENARIO = `
kernel: "4.19.78"
node: { cpus: 4 }
nat: { masquerade: { ports: random-fully } }
services: { dns: { endpoints: 2, endpointsOn: external } }
links: { cluster: 200us, external: { lognormal: { mean: 2ms, cv: 0.5 } } }
dnsServers: { latency: { exponential: 1ms }, loss: 1% }
warmUp: 2s
duration: 10s
pods:
  - name: web
    count: 10
    resolver: { libc: glibc-2.36 }
    dispatch: worst-case
    dns: { rate: 20/s, names: [api.example.com] }
    tcp: { rate: 10/s, to: ["203.0.113.10:443"] }
`;

/** The JSON document of two replications. */
function documentOf(...engine: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...engine, CLI, 'run', '-', '--json', '--quiet', '--seed', 'engines', '--replications', '2'],
    { input: SCENARIO, encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  expect(status, stderr).toBe(0);
  return stdout;
}

describe('a run', () => {
  const usual = documentOf();

  it.each([
    ['without just-in-time compilation', ['--jitless']],
    ['in a quarter of the memory', ['--max-old-space-size=64', '--max-semi-space-size=1']],
  ])('gives the same bytes %s', (_how, engine) => {
    expect(documentOf(...engine)).toBe(usual);
  });
});
