/**
 * Which names glibc asks for, one after the other, and what makes it go on to the next: the search list read
 * backwards, from the first name on the wire to the name that the application gave.
 *
 * Rules: resolvers-mitigations.md A.2 and resolver-traces.md section 1 (`srok`, `srnd`, `srsf`, `srrf`, `srdf`).
 */
import type { ResolvConf } from './resolvConf.ts';

export interface SearchWalk {
  /** As the application gave it; with a trailing dot if only that explains that the list is not used. */
  readonly given: string;
  /** Absolute names in the order in which they are tried. */
  readonly names: readonly string[];
  /** Where in `names` the name as given stands: last, or first if it has `ndots` dots. */
  readonly bareIndex: number;
}

/** How asking for one name ended: `silent` when an answer is missing, `refused` when no server would say. */
export type NameOutcome = 'found' | 'absent' | 'refused' | 'silent';

/** The walk whose first name on the wire is `firstName`; assumes that its beginning was recorded. */
export function walkFrom(firstName: string, resolvConf: ResolvConf): SearchWalk {
  const { search, ndots } = resolvConf;
  const [firstElement] = search;
  if (firstElement !== undefined && firstName.endsWith(`.${firstElement}`)) {
    const bare = firstName.slice(0, -(firstElement.length + 1));
    if (dotsIn(bare) < ndots) {
      return {
        given: bare,
        names: [...search.map((element) => `${bare}.${element}`), bare],
        bareIndex: search.length,
      };
    }
  }
  if (dotsIn(firstName) >= ndots) {
    const expanded = search.map((element) => `${firstName}.${element}`);
    return { given: firstName, names: [firstName, ...expanded], bareIndex: 0 };
  }
  return { given: search.length === 0 ? firstName : `${firstName}.`, names: [firstName], bareIndex: 0 };
}

/** Index of the name that follows the one at `index`, or null if the lookup ends there. */
export function nextInWalk(walk: SearchWalk, index: number, outcome: NameOutcome): number | null {
  if (outcome === 'found') return null;
  // A refusal or a timeout ends the list, not the lookup: the name as given still gets its turn.
  const endsList = outcome !== 'absent' && index !== walk.bareIndex;
  if (endsList) return index < walk.bareIndex ? walk.bareIndex : null;
  return index + 1 < walk.names.length ? index + 1 : null;
}

function dotsIn(name: string): number {
  return name.split('.').length - 1;
}
