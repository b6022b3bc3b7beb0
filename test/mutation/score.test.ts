import { expect, it } from 'vitest';
import { checkTable } from '../validation/checkTable.ts';
import { readScore, total } from './report.ts';
import { ROOMS } from './rooms.ts';
import { mutationTable, TARGET } from './validationTable.ts';

it.each(ROOMS.map(({ name }) => [name]))(
  'the tests find at least the target share of mutants in %s',
  (name) => {
    const files = readScore().files.filter(({ file }) => file.startsWith(`src/${name}/`));
    expect(total(name, files).score).toBeGreaterThanOrEqual(TARGET);
  },
);

checkTable('mutation score', mutationTable, {
  // Two initial values that nothing reads.
  'src/netfilter/packet.ts': 'differs',
  // A memory that may know less than it could, and chains in which two destinations meet.
  'src/netfilter/portOccupancy.ts': 'differs',
  'src/netfilter/takenRun.ts': 'differs',
  // Two sources in one slot of the index.
  'src/netfilter/sourceIndex.ts': 'differs',
  // Mostly probes, refused sends, and which error is told of two.
  'src/clients/cares.ts': 'differs',
});
