/** `snatrace mitigations`: the catalogue, one explained, and what it does to a scenario. */
import { describe, expect, it } from 'vitest';
import { snatrace } from './snatrace.ts';

const POST = 'experiments/php-on-alpine.yaml';
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('the catalogue', () => {
  const { stdout, status } = snatrace(['mitigations']);

  it('is grouped by effort, with a symbol for each race and a legend, within 100 columns', () => {
    expect(status).toBe(0);
    expect(stdout).toContain('The kernel of every node');
    expect(stdout).toMatch(/random-fully +fully random ports +▲\? +· +● +● +· +·/);
    expect(stdout).toContain('● removes');
    expect(widest(stdout)).toBeLessThanOrEqual(100);
  });

  it('is one JSON document, cases in words and no functions', () => {
    const document = JSON.parse(snatrace(['mitigations', '--json']).stdout);
    expect(document.mitigations.length).toBeGreaterThan(45);
    const { cases } = document.mitigations.find((each: { name: string }) => each.name === 'random').scope
      .portRaceTcp;
    expect(cases.at(-1)).toEqual({ when: 'otherwise', effect: 'removes' });
  });
});

describe('one mitigation', () => {
  it('is explained with its effort and the cases on which its scope depends', () => {
    const { stdout } = snatrace(['mitigations', 'single-request']);
    expect(stdout).toContain('Effort: pod-spec, the spec of every deployment');
    expect(stdout).toContain('no library that sends pairs heeds single-request: leaves alone');
  });

  it('may be the upgrade to any kernel that is known', () => {
    expect(snatrace(['mitigations', 'kernel-5.15.85']).stdout).toContain('behaves as mainline 5.15');
    const { status, stderr } = snatrace(['mitigations', 'kernel-5.66']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('unknown mitigation "kernel-5.66"')]);
  });
});

describe('in a scenario', () => {
  it('it is said which apply and do what to each race, and why the others have no effect', () => {
    const { stdout } = snatrace(['mitigations', '--scenario', POST]);
    expect(stdout).toMatch(/kernel-5\.1 +applied +● +·/);
    expect(stdout).toMatch(/Have no effect here:[\s\S]*single-request: .*ignores single-request/);
    expect(widest(stdout)).toBeLessThanOrEqual(100);
  });

  it('one is explained with the case that decides there', () => {
    const { stdout } = snatrace(['mitigations', 'random', '--scenario', POST]);
    expect(stdout).toMatch(/port race, TCP: worsens \(kernel before 5\.0\)/);
  });

  it('the JSON has what becomes of each race', () => {
    const { mitigations } = JSON.parse(snatrace(['mitigations', '--scenario', POST, '--json']).stdout);
    const kernel = mitigations.find((each: { name: string }) => each.name === 'kernel-5.6');
    expect(kernel).toMatchObject({
      effect: 'applied',
      here: { sameSocketOtherBackend: { effect: 'removes' } },
    });
  });
});
