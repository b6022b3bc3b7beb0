import type { FamilyFacts } from './facts.ts';

export const GO_FACTS: FamilyFacts = {
  family: 'go',
  title: 'Go, pure resolver (netdns=go)',
  releases: [{ line: '1', from: 5, to: 26 }],
  patchIsIrrelevant: true,
  recordedBuild: '1.19.8',
  knownBy: [
    { since: '1.5', evidence: 'from memory' },
    { since: '1.13', evidence: 'read in source' },
    { since: '1.19', evidence: 'recorded' },
    { since: '1.20', evidence: 'read in source' },
  ],
  sending: [
    {
      text: 'a connected UDP socket for each question and each try, in parallel: no pair shares a port',
      evidence: 'recorded',
    },
    { text: 'AAAA leaves first in about two lookups of three', evidence: 'recorded' },
    { text: 'a resend leaves from a new port, so it is a new entry and a new backend', evidence: 'recorded' },
    { text: 'a truncated answer is asked for again over a TCP connection of its own', evidence: 'recorded' },
  ],
  waiting: [
    {
      text: '5 s a try, two rounds over the name servers, for each question on its own',
      evidence: 'recorded',
    },
    { text: 'one family is enough, but the call waits for both', evidence: 'recorded' },
    { text: 'SERVFAIL, REFUSED and ICMP: the next try at once', evidence: 'recorded' },
    { text: 'search list: goes on after every failure, timeouts too', evidence: 'recorded' },
    { text: 'nothing is learned', evidence: 'recorded' },
  ],
  options: [
    {
      word: 'ndots',
      means: 'ndots',
      range: { min: 0, max: 15 },
      since: '1.5',
      effect: 'names with fewer dots try the search list first; default 1',
      evidence: 'recorded',
    },
    {
      word: 'timeout',
      means: 'timeout',
      range: { min: 1, max: 1_000_000 },
      since: '1.5',
      effect: 'seconds for each try, default 5',
      evidence: 'recorded',
    },
    {
      word: 'attempts',
      means: 'attempts',
      range: { min: 1, max: 1_000_000 },
      since: '1.5',
      effect: 'rounds over the name servers, default 2',
      evidence: 'recorded',
    },
    {
      word: 'rotate',
      means: 'rotate',
      since: '1.5',
      effect: 'every question starts at the next server, so A and AAAA go to different ones',
      evidence: 'recorded',
    },
    {
      word: 'single-request',
      means: 'single-request',
      since: '1.13',
      effect: 'AAAA is asked when A is done with',
      evidence: 'recorded',
    },
    {
      word: 'single-request-reopen',
      means: 'single-request',
      since: '1.13',
      effect: 'the same as single-request',
      evidence: 'recorded',
    },
    ...['use-vc', 'usevc', 'tcp'].map(
      (word) =>
        ({
          word,
          means: 'use-vc',
          since: '1.13',
          effect: 'TCP only, a connection for each question and try',
          evidence: word === 'use-vc' ? 'recorded' : 'read in source',
        }) as const,
    ),
    {
      word: 'edns0',
      means: 'nothing',
      since: '1.5',
      effect: 'no effect: queries carry an OPT record since 1.19 anyway',
      evidence: 'from memory',
    },
    {
      word: 'trust-ad',
      means: 'nothing',
      since: '1.20',
      effect: 'sets the AD bit of queries',
      evidence: 'from memory',
    },
  ],
  ignored: [{ word: 'no-aaaa', why: 'Go does not know the word', evidence: 'read in source' }],
  differences: [
    {
      since: '1.13',
      text: 'single-request, single-request-reopen and use-vc; before, unknown words made builds with cgo use the C library',
      evidence: 'read in source',
    },
    { since: '1.19', text: 'queries carry an OPT record', evidence: 'from memory' },
  ],
  notModelled: [
    'builds with cgo that use the C library: take glibc or musl for them',
    'a rewritten resolv.conf is noticed at the next lookup, not within 5 s',
    'referrals: an empty answer without recursion available makes Go ask the next server',
  ],
};
