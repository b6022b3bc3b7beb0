import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/cli/failure.ts';
import { program } from '../../src/cli/program.ts';
import { everyVerdict } from './comparisons.ts';
import { endpointsByRate } from './sweeps.ts';

function folderWith(documents: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'snatrace-report-'));
  for (const [name, document] of Object.entries(documents)) {
    writeFileSync(join(folder, name), JSON.stringify(document));
  }
  return folder;
}

describe('snatrace report', () => {
  it('makes a page of each document, beside it, and leaves the documents alone', async () => {
    const folder = folderWith({ 'a.json': everyVerdict(), 'b.json': endpointsByRate() });
    const before = readFileSync(join(folder, 'a.json'), 'utf8');
    expect(await program(['report', join(folder, 'a.json'), join(folder, 'b.json')])).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(
      ['a', 'b'].flatMap((name) => ['html', 'json', 'md', 'svg', 'vl.json'].map((end) => `${name}.${end}`)),
    );
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe(before);
    expect(readFileSync(join(folder, 'b.html'), 'utf8')).toContain('How many endpoints are too many?');
  });

  it('writes to the folder that is asked for', async () => {
    const folder = folderWith({ 'a.json': everyVerdict() });
    await program(['report', join(folder, 'a.json'), '--out', join(folder, 'pages', 'new')]);
    expect(existsSync(join(folder, 'pages', 'new', 'a.html'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.json', 'pages']);
  });

  it('writes nothing if one of the documents is none', async () => {
    const folder = folderWith({
      'a.json': everyVerdict(),
      'b.json': { kind: 'comparison', schemaVersion: 2 },
    });
    const made = program(['report', join(folder, 'a.json'), join(folder, 'b.json')]);
    await expect(made).rejects.toThrow(/b\.json: schemaVersion: 2 is newer than 1/);
    expect(readdirSync(folder)).toEqual(['a.json', 'b.json']);
  });

  it('refuses two documents that would make the same files', async () => {
    const [one, other] = [folderWith({ 'a.json': everyVerdict() }), folderWith({ 'a.json': everyVerdict() })];
    const paths = [join(one, 'a.json'), join(other, 'a.json')];
    await expect(program(['report', ...paths, '--out', one])).rejects.toThrow(/same files \(a\.html\)/);
  });

  it.each([
    ['no such file', 'no-such.json'],
    ['is a directory', '.'],
  ])('says that %s', async (words, path) => {
    const folder = folderWith({});
    const made = program(['report', join(folder, path)]);
    await expect(made).rejects.toThrow(words);
    await expect(made).rejects.toBeInstanceOf(Failure);
  });
});
