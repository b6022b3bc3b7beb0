/** What a reader of a comparison is likely to want next, as commands. */
import type { Comparison } from '../experiment/comparison.ts';
import type { Command } from './document.ts';
import type { Block, Variant } from './findings.ts';
import { plain } from './format.ts';
import { stallContrast, stallRate } from './rates.ts';

export function nextSteps(comparison: Comparison, blocks: readonly Block[]): Command[] {
  const { command, file, replications, contexts } = comparison;
  const again = plain(command);
  const all = blocks.flatMap(({ mitigations }) => mitigations);
  const best = bestOf(blocks);
  const steps: Command[] = [];
  if (all.some((variant) => outcome(variant) === 'undecided')) {
    steps.push({ purpose: 'decide what is undecided', line: withReplications(again, 4 * replications) });
  }
  if (best[0] !== undefined) {
    steps.push({
      purpose: 'how to turn on what helps most, and its cost',
      line: `snatrace mitigations ${quoted(best[0])}`,
    });
  }
  if (best.length > 1) {
    steps.push({
      purpose: 'both of the best at once',
      line: `snatrace compare ${quoted(file)} --with ${quoted(best.join('+'))}`,
    });
  }
  if (!contexts.some(({ kind }) => kind === 'load')) {
    steps.push({ purpose: 'how it grows with the load', line: `${again} --load 0.5,2,4` });
  }
  steps.push({ purpose: 'all of it as a page with charts', line: `${again} --report reports` });
  return steps;
}

function withReplications(command: string, replications: number): string {
  const flag = / --replications \d+/;
  const wanted = ` --replications ${replications}`;
  return flag.test(command) ? command.replace(flag, wanted) : `${command}${wanted}`;
}

/** Of each block, the single mitigation that leaves the fewest stalls; the first two that differ. */
function bestOf(blocks: readonly Block[]): string[] {
  const names = blocks.flatMap(({ mitigations }) => {
    const [best] = mitigations
      .filter((variant) => outcome(variant) === 'lower' && variant.cell.applied.length === 1)
      .sort((a, b) => stallRate(a.result).estimate - stallRate(b.result).estimate);
    return best === undefined ? [] : [best.cell.id];
  });
  return [...new Set(names)].slice(0, 2);
}

function outcome({ result }: Variant): string | undefined {
  return stallContrast(result)?.verdict.outcome;
}

/** As a shell reads it. */
function quoted(word: string): string {
  const text = plain(word);
  return /^[\w./:,+@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
