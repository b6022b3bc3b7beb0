/** The properties, each checked once; see the modules beside for what they say and why they hold. */
import { describe, expect, it } from 'vitest';
import { checkTable } from '../validation/checkTable.ts';
import type { Property } from './property.ts';
import { foundOf, PROPERTIES, propertyTable } from './validationTable.ts';

const rows = PROPERTIES.map((property): [string, Property] => [property.id, property]);

describe.each(rows)('%s', (_, property) => {
  it(`holds: ${property.says}`, { timeout: 300_000 }, () => {
    expect(foundOf(property).failure).toBeNull();
  });

  it('was put to the test', () => {
    const { atStake, runs } = foundOf(property);
    expect(atStake, `runs at stake, of ${runs}: ${property.atStakeWhen}`).toBeGreaterThanOrEqual(
      property.leastAtStake,
    );
  });
});

checkTable('the table of properties', propertyTable);
