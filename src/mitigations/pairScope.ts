/**
 * Scopes of what changes the way of a pair through the node: how many of its pairs are lost hangs on what the kernel
 * does with a clash, on how many backends there are, and on how long the first packet is on its way, which NAT
 * lengthens.
 */

import type { Scenario } from '../scenario/scenario.ts';
import { overlappingDiffer, overlappingLost } from './conditions.ts';
import { type Application, type DependingScope, depends, when } from './mitigation.ts';

type Apply = (scenario: Scenario) => Application;

/** Of pairs with one backend; `text` says why. */
export function sameBackendScope(text: string, apply: Apply): DependingScope {
  return scopeOf(text, apply, overlappingLost);
}

/** Of pairs with two backends. */
export function otherBackendScope(text: string, apply: Apply): DependingScope {
  return scopeOf(text, apply, overlappingDiffer);
}

function scopeOf(text: string, apply: Apply, lost: (scenario: Scenario) => number): DependingScope {
  const ratio = (scenario: Scenario): number => {
    const before = lost(scenario);
    return before === 0 ? 1 : lost(apply(scenario).scenario) / before;
  };
  return depends(
    text,
    [
      when('none is lost after it', (scenario) => ratio(scenario) <= 0.05, 'removes'),
      when(
        'fewer overlap after it, or fewer of those are lost',
        (scenario) => ratio(scenario) < 0.9,
        'reduces',
      ),
      when(
        'more overlap after it, or more of those are lost',
        (scenario) => ratio(scenario) > 1.1,
        'worsens',
      ),
    ],
    'leaves alone',
  );
}
