import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { compile, type TopLevelSpec } from 'vega-lite';
import { describe, expect, it } from 'vitest';
import { type ChartSpec, chartsOf } from '../../src/report/charts.ts';
import { renderSvg } from '../../src/report/svg.ts';
import { barelyAnything, everyVerdict, hostile } from './comparisons.ts';

const documents = { everyVerdict, barelyAnything, hostile };

function specs(): [string, ChartSpec][] {
  return Object.entries(documents).flatMap(([name, document]) =>
    Object.entries(chartsOf(document())).flatMap(([chart, spec]): [string, ChartSpec][] =>
      spec === null ? [] : [[`${chart} of ${name}`, spec]],
    ),
  );
}

interface Datum {
  readonly variant: string;
  readonly estimate: number;
  readonly high: number;
  readonly ms: number;
}

/** The data of each panel. */
function panelsOf(spec: ChartSpec | null): Datum[][] {
  const panels = (spec?.vconcat ?? []) as { data?: { values: Datum[] } }[];
  return panels.map(({ data }) => data?.values ?? []);
}

describe('the charts of a comparison', () => {
  it('are Vega-Lite by its own schema', () => {
    const path = createRequire(import.meta.url).resolve('vega-lite/vega-lite-schema.json');
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));
    for (const [name, spec] of specs()) {
      validate(spec);
      expect(validate.errors ?? [], name).toEqual([]);
    }
  });

  it('compile without a warning', () => {
    const warnings: string[] = [];
    const note = (...parts: readonly unknown[]) => {
      warnings.push(parts.join(' '));
      return logger;
    };
    const logger = { level: () => logger, error: note, warn: note, info: () => logger, debug: () => logger };
    for (const [, spec] of specs()) compile(spec as unknown as TopLevelSpec, { logger: logger as never });
    expect(warnings).toEqual([]);
  });

  it('are drawn to the same bytes each time, without a number that is none', async () => {
    for (const [name, spec] of specs()) {
      const svg = await renderSvg(spec);
      expect(svg, name).not.toMatch(/NaN|undefined|Infinity/);
      if (name.endsWith('everyVerdict')) expect(await renderSvg(spec), name).toBe(svg);
    }
  });

  it('show a cell without a stall at zero, with its upper bound', () => {
    const rows = panelsOf(chartsOf(everyVerdict()).stalls).flat();
    const cured = rows.filter(({ variant }) => variant === 'kernel 5.6');
    expect(cured.length).toBeGreaterThan(0);
    for (const row of cured) {
      expect(row).toMatchObject({ estimate: 0, low: 0, zero: true });
      expect(row.high).toBeGreaterThan(0);
    }
  });

  it('put every figure inside their scale', async () => {
    const spec = chartsOf(everyVerdict()).stalls;
    const top = /"domain":\[0,(\d+)\]/.exec(JSON.stringify(spec))?.[1];
    for (const { high } of panelsOf(spec).flat()) expect(high).toBeLessThanOrEqual(Number(top));
    const svg = await renderSvg(spec);
    expect(svg).toContain('1 in 40 lookups stalls');
    expect(svg).toMatch(/>0<\/text>/);
  });

  it('have no panel of losses where nothing was lost, and none of latencies where nothing finished', () => {
    const { losses, latency } = chartsOf(barelyAnything());
    expect(panelsOf(losses)).toHaveLength(1);
    expect(panelsOf(latency)).toHaveLength(1);
    const nothing = { ...everyVerdict(), cells: [] };
    expect(chartsOf(nothing)).toMatchObject({ latency: null, losses: null });
  });

  it('keep the steps at the timeouts in the latency tail', () => {
    const { latency } = chartsOf(everyVerdict());
    const [panel = []] = panelsOf(latency);
    const baseline = panel.filter(({ variant }) => variant === 'as it is').map(({ ms }) => ms);
    expect(baseline.some((ms) => Math.abs(ms - 2507) < 40)).toBe(true);
    expect(baseline.some((ms) => Math.abs(ms - 5012) < 80)).toBe(true);
  });
});
