/** A chart as SVG, without a browser. Vega is large and loaded only when a chart is wanted. */
import type { TopLevelSpec } from 'vega-lite';
import type { ChartSpec } from './chartStyle.ts';

/**
 * The same specification gives the same bytes. `idPrefix` keeps ids apart where several charts stand on one page.
 *
 * @throws Error if the specification does not compile: a bug of ours.
 */
export async function renderSvg(spec: ChartSpec, idPrefix = ''): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  vega.resetSVGDefIds();
  (vega as unknown as { textMetrics: TextMetrics }).textMetrics.width = estimatedWidth;
  const compiled = compile(spec as unknown as TopLevelSpec).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  try {
    const svg = rounded(await view.toSVG());
    return idPrefix === '' ? svg : withPrefix(svg, idPrefix);
  } finally {
    view.finalize();
  }
}

/** For a file of its own: white paper, black ink, whatever the reader's theme is. */
export function standaloneSvg(svg: string): string {
  return svg.replace(/^<svg /, '<svg style="background:#fff;color:#1a1a1a" ');
}

/** Places to a hundredth of a pixel: the digits after that are of no use, and an engine may choose the last ones. */
function rounded(svg: string): string {
  return svg.replace(/ (?:transform|d|x|y|x1|x2|y1|y2|width|height|viewBox)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) =>
      String(Math.round(Number(number) * 100) / 100),
    ),
  );
}

interface TextMetrics {
  width: (item: { readonly fontSize?: number; readonly fontWeight?: unknown }, text: unknown) => number;
}

/**
 * Vega's own guess for hosts without a canvas is a third too wide, and its layouts with it. This one is about right
 * for common sans-serif fonts, and the same on every machine; it stays in place for the life of the process.
 */
const estimatedWidth: TextMetrics['width'] = ({ fontSize = 11, fontWeight }, text) =>
  (fontWeight === 'bold' ? 0.62 : 0.56) * fontSize * String(text ?? '').length;

function withPrefix(svg: string, prefix: string): string {
  return svg.replace(/ id="([^"]+)"/g, ` id="${prefix}$1"`).replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`);
}
