import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/experiment/compare.ts';
import { planComparison } from '../../src/experiment/plan.ts';
import { InProcessRunner } from '../../src/experiment/runner.ts';
import { scenarioJsonSchema } from '../../src/scenario/jsonSchema.ts';
import { loadScenario } from '../../src/scenario/load.ts';

const folder = new URL('../../experiments/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const read = (path: string) => readFileSync(new URL(path.replace(/^experiments\//, ''), folder), 'utf8');

describe('the experiments', () => {
  it('are all here', () => {
    expect(files).toEqual([
      'php-on-alpine.yaml',
      'recorded-lookups.yaml',
      'two-containers-one-alone.yaml',
      'two-containers-two-destinations.yaml',
      'two-containers.yaml',
    ]);
  });

  for (const file of files) {
    it(`${file} asks a question and runs, every variant of it, at reduced size`, async () => {
      const path = `experiments/${file}`;
      const { scenario, experiment } = loadScenario(read(path), { path, readFile: read });
      expect(scenario.question).toMatch(/\?$/);
      const plan = planComparison(scenario, experiment);
      if ('unknown' in plan) throw new Error(JSON.stringify(plan.unknown));
      const small = plan.variants.map((variant) => ({
        ...variant,
        scenario: { ...variant.scenario, durationNs: 2e9, warmUpNs: Math.min(scenario.warmUpNs, 2e9) },
      }));
      const comparison = await compare(scenario, small, {
        seed: experiment.seed ?? 'test',
        replications: 2,
        confidence: 0.95,
        version: 'test',
        file: path,
        command: '',
        runner: new InProcessRunner(),
      });
      expect(comparison?.cells).toHaveLength(plan.variants.length);
      expect(JSON.stringify(comparison)).not.toContain('null,null,null,null');
    });
  }

  it('are described by the schema that stands beside them', () => {
    expect(JSON.parse(read('experiments/scenario.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(scenarioJsonSchema())),
    );
  });
});
