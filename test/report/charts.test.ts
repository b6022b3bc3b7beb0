import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { compile, type TopLevelSpec } from 'vega-lite';
import { describe, expect, it } from 'vitest';
import { type ChartSpec, chartsOf } from '../../src/report/charts.ts';
import { renderSvg } from '../../src/report/svg.ts';
import { sweepCharts } from '../../src/report/sweepCharts.ts';
import { barelyAnything, everyVerdict, hostile, manyMitigations } from './comparisons.ts';
import { endpointsByRate, kernelsAlone } from './sweeps.ts';

const documents = { everyVerdict, barelyAnything, hostile, manyMitigations };
const sweeps = { endpointsByRate, kernelsAlone };

function specs(): [string, ChartSpec][] {
  const compared = Object.entries(documents).flatMap(([name, document]) =>
    Object.entries(chartsOf(document())).flatMap(([chart, spec]): [string, ChartSpec][] =>
      spec === null ? [] : [[`${chart} of ${name}`, spec]],
    ),
  );
  const swept = Object.entries(sweeps).flatMap(([name, sweep]) =>
    sweepCharts(sweep()).map(({ spec }, i): [string, ChartSpec] => [`chart ${i} of ${name}`, spec]),
  );
  return [...compared, ...swept];
}

interface Datum {
  readonly variant: string;
  readonly estimate: number;
  readonly high: number;
  readonly ms: number;
  readonly text: string;
  readonly length: string;
  readonly count: number;
  readonly dispatch: string;
}

interface Panel {
  readonly data?: { readonly values: Datum[] };
  readonly layer?: readonly Panel[];
  readonly hconcat?: readonly Panel[];
}

/** The data of each panel, and of its layers. */
function panelsOf(spec: ChartSpec | null): Datum[][] {
  const own = ({ data, layer = [], hconcat }: Panel): Datum[][] =>
    hconcat === undefined
      ? [[...(data?.values ?? []), ...layer.flatMap((each) => each.data?.values ?? [])]]
      : hconcat.flatMap(own);
  return ((spec?.vconcat ?? []) as Panel[]).flatMap(own);
}

describe('the charts of a comparison and of a sweep', () => {
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
    for (const [name, spec] of specs()) {
      const note = (...parts: readonly unknown[]) => {
        warnings.push(`${name}: ${parts.join(' ')}`);
        return logger;
      };
      const logger = {
        level: () => logger,
        error: note,
        warn: note,
        info: () => logger,
        debug: () => logger,
      };
      compile(spec as unknown as TopLevelSpec, { logger: logger as never });
    }
    expect(warnings).toEqual([]);
  });

  it('are drawn to the same bytes each time, without a number that is none', async () => {
    for (const [name, spec] of specs()) {
      const svg = await renderSvg(spec);
      expect(svg, name).not.toMatch(/NaN|undefined|Infinity/);
      if (name.endsWith('everyVerdict')) expect(await renderSvg(spec), name).toBe(svg);
    }
  });
});

describe('the charts of a comparison', () => {
  it('show a cell without a stall at zero, with its upper bound', () => {
    const rows = panelsOf(chartsOf(everyVerdict()).ranking).flat();
    const cured = rows.filter(({ variant, estimate }) => variant === 'kernel 5.6' && estimate !== undefined);
    expect(cured.length).toBeGreaterThan(0);
    for (const row of cured) {
      expect(row).toMatchObject({ estimate: 0, low: 0, zero: true });
      expect(row.high).toBeGreaterThan(0);
    }
  });

  it('put every figure inside their scale', async () => {
    const spec = chartsOf(everyVerdict()).ranking;
    const top = /"domain":\[0,([\d.]+)\]/.exec(JSON.stringify(spec))?.[1];
    const rows = panelsOf(spec).flat();
    for (const { high } of rows.filter((row) => row.high !== undefined))
      expect(high).toBeLessThanOrEqual(Number(top));
    const svg = await renderSvg(spec!);
    expect(svg).toContain('1 in 40 lookups stalls');
    expect(svg).toMatch(/>0<\/text>/);
  });

  it('have no panel of losses where nothing was lost, and none of latencies where nothing finished', () => {
    const { losses, latency } = chartsOf(barelyAnything());
    expect(panelsOf(losses)).toHaveLength(1);
    expect(panelsOf(latency)).toHaveLength(1);
    const nothing = { ...everyVerdict(), cells: [], contexts: [] };
    expect(chartsOf(nothing)).toEqual({
      hourly: null,
      ranking: null,
      losses: null,
      latency: null,
      load: null,
      dispatch: null,
    });
  });

  it('keep the steps at the timeouts in the latency tail', () => {
    const { latency } = chartsOf(everyVerdict());
    const [panel = []] = panelsOf(latency);
    const baseline = panel.filter(({ variant }) => variant === 'as it is').map(({ ms }) => ms);
    expect(baseline.some((ms) => Math.abs(ms - 2507) < 40)).toBe(true);
    expect(baseline.some((ms) => Math.abs(ms - 5012) < 80)).toBe(true);
  });

  it('stack the stalls of an hour by their length', () => {
    const [panel = []] = panelsOf(chartsOf(everyVerdict()).hourly);
    const bars = panel.filter(({ variant, length }) => variant === 'as it is' && length !== undefined);
    // 600 stalls in each minute, three in five of them 2.5 s long.
    expect(bars.map(({ length }) => length)).toEqual(['2.5 s', '5 s']);
    expect(bars[0]!.count).toBeCloseTo(21_600, -2);
    expect(bars[1]!.count).toBeCloseTo(14_400, -2);
  });

  it('set every dispatch beside the assumed one, in the order of the pairs that it splits', () => {
    const [panel = []] = panelsOf(chartsOf(everyVerdict()).dispatch);
    expect([...new Set(panel.map(({ dispatch }) => dispatch))]).toEqual([
      'clean-veth',
      'as-reported *',
      'worst-case',
    ]);
    const ipvs = panel.filter(({ variant }) => variant === 'IPVS').map(({ text }) => text.split('\n')[1]);
    expect(ipvs).toEqual(['no stall', '1.50 ×', '−50 %']);
  });

  it('give rows whose names were cut to the same text names of their own', () => {
    const [panel = []] = panelsOf(chartsOf(manyMitigations()).hourly);
    const names = panel.filter(({ length }) => length === undefined).map(({ variant }) => variant);
    const labels = names.slice(0, names.length / 2);
    expect(new Set(labels).size).toBe(labels.length);
  });
});
