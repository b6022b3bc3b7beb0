/** fast-check's arbitrary of small scenarios: complete, valid, quick to simulate, shrinking to simple ones. */
import fc from 'fast-check';
import { loadScenario } from '../scenario/load.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { DEFAULT_BOUNDS, releasesOf, type ScenarioBounds, type Span } from './bounds.ts';

type File = Readonly<Record<string, unknown>>;

/**
 * Scenarios within bounds. Links and servers are quick and constant, so that what is lost is lost on the node. With
 * the default bounds a simulation takes a few milliseconds; it grows with pods x rates x duration.
 *
 * @throws RangeError if a list is empty; InvalidScenario, when drawing, if `file` or `pod` contradict the rest.
 * @example
 * const old = scenarioArbitrary({ kernels: { from: '4.7', to: '4.18' }, endpoints: { min: 2, max: 5 } });
 * fc.assert(fc.property(old, (scenario) => simulate(scenario, { seed: 'mine' }).exposures.sameSocket > 0));
 */
export function scenarioArbitrary(bounds: ScenarioBounds = {}): fc.Arbitrary<Scenario> {
  const { file, pod, ...within } = { ...DEFAULT_BOUNDS, ...bounds };
  return fc
    .record({
      kernel: oneOf('kernels', releasesOf(within.kernels)),
      libc: oneOf('libcs', within.libcs),
      options: oneOf('options', within.options),
      nameServer: oneOf('nameServers', within.nameServers),
      dispatch: oneOf('dispatches', within.dispatches),
      proxy: oneOf('proxies', within.proxies),
      endpoints: fc.integer(within.endpoints),
      cpus: fc.integer(within.cpus),
      pods: fc.integer(within.pods),
      lookups: maybe(within.lookupsPerSecond),
      connects: maybe(within.connectsPerSecond),
      arrivals: oneOf('arrivals', within.arrivals),
      ports: oneOf('masquerade', within.masquerade),
      granted: maybe(within.grantedPorts),
      durationMs: fc.integer(within.durationMs),
    })
    .map((drawn) => {
      const traffic = (ratePerSecond: number) =>
        drawn.arrivals === 'together'
          ? { arrivals: { cron: `${Math.max(1, Math.round(1000 / ratePerSecond))}ms` } }
          : { rate: `${ratePerSecond}/s` };
      const range = drawn.granted === null ? {} : { range: `1024-${1023 + drawn.granted}` };
      const group = {
        name: 'app',
        count: drawn.pods,
        resolver: { libc: drawn.libc, options: drawn.options, search: 0, nameServers: [drawn.nameServer] },
        dispatch: drawn.dispatch,
        ...(drawn.lookups === null
          ? {}
          : {
              dns: {
                ...traffic(drawn.lookups),
                names: [{ name: 'example.com.', families: ['ipv4', 'ipv6'] }],
              },
            }),
        ...(drawn.connects === null
          ? {}
          : { tcp: { ...traffic(drawn.connects), to: ['203.0.113.10:443'], hold: '1ms' } }),
      };
      const base = {
        kernel: drawn.kernel,
        node: { cpus: drawn.cpus },
        nat: { masquerade: drawn.ports === 'none' ? 'none' : { ports: drawn.ports, ...range } },
        services: { dns: { proxy: drawn.proxy, endpoints: drawn.endpoints, endpointsOn: 'same-node' } },
        links: { cluster: '200us', external: '2ms' },
        dnsServers: { latency: '1ms' },
        duration: `${drawn.durationMs}ms`,
        warmUp: '0s',
      };
      return load({ ...laidOver(base, file), pods: [laidOver(group, pod)] });
    });
}

function load(file: File): Scenario {
  return loadScenario(JSON.stringify(file), { path: 'generated.yaml' }).scenario;
}

function oneOf<Value>(name: string, values: readonly Value[]): fc.Arbitrary<Value> {
  if (values.length === 0) throw new RangeError(`bounds: ${name} is empty`);
  return fc.constantFrom(...values);
}

function maybe(span: Span | null): fc.Arbitrary<number | null> {
  return span === null ? fc.constant(null) : fc.integer(span);
}

/** The keys of `over` replace those of `under`; of mappings that both have, key by key. */
function laidOver(under: File, over: File): File {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    merged[key] = isMapping(old) && isMapping(value) ? laidOver(old, value) : value;
  }
  return merged;
}

function isMapping(value: unknown): value is File {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
