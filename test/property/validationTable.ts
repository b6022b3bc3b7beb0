/** All properties, and the table of what their checks found. A check is made once in a test file. */
import type { ValidationTable } from '../validation/table.ts';
import { COUNTERS } from './counters.ts';
import { MITIGATION_PROPERTIES } from './mitigations.ts';
import { MONOTONE } from './monotone.ts';
import { NEUTRAL } from './neutral.ts';
import { NEVER_RACES } from './neverRaces.ts';
import { PODS } from './pods.ts';
import { PORTS } from './ports.ts';
import { type Found, type Property, SEED } from './property.ts';
import { REPRODUCIBLE } from './reproducible.ts';

export const PROPERTIES: readonly Property[] = [
  ...NEVER_RACES,
  ...NEUTRAL,
  ...PODS,
  ...MITIGATION_PROPERTIES,
  ...PORTS,
  ...COUNTERS,
  ...MONOTONE,
  ...REPRODUCIBLE,
];

const checked = new Map<string, Found>();

export function foundOf(property: Property): Found {
  const found = checked.get(property.id) ?? property.check();
  checked.set(property.id, found);
  return found;
}

/** A property that failed, or was not at stake often enough, does not agree. */
export function propertyTable(): ValidationTable {
  return {
    id: 'properties',
    title: 'Properties over random scenarios',
    source: 'arguments in `test/property/`; no recording',
    about:
      'Each property was checked on scenarios of every kind: all kernel generations, proxies, NAT flags, ' +
      `ranges, resolvers, dispatches, zones, caches. Seed ${SEED}. A run at stake could have told otherwise.`,
    columns: ['failures expected', 'found'],
    rows: PROPERTIES.map((property) => {
      const { runs, atStake, failure } = foundOf(property);
      const tested = atStake >= property.leastAtStake;
      const failures = failure === null ? 'none' : 'one or more';
      return {
        what: property.says,
        expected: 'none',
        simulated: `${failures} in ${runs} runs, of which at stake: ${atStake}`,
        tolerance: property.falseAlarm,
        verdict: failure === null && tested ? 'agrees' : 'differs',
        note: `At stake: ${property.atStakeWhen}.`,
      };
    }),
  };
}
