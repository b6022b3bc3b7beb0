/** glibc's search by its own rules (resolv/res_query.c): what follows a name that failed, and what is returned. */
import { describe, expect, it } from 'vitest';
import {
  BARE_ONLY,
  BARE_THEN_LIST,
  type CandidateOrder,
  LIST_THEN_BARE,
  NO_CANDIDATE,
} from '../../src/clients/candidates.ts';
import {
  GlibcSearch,
  type NameFailure,
  NO_DATA,
  NOBODY_THERE,
  NOT_FOUND,
  SERVER_FAILED,
  TRY_AGAIN,
} from '../../src/clients/glibcSearch.ts';

/** The names that a search over a list of two asks for when they fail so, one after the other, and its result. */
function searched(order: CandidateOrder, failures: readonly NameFailure[], search = new GlibcSearch()) {
  const asked: number[] = [];
  let candidate = search.begin(order, 2);
  for (const failure of failures) {
    if (candidate === NO_CANDIDATE) throw new Error('the search is over before the test is');
    asked.push(candidate);
    candidate = search.after(candidate, failure);
  }
  return { asked, isOver: candidate === NO_CANDIDATE, error: search.error };
}

describe('a name with few dots: the list, then the bare name', () => {
  const order = LIST_THEN_BARE;

  it('goes on after NXDOMAIN, no data and SERVFAIL', () => {
    for (const failure of [NOT_FOUND, NO_DATA, SERVER_FAILED] as const) {
      expect(searched(order, [failure, failure, failure])).toMatchObject({ asked: [1, 2, 0], isOver: true });
    }
  });

  it('does not exist if no name does', () => {
    expect(searched(order, [NOT_FOUND, NOT_FOUND, NOT_FOUND]).error).toBe('noname');
  });

  it('has no data if some element of the list had none, whatever else', () => {
    expect(searched(order, [NO_DATA, NOT_FOUND, NOT_FOUND]).error).toBe('nodata');
    expect(searched(order, [NOT_FOUND, NO_DATA, NOT_FOUND]).error).toBe('nodata');
    expect(searched(order, [SERVER_FAILED, NO_DATA, NOT_FOUND]).error).toBe('nodata');
    expect(searched(order, [NO_DATA, SERVER_FAILED, NOT_FOUND]).error).toBe('nodata');
  });

  it('may be tried again if a server failed on an element of the list', () => {
    expect(searched(order, [SERVER_FAILED, NOT_FOUND, NOT_FOUND]).error).toBe('again');
    expect(searched(order, [NOT_FOUND, SERVER_FAILED, NOT_FOUND]).error).toBe('again');
  });

  it('fails as the bare name does if the list said nothing', () => {
    expect(searched(order, [NOT_FOUND, NOT_FOUND, NO_DATA]).error).toBe('nodata');
    expect(searched(order, [NOT_FOUND, NOT_FOUND, TRY_AGAIN]).error).toBe('again');
    expect(searched(order, [NOT_FOUND, NOT_FOUND, NOBODY_THERE]).error).toBe('again');
  });

  it('skips what is left of the list after a timeout', () => {
    expect(searched(order, [TRY_AGAIN, NOT_FOUND])).toEqual({ asked: [1, 0], isOver: true, error: 'noname' });
    expect(searched(order, [TRY_AGAIN, TRY_AGAIN])).toMatchObject({ isOver: true, error: 'again' });
  });

  it('ends at once if nobody is there, and what earlier names gave no longer counts', () => {
    expect(searched(order, [NOBODY_THERE])).toEqual({ asked: [1], isOver: true, error: 'again' });
    expect(searched(order, [NO_DATA, NOBODY_THERE])).toEqual({ asked: [1, 2], isOver: true, error: 'again' });
  });
});

describe('a name with enough dots: the bare name, then the list', () => {
  const order = BARE_THEN_LIST;

  it('fails as the bare name did, whatever the list says', () => {
    const errors = ([NOT_FOUND, NO_DATA, TRY_AGAIN, SERVER_FAILED] as const).map(
      (bare) => searched(order, [bare, NO_DATA, NOT_FOUND]).error,
    );
    expect(errors).toEqual(['noname', 'nodata', 'again', 'again']);
    expect(searched(order, [NOT_FOUND, NOT_FOUND, NOT_FOUND]).asked).toEqual([0, 1, 2]);
  });

  it('is not asked for again after a timeout in the list: the search is over', () => {
    expect(searched(order, [NO_DATA, TRY_AGAIN])).toEqual({ asked: [0, 1], isOver: true, error: 'nodata' });
  });
});

describe('a search', () => {
  it('of the bare name alone fails as that does', () => {
    const errors = ([NOT_FOUND, NO_DATA, TRY_AGAIN, SERVER_FAILED, NOBODY_THERE] as const).map((failure) => {
      const { asked, isOver, error } = searched(BARE_ONLY, [failure]);
      expect({ asked, isOver }).toEqual({ asked: [0], isOver: true });
      return error;
    });
    expect(errors).toEqual(['noname', 'nodata', 'again', 'again', 'again']);
  });

  it('knows nothing of the one before', () => {
    for (const before of [NO_DATA, SERVER_FAILED, TRY_AGAIN] as const) {
      const search = new GlibcSearch();
      searched(LIST_THEN_BARE, [before, NO_DATA], search);
      searched(BARE_THEN_LIST, [before, before], search);
      expect(searched(LIST_THEN_BARE, [NOT_FOUND, NOT_FOUND, NOT_FOUND], search).error).toBe('noname');
    }
  });
});
