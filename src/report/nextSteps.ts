/** What a reader of a comparison is likely to want next, as commands. */
import type { Comparison } from '../experiment/comparison.ts';
import type { Command } from './document.ts';
import type { Block, Variant } from './findings.ts';
import { plain } from './format.ts';

export function nextSteps(comparison: Comparison, blocks: readonly Block[]): Command[] {
  const { file, replications, vacuous, cells } = comparison;
  const compare = `snatrace compare ${quoted(file)}`;
  const steps: Command[] = [];
  const all = blocks.flatMap(({ mitigations }) => mitigations);
  if (all.some((variant) => outcome(variant) === 'undecided')) {
    steps.push({
      purpose: 'decide what is undecided',
      line: `${compare} --replications ${4 * replications}`,
    });
  }
  const best = bestOf(blocks);
  if (best !== null)
    steps.push({
      purpose: 'how to turn on what helps most, and its cost',
      line: `snatrace mitigations ${best[0]}`,
    });
  if (best !== null && best.length > 1) {
    steps.push({ purpose: 'both of the best at once', line: `${compare} --with ${best.join('+')}` });
  }
  if (!cells.some(({ role }) => role === 'dispatch')) {
    steps.push({
      purpose: 'how much hangs on the dispatch',
      line: `${compare} --dispatch clean-veth,as-reported,worst-case`,
    });
  } else if (vacuous.length > 0) {
    steps.push({
      purpose: 'see the scenario with every default',
      line: `snatrace run ${quoted(file)} --print-scenario`,
    });
  }
  steps.push({ purpose: 'all of it as a page with charts', line: `${compare} --report reports` });
  return steps;
}

/** Names of the single mitigations that leave the fewest stalls, at most two, from different groups if they differ. */
function bestOf(blocks: readonly Block[]): string[] | null {
  const names = new Set<string>();
  for (const { mitigations } of blocks) {
    const helpful = mitigations
      .filter((variant) => outcome(variant) === 'lower' && variant.cell.applied.length === 1)
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
