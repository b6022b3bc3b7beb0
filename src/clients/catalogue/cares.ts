import type { FamilyFacts } from './facts.ts';

export const CARES_FACTS: FamilyFacts = {
  family: 'c-ares',
  title: "c-ares as Node's resolve4 and resolve6 use it",
  // 1.34 stands for 1.34.6, the build recorded first.
  releases: [
    { line: '1', from: 21, to: 34 },
    { line: '1.34', from: 0, to: 8 },
  ],
  patchIsIrrelevant: true,
  recordedBuild: '1.34.6 in Node 20.20.2; 1.34.4 in 20.19.0, 1.34.8 in 26.10.0',
  knownBy: [
    { since: '1.21', evidence: 'from memory' },
    { since: '1.32', evidence: 'read in source' },
    { since: '1.34', evidence: 'recorded' },
  ],
  sending: [
    { text: 'A, then AAAA, from one UDP socket to the preferred server', evidence: 'recorded' },
    {
      text: 'lookups that overlap share the socket; it is closed when no question is open, so lookups one after the other do not',
      evidence: 'recorded',
    },
    {
      text: '1.34.6: while a server has unanswered failures each question to it gets a socket of its own: resends leave from new ports',
      evidence: 'recorded',
    },
    {
      text: 'one first send in ten is copied to another server whose last failure is 5 s ago or more, as a probe: once that is answered the server is asked again',
      evidence: 'recorded',
    },
    { text: 'truncated answers: A and AAAA share one TCP connection to the server', evidence: 'recorded' },
  ],
  waiting: [
    {
      text: 'four sends of each question per name server: 2 s, then up to doubled with every round over the servers and shortened at random by up to a half',
      evidence: 'recorded',
    },
    {
      text: 'Node looks for timeouts once a second, counted from the last answer, and at every answer: waits end on these ticks (2.0 s become 3.0 s when both are lost in the first lookup of a process)',
      evidence: 'recorded',
    },
    {
      text: 'from the third answer of a server on the first wait is five times its mean latency, 0.25 to 5 s; with the tick 1.0 s',
      evidence: 'recorded',
    },
    { text: 'SERVFAIL and REFUSED are returned at once, without another server', evidence: 'recorded' },
    { text: 'a timeout makes the server the last choice until it answers', evidence: 'recorded' },
    { text: 'resolve4 and resolve6 use neither search list nor ndots', evidence: 'recorded' },
  ],
  options: [
    {
      word: 'timeout',
      means: 'timeout',
      range: { min: 1, max: 1_000_000 },
      since: '1.21',
      effect: 'seconds of the first wait, default 2, at most 5',
      evidence: 'recorded',
    },
    {
      word: 'retrans',
      means: 'timeout',
      range: { min: 1, max: 1_000_000 },
      since: '1.21',
      effect: 'the same as timeout',
      evidence: 'read in source',
    },
    {
      word: 'rotate',
      means: 'rotate',
      since: '1.21',
      effect: 'each question goes to a random one of the servers with the fewest failures',
      evidence: 'recorded',
    },
    ...['use-vc', 'usevc'].map(
      (word) =>
        ({
          word,
          means: 'use-vc',
          since: '1.21',
          effect: 'TCP only, one connection for A and AAAA while they are open',
          evidence: word === 'use-vc' ? 'recorded' : 'read in source',
        }) as const,
    ),
    { word: 'edns0', means: 'nothing', since: '1.21', effect: 'no effect', evidence: 'from memory' },
  ],
  ignored: [
    { word: 'ndots', why: 'resolve4 and resolve6 ask for the name as given', evidence: 'recorded' },
    { word: 'attempts', why: 'Node asks for four tries whatever the file says', evidence: 'recorded' },
    { word: 'retry', why: 'Node asks for four tries whatever the file says', evidence: 'read in source' },
    { word: 'single-request', why: 'c-ares does not know the word', evidence: 'recorded' },
    { word: 'single-request-reopen', why: 'c-ares does not know the word', evidence: 'read in source' },
    { word: 'no-aaaa', why: 'c-ares does not know the word', evidence: 'read in source' },
  ],
  differences: [
    {
      since: '1.32',
      text: 'waits learn from the latencies seen so far; before, every first wait is the configured one',
      evidence: 'read in source',
    },
    { since: '1.34', text: 'servers that failed are probed', evidence: 'recorded' },
    {
      since: '1.34.6',
      text: 'resends leave from new ports; before, from the port of the first send if it is to the same server and the socket is open',
      evidence: 'recorded',
    },
    {
      since: '1.34.7',
      text: 'A and AAAA sent again together share one new port; of servers that failed as often the one that failed longest ago is next; probes go on after one is lost',
      evidence: 'recorded',
    },
  ],
  notModelled: [
    'c-ares outside Node (ares_getaddrinfo has a search list and retries SERVFAIL), and Node before 20',
    'the mean latency is that of the whole run, not of the last minute, quarter of an hour, hour or day',
    'overlapping lookups share UDP sockets, but each has TCP connections of its own',
    'before 1.34 one query in ten goes itself to a server that failed (1.29 to 1.33), or none does',
    'a rewritten resolv.conf is not noticed: Node reads it when the process starts',
  ],
};
