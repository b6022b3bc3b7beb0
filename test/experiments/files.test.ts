import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { simulateCluster } from '../../src/experiment/cluster.ts';
import { compare } from '../../src/experiment/compare.ts';
import { type Plan, planComparison } from '../../src/experiment/plan.ts';
import { InProcessRunner } from '../../src/experiment/runner.ts';
import { planSweep, sweep } from '../../src/experiment/sweep.ts';
import { planLab } from '../../src/lab/lab.ts';
import { loadCluster } from '../../src/scenario/clusterFile.ts';
import { scenarioJsonSchema } from '../../src/scenario/jsonSchema.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { loadPoints } from '../../src/scenario/points.ts';

const folder = new URL('../../experiments/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const read = (path: string) => readFileSync(new URL(path.replace(/^experiments\//, ''), folder), 'utf8');
const sweeps = files.filter((file) => /^vary:/m.test(read(file)));
const clusters = files.filter((file) => /^cluster:/m.test(read(file)));

const OPTIONS = {
  replications: 2,
  confidence: 0.95,
  version: 'test',
  command: '',
  runner: new InProcessRunner(),
};

/** Long enough that every group starts something. */
const REDUCED = { duration: '400ms', warmUp: '200ms' };

describe('the experiments', () => {
  it('are all here', () => {
    expect(files).toEqual([
      'capacity-review.yaml',
      'cluster-ip.yaml',
      'cluster-of-5000-nodes.yaml',
      'image-mix.yaml',
      'kernel-ladder.yaml',
      'lab-two-pods.yaml',
      'node-local-dns.yaml',
      'php-on-alpine.yaml',
      'php-without-pools.yaml',
      'port-exhaustion.yaml',
      'pseudo-fixes.yaml',
      'recorded-lookups.yaml',
      'table-pressure.yaml',
      'timeouts-and-attempts.yaml',
      'two-containers-one-alone.yaml',
      'two-containers-two-destinations.yaml',
      'two-containers.yaml',
      'what-makes-a-pair-race.yaml',
    ]);
  });

  it.each(files)('%s asks a question, and says in its title which dispatch it assumes', (file) => {
    const { scenario } = loadScenario(read(file), { path: `experiments/${file}`, readFile: read });
    expect(scenario.question).toMatch(/\?$/);
    const { title, pods } = scenario;
    if (pods.some(({ dns }) => dns !== null)) expect(title).toMatch(/dispatch|worst case|as recorded/i);
  });

  it.each(files.filter((file) => ![...sweeps, ...clusters].includes(file)))(
    '%s runs, every variant of it, at reduced size',
    async (file) => {
      const path = `experiments/${file}`;
      const { scenario, experiment } = loadScenario(read(path), { path, readFile: read });
      const plan = planComparison(scenario, experiment) as Plan;
      expect(plan).not.toHaveProperty('unknown');
      const shorter = <Of extends { readonly scenario: typeof scenario }>(variant: Of): Of => ({
        ...variant,
        scenario: { ...variant.scenario, durationNs: 4e8, warmUpNs: Math.min(scenario.warmUpNs, 2e8) },
      });
      const comparison = await compare(scenario, plan.variants.map(shorter), {
        ...OPTIONS,
        seed: experiment.seed ?? 'test',
        file: path,
        contexts: plan.contexts.map((context) => ({ ...context, variants: context.variants.map(shorter) })),
      });
      expect(comparison?.cells).toHaveLength(plan.variants.length);
      expect(comparison?.contexts).toHaveLength(plan.contexts.length);
      expect(JSON.stringify(comparison)).not.toContain('null,null,null,null');
    },
    120_000,
  );

  it.each(sweeps)(
    '%s runs, every variant at every point, at reduced size',
    async (file) => {
      const path = `experiments/${file}`;
      const loaded = loadPoints(read(path), { path, readFile: read, overrides: REDUCED });
      const { experiment } = loaded;
      const plan = planSweep(loaded, { ...experiment, with: experiment.with ?? [] });
      if ('unknown' in plan) throw new Error(JSON.stringify(plan.unknown));
      const swept = await sweep(plan, { ...OPTIONS, seed: experiment.seed ?? 'test', file: path });
      expect(swept?.points).toHaveLength(loaded.points.length);
      for (const { comparison } of swept?.points ?? []) {
        expect(comparison.cells.length).toBe(1 + (experiment.with?.length ?? 0));
        expect(comparison.cells[0]?.groups.every(({ started }) => started > 0)).toBe(true);
      }
    },
    120_000,
  );

  it.each(clusters)('%s answers for all of its nodes, at reduced size', async (file) => {
    const path = `experiments/${file}`;
    const { cluster, scenario } = loadCluster(read(path), { path, readFile: read });
    const shorter = (node: typeof scenario) => ({ ...node, warmUpNs: 2e9 });
    const reduced = { ...cluster!, scenarios: cluster!.scenarios.map(shorter) };
    const result = await simulateCluster(reduced, shorter(scenario), {
      ...OPTIONS,
      seed: 'test',
      file: path,
      sample: { ...cluster!.settings.sample, nodes: 2, timeNs: 4e9 },
    });
    expect(result?.groups.map(({ simulated }) => simulated)).toEqual(cluster!.scenarios.map(() => 2));
    expect(result?.warnings).toEqual([]);
    expect(JSON.stringify(result)).not.toMatch(/NaN|Infinity/);
  });

  it.each(files.filter((file) => /^lab:/m.test(read(file))))(
    '%s can be built in the lab on its own kernel, with nothing left out',
    (file) => {
      const { scenario, experiment } = loadScenario(read(file), { path: file });
      const machine = {
        kernel: scenario.kernel,
        generation: scenario.kernel,
        cpus: 2,
        privileges: 'root',
        backend: 'nft',
        tools: {},
        conntrackMax: 262_144,
        conntrackBuckets: 262_144,
      } as const;
      const plan = planLab(scenario, experiment.lab, machine, { pairs: null, only: null });
      expect(plan.leftOut).toEqual([]);
      expect(plan.experiments).toEqual(experiment.lab);
    },
  );

  it('are described by the schema that stands beside them', () => {
    expect(JSON.parse(read('experiments/scenario.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(scenarioJsonSchema())),
    );
  });
});
