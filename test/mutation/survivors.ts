/** A reporter that prints each mutant that no test found, as soon as that is known. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { MutantResult } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import type { Reporter } from '@stryker-mutator/api/report';

class SurvivorsReporter implements Reporter {
  onMutantTested({
    fileName,
    location,
    status,
    static: isStatic,
    replacement,
  }: Readonly<MutantResult>): void {
    if (status !== 'Survived' && status !== 'NoCoverage') return;
    const { line, column } = location.start;
    const what = `${status}${isStatic ? ', static' : ''}`;
    console.log(`${relative(process.cwd(), fileName)}:${line}:${column} ${what}`);
    console.log(`  - ${sourceOf(fileName, location)}\n  + ${replacement}`);
  }
}

function sourceOf(file: string, { start, end }: MutantResult['location']): string {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line);
  lines.push((lines.pop() ?? '').slice(0, end.column - 1));
  return [(lines.shift() ?? '').slice(start.column - 1), ...lines].map((line) => line.trim()).join(' ');
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'survivors', SurvivorsReporter)];
