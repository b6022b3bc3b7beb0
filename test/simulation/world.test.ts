import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/simulation/assembly.ts';
import { countsOf, expectUniform } from '../network/randomness.ts';
import { scenario } from './scenarios.ts';

const DRAWS = 12_000;

function worldWith(cpus: number) {
  return assemble(scenario({ node: `{ cpus: ${cpus} }` }), 'world tests', 0).world;
}

describe('the CPUs of a world', () => {
  it('are drawn uniformly for those who start something', () => {
    const world = worldWith(4);
    expectUniform(countsOf(DRAWS, 4, (i) => world.cpuOf(0, i)));
  });

  it('are two for a packet that is handed over: any other, whichever its sender is on', () => {
    const world = worldWith(4);
    // The same numbers name both draws, as they do for the first packet of a lookup.
    const pairs = countsOf(DRAWS, 16, (i) => {
      const cpu = world.cpuOf(0, i);
      return cpu * 4 + world.otherCpu(cpu, 0, i);
    });
    const [same, others] = [0, 1].map((differ) =>
      pairs.filter((_, pair) => Number(Math.floor(pair / 4) !== pair % 4) === differ),
    ) as [number[], number[]];
    expect(same).toEqual([0, 0, 0, 0]);
    expectUniform(others);
  });
});
