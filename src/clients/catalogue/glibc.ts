import type { FamilyFacts } from './facts.ts';

export const GLIBC_FACTS: FamilyFacts = {
  family: 'glibc',
  title: 'GNU C library',
  releases: [{ line: '2', from: 10, to: 43 }],
  patchIsIrrelevant: false,
  recordedBuild: '2.36-9+deb12u14',
  knownBy: [
    { since: '2.10', evidence: 'from memory' },
    { since: '2.14', evidence: 'read in source' },
    { since: '2.36', evidence: 'recorded' },
    { since: '2.37', evidence: 'read in source' },
  ],
  sending: [
    {
      text: 'A, then AAAA, back to back from one connected UDP socket; a new socket for each name',
      evidence: 'recorded',
    },
    { text: 'a resend leaves from the same port, so it rides the confirmed entry', evidence: 'recorded' },
    {
      text: 'a truncated answer repeats both questions over one TCP connection to the same server',
      evidence: 'recorded',
    },
  ],
  waiting: [
    {
      text: '5 s per server and round, two rounds; with three servers 5, 3 and 6 s',
      evidence: 'recorded',
    },
    {
      text: 'one answer lost: after the wait A and AAAA are asked again one after the other, and so they are from then on in this thread',
      evidence: 'recorded',
    },
    {
      text: 'an answer lost in that mode: a port of its own for each question, also for good; then one family is enough',
      evidence: 'recorded',
    },
    { text: 'both lost: asked again together, nothing learned; 10 s in all', evidence: 'recorded' },
    { text: 'one family lost again and again: 15 s', evidence: 'recorded' },
    {
      text: 'search list: goes on after NXDOMAIN, NODATA and SERVFAIL; other failures skip to the bare name',
      evidence: 'recorded',
    },
    { text: 'over TCP there is no read timeout: a silent server hangs the call', evidence: 'recorded' },
  ],
  options: [
    {
      word: 'ndots',
      means: 'ndots',
      range: { min: 0, max: 15 },
      since: '2.10',
      effect: 'names with fewer dots try the search list first; default 1',
      evidence: 'recorded',
    },
    {
      word: 'timeout',
      means: 'timeout',
      range: { min: 0, max: 30 },
      since: '2.10',
      effect: 'seconds to wait, default 5; never less than 1',
      evidence: 'recorded',
    },
    {
      word: 'attempts',
      means: 'attempts',
      range: { min: 0, max: 5 },
      since: '2.10',
      effect: 'rounds over the name servers, default 2',
      evidence: 'recorded',
    },
    {
      word: 'single-request',
      means: 'single-request',
      since: '2.10',
      effect: 'AAAA is sent when A is answered, from the same port: one round trip more, no pair',
      evidence: 'recorded',
    },
    {
      word: 'single-request-reopen',
      means: 'single-request-reopen',
      since: '2.11',
      effect: 'as single-request, and AAAA always leaves from a port of its own',
      evidence: 'recorded',
    },
    {
      word: 'use-vc',
      means: 'use-vc',
      since: '2.14',
      effect: 'TCP only, one connection for each name, each server asked once',
      evidence: 'recorded',
    },
    {
      word: 'no-aaaa',
      means: 'no-aaaa',
      since: '2.36',
      effect: 'getaddrinfo asks for A alone',
      evidence: 'recorded',
    },
    {
      word: 'rotate',
      means: 'rotate',
      since: '2.10',
      effect: 'starts at a random server, then at the next one for each name',
      evidence: 'recorded',
    },
    {
      word: 'no-reload',
      means: 'no-reload',
      since: '2.26',
      effect: 'a rewritten resolv.conf is not noticed',
      evidence: 'from memory',
    },
    {
      word: 'edns0',
      means: 'nothing',
      since: '2.10',
      effect: 'adds an OPT record to queries',
      evidence: 'read in source',
    },
    {
      word: 'trust-ad',
      means: 'nothing',
      since: '2.31',
      effect: 'keeps the AD bit of answers',
      evidence: 'from memory',
    },
    ...['debug', 'inet6', 'insecure1', 'insecure2', 'no-check-names', 'no-tld-query'].map(
      (word) =>
        ({
          word,
          means: 'nothing',
          since: '2.10',
          effect: 'no effect here',
          evidence: 'from memory',
        }) as const,
    ),
  ],
  ignored: [
    {
      word: 'strict-error',
      why: 'since 2.41 an error for one family fails the lookup; not modelled',
      evidence: 'read in source',
    },
  ],
  differences: [
    {
      since: '2.11',
      text: 'the third step of the learning ladder: a port of its own for each question',
      evidence: 'from memory',
    },
    { since: '2.14', text: 'use-vc', evidence: 'read in source' },
    {
      since: '2.16',
      text: 'the pair leaves in one sendmmsg; if the kernel refuses AAAA alone, it is sent again at once',
      evidence: 'read in source',
    },
    {
      since: '2.26',
      text: 'a rewritten resolv.conf is noticed, which also forgets what was learned (measured in 2.36); a search list may have more than 6 elements',
      evidence: 'from memory',
    },
    { since: '2.36', text: 'no-aaaa', evidence: 'recorded' },
    {
      since: '2.36',
      text: 'Debian 2.36-9+deb12u14 has the fix of bug 30081, so this version stands for that build',
      evidence: 'recorded',
    },
    {
      since: '2.41',
      text: 'bug 30081 fixed: before, SERVFAIL or REFUSED to A in serial mode was followed by a wait for an answer that nobody had asked for',
      evidence: 'read in source',
    },
  ],
  notModelled: [
    'the alias file of HOSTALIASES, /etc/hosts and nscd',
    'strict-error (2.41)',
    'referrals: an empty answer without recursion available makes glibc ask the next server',
    'the rotation of servers is counted for each thread, not for the process',
  ],
};
