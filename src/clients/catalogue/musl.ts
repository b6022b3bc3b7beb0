import type { FamilyFacts } from './facts.ts';

const NOT_PARSED = 'musl reads ndots, timeout and attempts only';

export const MUSL_FACTS: FamilyFacts = {
  family: 'musl',
  title: 'musl (Alpine Linux)',
  releases: [
    { line: '1.1', from: 0, to: 24 },
    { line: '1.2', from: 0, to: 5 },
  ],
  patchIsIrrelevant: false,
  recordedBuild: '1.2.3',
  knownBy: [
    { since: '1.1.0', evidence: 'from memory' },
    { since: '1.1.13', evidence: 'read in source' },
    { since: '1.2.3', evidence: 'recorded' },
    { since: '1.2.4', evidence: 'read in source' },
  ],
  sending: [
    {
      text: 'A, then AAAA, to every name server at once, from one unconnected UDP socket; a new socket for each name',
      evidence: 'recorded',
    },
    { text: 'resends leave from the same port', evidence: 'recorded' },
    { text: 'the first acceptable answer of any server wins', evidence: 'recorded' },
  ],
  waiting: [
    {
      text: 'unanswered questions are sent again every timeout/attempts (2.5 s); the lookup ends at timeout (5 s)',
      evidence: 'recorded',
    },
    { text: 'nothing is learned: every lookup risks its pair again', evidence: 'recorded' },
    {
      text: 'SERVFAIL is answered by a resend at once, four a round for a pair; REFUSED and ICMP are ignored',
      evidence: 'recorded',
    },
    {
      text: 'search list: goes on after NXDOMAIN alone; NODATA, SERVFAIL and timeouts end the lookup',
      evidence: 'recorded',
    },
    { text: 'the list is never used for a name with ndots dots or more', evidence: 'recorded' },
  ],
  options: [
    {
      word: 'ndots',
      means: 'ndots',
      range: { min: 0, max: 15 },
      since: '1.1.13',
      effect: 'names with fewer dots use the search list, others never; default 1',
      evidence: 'recorded',
    },
    {
      word: 'timeout',
      means: 'timeout',
      range: { min: 0, max: 60 },
      since: '1.1.0',
      effect: 'seconds for a name, all attempts together; default 5',
      evidence: 'recorded',
    },
    {
      word: 'attempts',
      means: 'attempts',
      range: { min: 1, max: 10 },
      since: '1.1.0',
      brokenIn: { from: '1.1.13', to: '1.1.16' },
      effect: 'sends within the timeout, default 2',
      evidence: 'recorded',
    },
  ],
  ignored: [
    { word: 'single-request', why: NOT_PARSED, evidence: 'recorded' },
    { word: 'single-request-reopen', why: NOT_PARSED, evidence: 'recorded' },
    { word: 'use-vc', why: NOT_PARSED, evidence: 'recorded' },
    { word: 'no-aaaa', why: NOT_PARSED, evidence: 'recorded' },
    { word: 'rotate', why: 'all name servers are asked at once', evidence: 'recorded' },
    { word: 'edns0', why: NOT_PARSED, evidence: 'read in source' },
    { word: 'trust-ad', why: NOT_PARSED, evidence: 'read in source' },
  ],
  differences: [
    {
      since: '1.1.13',
      text: 'search list and ndots; before, only the bare name',
      evidence: 'read in source',
    },
    {
      since: '1.1.13',
      text: 'up to 1.1.16 attempts has no effect: the parser looks for its number in the wrong place',
      evidence: 'read in source',
    },
    { since: '1.1.17', text: 'attempts works again', evidence: 'read in source' },
    {
      since: '1.2.1',
      text: 'a family without an answer fails the lookup; before, the other family was returned after the full timeout',
      evidence: 'recorded',
    },
    {
      since: '1.2.4',
      text: 'a truncated answer is asked for again over TCP; before, it counted as an empty one',
      evidence: 'read in source',
    },
    { since: '1.2.4', text: 'EAI_NODATA in place of EAI_NONAME', evidence: 'read in source' },
  ],
  notModelled: [
    '/etc/hosts',
    'with several name servers A and AAAA leave server by server, not A to all and then AAAA to all',
    'before 1.1.13: whether SERVFAIL was resent is not known; modelled as later, timeout up to 60 s as later',
  ],
};
