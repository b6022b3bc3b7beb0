/** The faults of the recordings, by the names that `resolver-traces.md` gives them in its section 0. */

import { A, AAAA } from '../../../src/clients/resolver.ts';
import { MILLISECOND, SECOND } from '../../../src/engine/time.ts';
import {
  type AnswerCode,
  NODATA,
  NOERROR,
  NXDOMAIN,
  REFUSED,
  SERVFAIL,
  TRUNCATED,
} from '../../../src/network/dnsAnswers.ts';
import type { Fate, Query, Script } from './scriptedHost.ts';

const LATENCY = 20 * MILLISECOND;

export const LOST: Fate = { kind: 'lost' };
export const UNREACHABLE: Fate = { kind: 'unreachable' };

export function answer(code: AnswerCode = NOERROR, extraNs = 0): Fate {
  return { kind: 'answer', code, afterNs: LATENCY + extraNs };
}

const isA = ({ question }: Query) => question === A;
const isAaaa = ({ question }: Query) => question === AAAA;
const any = () => true;

/** Answers, but where `hits` does: then what is given. */
function unless(hits: (query: Query) => boolean, fate: Fate): Script {
  return (query) => (hits(query) ? fate : answer());
}

const first =
  (hits: (query: Query) => boolean, times: number) =>
  (query: Query): boolean =>
    hits(query) && query.earlier < times;

const FAULTS: Readonly<Record<string, Script>> = {
  ok: () => answer(),
  da1: unless(first(isA, 1), LOST),
  dq1: unless(first(isAaaa, 1), LOST),
  db1: unless(first(any, 1), LOST),
  da2: unless(first(isA, 2), LOST),
  dq2: unless(first(isAaaa, 2), LOST),
  dax: unless(isA, LOST),
  dqx: unless(isAaaa, LOST),
  dall: () => LOST,
  sfa: unless(isA, answer(SERVFAIL)),
  sfq: unless(isAaaa, answer(SERVFAIL)),
  sfb: () => answer(SERVFAIL),
  sf1: unless(first(isA, 1), answer(SERVFAIL)),
  rfa: unless(isA, answer(REFUSED)),
  rfq: unless(isAaaa, answer(REFUSED)),
  rfb: () => answer(REFUSED),
  nx: () => answer(NXDOMAIN),
  nda: unless(isA, answer(NODATA)),
  ndq: unless(isAaaa, answer(NODATA)),
  ndb: () => answer(NODATA),
  dlq: unless(isAaaa, answer(NOERROR, 200 * MILLISECOND)),
  dla: unless(isA, answer(NOERROR, 200 * MILLISECOND)),
  dl3: () => answer(NOERROR, 3 * SECOND),
  dl6: () => answer(NOERROR, 6 * SECOND),
  tca: (query) => (isA(query) && !query.overTcp ? answer(TRUNCATED) : answer()),
  tcb: (query) => (query.overTcp ? answer() : answer(TRUNCATED)),
  // Names: the bare one exists, those of the search list do not, and on top of that ...
  srok: existing(0),
  srd1: (query) => (first(isA, 1)(query) ? LOST : existing(0)(query)),
  srq1: (query) => (first(isAaaa, 1)(query) ? LOST : existing(0)(query)),
  srdl: (query) =>
    isA(query) && query.candidate === 0 && query.earlierForName === 0 ? LOST : existing(0)(query),
  srdall: () => LOST,
  srdf: (query) => (query.candidate === 1 ? LOST : existing(0)(query)),
  srnd: (query) => (query.candidate === 1 ? answer(NODATA) : existing(0)(query)),
  srsf: (query) => (query.candidate === 1 ? answer(SERVFAIL) : existing(0)(query)),
  srrf: (query) => (query.candidate === 1 ? answer(REFUSED) : existing(0)(query)),
  srhit: existing(2),
};

export function fault(name: string): Script {
  const script = FAULTS[name];
  if (script === undefined) throw new Error(`no fault is called ${name}`);
  return script;
}

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** One candidate exists; all others are NXDOMAIN. */
export function existing(candidate: number): Script {
  return (query) => answer(query.candidate === candidate ? NOERROR : NXDOMAIN);
}

/** Two name servers: what the first does, and what both do otherwise. */
export function firstServer(does: Fate): Script {
  return ({ server }) => (server === 0 ? does : answer());
}
