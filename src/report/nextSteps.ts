/** What a reader of a comparison is likely to want next, as commands. */
import type { Comparison } from '../experiment/comparison.ts';
import type { Block, Variant } from './findings.ts';
import { plain } from './format.ts';

/** Pairs of a purpose and the command for it. */
export function nextSteps(comparison: Comparison, blocks: readonly Block[]): [string, string][] {
  const { file, replications, vacuous, cells } = comparison;
  const compare = `snatrace compare ${quoted(file)}`;
  const steps: [string, string][] = [];
  const all = blocks.flatMap(({ mitigations }) => mitigations);
  if (all.some((variant) => outcome(variant) === 'undecided')) {
    steps.push(['decide what is undecided', `${compare} --replications ${4 * replications}`]);
  }
  const best = bestOf(blocks);
  if (best !== null)
    steps.push(['how to turn on what helps most, and its cost', `snatrace mitigations ${best[0]}`]);
  if (best !== null && best.length > 1) {
    steps.push(['both of the best at once', `${compare} --with ${best.join('+')}`]);
  }
  if (!cells.some(({ role }) => role === 'dispatch')) {
    steps.push(['how much hangs on the dispatch', `${compare} --dispatch clean-veth,as-reported,worst-case`]);
  } else if (vacuous.length > 0) {
    steps.push(['see the scenario with every default', `snatrace run ${quoted(file)} --print-scenario`]);
  }
  steps.push(['all of it as a page with charts', `${compare} --report reports`]);
  return steps;
}

/** Names of the single mitigations that leave the fewest stalls, at most two, from different groups if they differ. */
function bestOf(blocks: readonly Block[]): string[] | null {
  const names = new Set<string>();
  for (const { mitigations } of blocks) {
    const helpful = mitigations
      .filter((variant) => outcome(variant) === 'lower' && !variant.cell.id.includes('+'))
      .sort((a, b) => a.result.stallsPerMillion.estimate - b.result.stallsPerMillion.estimate);
    if (helpful[0] !== undefined) names.add(helpful[0].cell.id);
  }
  return names.size === 0 ? null : [...names].slice(0, 2);
}

function outcome({ result }: Variant): string | undefined {
  return result.contrast?.stalls.verdict.outcome;
}

/** As a shell reads it. */
function quoted(word: string): string {
  const text = plain(word);
  return /^[\w./:,+@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
