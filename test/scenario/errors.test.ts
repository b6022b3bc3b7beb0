/** The words of every error: what a person reads whose file is wrong, reviewed as text. */
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/scenario/defaults.ts';
import { SCENARIO_ERROR_CODES } from '../../src/scenario/problems.ts';
import { errorLines, errorsOf, invalid, MINIMAL } from './files.ts';

/** `MINIMAL` with other DNS traffic, in line 4. */
const lookingUp = (dns: string) => MINIMAL.replace('{ rate: 5/s, names: [api.example.com] }', dns);
/** `MINIMAL` and more of its group, from line 5. */
const pod = (keys: string) => `${MINIMAL}    ${keys}\n`;
/** `MINIMAL` and more keys, from line 5. */
const top = (keys: string) => `${MINIMAL}${keys}\n`;

type Case = readonly [behaviour: string, text: string, ...lines: string[]];

const YAML: readonly Case[] = [
  [
    'nothing at all',
    '# nothing\n',
    'empty-file 1:1: the file is empty (a scenario needs at least `kernel` and `pods`)',
  ],
  [
    'a list at the top',
    '# pods:\n- name: php\n',
    'not-a-mapping 2:1: expected keys such as kernel and pods at the top, found a list (write `kernel: "4.14.96"` and `pods:` at the top level)',
  ],
  [
    'a text at the top',
    'hello',
    'not-a-mapping 1:1: expected keys such as kernel and pods at the top, found the text "hello" (write `kernel: "4.14.96"` and `pods:` at the top level)',
  ],
  [
    'a tab as indentation',
    'kernel: "4.14.96"\npods:\n\t- name: php\n',
    'yaml-syntax 3:1: not valid YAML: Tabs are not allowed as indentation (indent with blanks)',
  ],
  [
    'two documents',
    `${MINIMAL}---\na: 1\n`,
    'yaml-syntax 5:1: not valid YAML: Source contains multiple documents; please use YAML.parseAllDocuments() (one scenario a file: remove the `---`)',
  ],
  [
    'a key twice',
    top('duration: 5s\nduration: 6s'),
    'duplicate-key 6:1: "duration" stands here for the second time; the first is in line 5 (remove one of them)',
  ],
  ['a prototype', top('node: { __proto__: { cpus: 2 } }'), 'bad-key 5:9: "__proto__" cannot be a key'],
  ['a number as a key', top('5: x'), 'bad-key 5:1: 5 cannot be a key'],
  ['a list as a key', top('? [a]\n: x'), 'bad-key 5:3: "a list, mapping or alias" cannot be a key'],
  [
    'a tag',
    top('duration: !!js/function x'),
    'unsupported-yaml 5:25: tags are not supported: "tag:yaml.org,2002:js/function" (remove the tag)',
  ],
  [
    'an alias inside its own anchor',
    top('seed: &a [*a]'),
    'unsupported-yaml 5:11: the alias "a" stands inside its own anchor',
  ],
  ['YAML 1.1', `%YAML 1.1\n---\n${MINIMAL}`, 'unsupported-yaml 1:1: only YAML 1.2 is supported, not "1.1"'],
  [
    'a merge key',
    top('node: { <<: { cpus: 2 } }'),
    'unknown-key 5:9: node."<<": unknown key "<<" (merge keys are not supported: repeat the keys)',
  ],
];

const KEYS: readonly Case[] = [
  [
    'a misspelt key',
    top('nat: { masqerade: none }'),
    'unknown-key 5:8: nat.masqerade: unknown key "masqerade" (did you mean `masquerade`?)',
  ],
  [
    'a key in the wrong place',
    top('masquerade: none'),
    'unknown-key 5:1: masquerade: unknown key "masquerade" (`masquerade` belongs under `nat`)',
  ],
  [
    'a key that is nowhere',
    top('services: { dns: { colour: red } }'),
    'unknown-key 5:20: services.dns.colour: unknown key "colour" (known here: `proxy`, `scheduler`, `choice`, `endpoints`, `endpointsOn`)',
  ],
  [
    'a misspelt kind of distribution',
    top('links: { cluster: { exponental: 5us } }'),
    'unknown-key 5:21: links.cluster.exponental: unknown key "exponental" (did you mean `exponential`?)',
  ],
  [
    'no kernel',
    MINIMAL.replace(/kernel.*\n/, ''),
    'missing-key 1:1: `kernel` is missing (expected a kernel version as `uname -r` prints it, such as "4.14.96")',
  ],
  [
    'bursts without a size',
    lookingUp('{ arrivals: { bursts: 5/s }, names: [a.b] }'),
    'missing-key 4:22: pods[0].dns.arrivals: `size` is missing',
  ],
  [
    'lookups without names',
    lookingUp('{ rate: 5/s }'),
    'missing-key 4:10: pods[0].dns: `names` is missing (names: [api.example.com])',
  ],
  [
    'connections without destinations',
    pod('tcp: { rate: 5/s }'),
    'missing-key 5:10: pods[0].tcp: `to` is missing (to: ["203.0.113.10:443"])',
  ],
  [
    'no rate',
    lookingUp('{ names: [a.b] }'),
    'missing-key 4:10: pods[0].dns: `rate` is missing (rate: 5/s, or arrivals: { periodic: 5/s })',
  ],
  [
    'a key without a value',
    top('duration:'),
    'wrong-type 5:1: duration: the key has no value (give it one, or remove the key)',
  ],
];

const UNITS: readonly Case[] = [
  [
    'a duration without a unit',
    top('duration: 5'),
    'missing-unit 5:11: duration: 5 has no unit; expected a duration with its unit, such as 5s, 20us or 1.5ms (give a unit, e.g. 5s)',
  ],
  [
    'a duration with other units',
    top('duration: 1h30m'),
    'wrong-value 5:11: duration: "1h30m" is not valid here; expected a duration with its unit, such as 5s, 20us or 1.5ms (write 90m)',
  ],
  [
    'a duration in words',
    top('duration: 5 seconds'),
    'wrong-value 5:11: duration: "5 seconds" is not valid here; expected a duration with its unit, such as 5s, 20us or 1.5ms (write 5s)',
  ],
  [
    'a negative duration',
    top('duration: -5s'),
    'out-of-range 5:11: duration: "-5s" is negative; expected a duration with its unit, such as 5s, 20us or 1.5ms',
  ],
  [
    'a duration that is not a number',
    top('duration: .nan'),
    'wrong-type 5:11: duration: NaN is not valid here; expected a duration with its unit, such as 5s, 20us or 1.5ms',
  ],
  [
    'a run of two days',
    top('duration: 48h'),
    'out-of-range 5:11: duration: "48h" is out of range (from 1ms to 24h)',
  ],
  [
    'less than a nanosecond',
    top('links: { cluster: 0.2ns }'),
    'out-of-range 5:19: links.cluster: "0.2ns" is out of range (from 1ns to 720h)',
  ],
  [
    'a rate without a unit',
    lookingUp('{ rate: 5, names: [a.b] }'),
    'missing-unit 4:18: pods[0].dns.rate: 5 has no unit; expected a rate, such as 50/s, 3/m or 10/h (give a unit, e.g. 5/s)',
  ],
  [
    'a negative rate',
    lookingUp('{ rate: -5/s, names: [a.b] }'),
    'out-of-range 4:18: pods[0].dns.rate: "-5/s" is negative; expected a rate, such as 50/s, 3/m or 10/h',
  ],
  [
    'a rate of zero',
    lookingUp('{ rate: 0/s, names: [a.b] }'),
    'out-of-range 4:18: pods[0].dns.rate: "0/s" is out of range (above 0, at most 1000000/s)',
  ],
  [
    'a rate in words',
    lookingUp('{ rate: 5 per minute, names: [a.b] }'),
    'wrong-value 4:18: pods[0].dns.rate: "5 per minute" is not valid here; expected a rate, such as 50/s, 3/m or 10/h (write 5/m)',
  ],
  [
    'a probability above 1',
    top('dnsServers: { loss: 2 }'),
    'out-of-range 5:21: dnsServers.loss: 2 is out of range (at most 1)',
  ],
  [
    'more than 100 %',
    top('dnsServers: { loss: 120% }'),
    'wrong-value 5:21: dnsServers.loss: "120%" is not valid here; expected a probability from 0 to 1, or a percentage such as 2%',
  ],
  [
    'a size in decimal units',
    top('node: { memory: 8GB }'),
    'wrong-value 5:17: node.memory: "8GB" is not valid here; expected a size with its unit, such as 512MiB or 8GiB (write 8GiB)',
  ],
  [
    'a node without memory',
    top('node: { memory: 1B }'),
    'out-of-range 5:17: node.memory: "1B" is out of range (from 64MiB to 64TiB)',
  ],
];

const VALUES: readonly Case[] = [
  [
    'a kernel that YAML takes for a number',
    MINIMAL.replace('"4.14.96"', '4.10'),
    'wrong-type 1:9: kernel: 4.10 is a number in YAML; expected a kernel version as `uname -r` prints it, such as "4.14.96" (put it in quotes: "4.10")',
  ],
  [
    'a truth value of YAML 1.1',
    top('node: { rps: yes }'),
    'wrong-value 5:14: node.rps: "yes" is not valid here; expected true or false',
  ],
  [
    'DNS that is neither tracked nor routable',
    top('node: { conntrack: { notrackDns: true } }'),
    'contradiction 5:34: node.conntrack.notrackDns: DNS packets that bypass connection tracking bypass NAT too: those of php would reach no server (use `nodeLocalDns`, or `services: { dns: { proxy: none } }`, or routable pods (`masquerade: none`))',
  ],
  [
    'untracked DNS that a cache on the node asks for over UDP',
    top('node: { conntrack: { notrackDns: true } }\nnodeLocalDns: { upstream: udp }'),
    'contradiction 5:34: node.conntrack.notrackDns: DNS packets that bypass connection tracking bypass NAT too: those of php would reach no server (use `nodeLocalDns`, or `services: { dns: { proxy: none } }`, or routable pods (`masquerade: none`))',
  ],
  ...['none', '{ upstream: udp }'].map(
    (cache): Case => [
      `a service without rules, and a cache on the node that is ${cache}`,
      top(`nat: { hooks: false }\nnodeLocalDns: ${cache}`),
      'contradiction 5:15: nat.hooks: without NAT rules nothing translates the cluster address of the DNS service: no query of php would reach a server (hooks: true, or `services: { dns: { proxy: none } }`, or `nodeLocalDns` with `upstream: tcp`)',
    ],
  ),
  ...['tcp: { rate: 5/s, to: ["203.0.113.10:443"] }', 'resolver: { nameServers: [external] }'].map(
    (keys): Case => [
      `masquerading without rules (${keys})`,
      pod(`${keys}\nservices: { dns: { proxy: none } }\nnat: { hooks: false }`),
      'contradiction 7:15: nat.hooks: without NAT rules nothing is masqueraded, and what php sends out of the cluster is to be (hooks: true, or `masquerade: none`)',
    ],
  ),
  [
    'masquerading of queries to servers outside the cluster without rules',
    top('nat: { hooks: false }\nservices: { dns: { proxy: none, endpointsOn: external } }'),
    'contradiction 5:15: nat.hooks: without NAT rules nothing is masqueraded, and what php sends out of the cluster is to be (hooks: true, or `masquerade: none`)',
  ],
  [
    'a hash in IPVS',
    top('services: { dns: { proxy: ipvs, choice: hash } }'),
    'contradiction 5:41: services.dns.choice: IPVS has no rules to hash in: its scheduler chooses (`scheduler: sh` (hash of the client) or `scheduler: dh` (hash of the service))',
  ],
  [
    "other ports than the node's in its own network",
    pod('hostNetwork: true\n    localPorts: 1024-65535'),
    'contradiction 6:17: pods[0].localPorts: "1024-65535": hostNetwork pods share the node\'s ports (remove `localPorts`, or `hostNetwork`)',
  ],
  [
    'a range of one port',
    pod('localPorts: 2000-2000'),
    'out-of-range 5:17: pods[0].localPorts: "2000-2000": a range of a single port (give it two or more)',
  ],
  [
    'no pods at all',
    pod('count: 0'),
    'contradiction 3:3: pods: no group has a pod (at least one group with `count` 1 or more)',
  ],
  [
    'two groups of one name, one of them without pods',
    pod('count: 0\n  - { name: php, dns: { rate: 1/s, names: [a.b] } }'),
    'contradiction 6:13: pods[1].name: two groups are called "php" (name each group differently)',
  ],
  [
    'a word that is none of those known',
    top('nat: { masquerade: { ports: random_fully } }'),
    'wrong-value 5:29: nat.masquerade.ports: "random_fully" is not one of the words that belong here (did you mean `random-fully`?)',
  ],
  [
    'an unknown dispatch',
    pod('dispatch: as-reportd'),
    'wrong-value 5:15: pods[0].dispatch: "as-reportd" is not valid here; expected the name of a preset, or a mapping of mechanisms (did you mean `as-reported`?)',
  ],
  [
    'a dispatch to compare under that does not exist',
    top('compare: { dispatches: [cleanveth] }'),
    'wrong-value 5:25: compare.dispatches[0]: "cleanveth" is not one of the words that belong here (did you mean `clean-veth`?)',
  ],
  [
    'a mapping where one of several forms belongs',
    top('links: { cluster: { exponential: 1us, uniform: [1us, 2us] } }'),
    'wrong-type 5:19: links.cluster: a mapping is not valid here; expected a duration such as 20us, { exponential: 20us }, { uniform: [1us, 3us] } or { lognormal: { mean: 2ms, cv: 0.5 } }',
  ],
  [
    'a wrong part of a distribution',
    top('links: { cluster: { exponential: 20 } }'),
    'missing-unit 5:34: links.cluster.exponential: 20 has no unit; expected a duration with its unit, such as 5s, 20us or 1.5ms (give a unit, e.g. 20s)',
  ],
  [
    'a mapping where a list belongs',
    'kernel: "4.14"\npods: { name: x }',
    'wrong-type 2:7: pods: expected a list, found a mapping',
  ],
  ['no CPU', top('node: { cpus: 0 }'), 'out-of-range 5:15: node.cpus: 0 is out of range (at least 1)'],
  [
    'half a CPU',
    top('node: { cpus: 1.5 }'),
    'wrong-type 5:15: node.cpus: expected a whole number, found the number 1.5',
  ],
  [
    'a seed that loses digits',
    top('seed: 123456789012345678901'),
    'wrong-type 5:7: seed: 123456789012345678901 is a number in YAML; expected text, or a whole number (put it in quotes: "123456789012345678901")',
  ],
  [
    'no groups',
    'kernel: "4.14.96"\npods: []',
    'out-of-range 2:7: pods: a list of 0 is out of range (at least 1)',
  ],
  [
    'a title of several lines',
    top('title: "a\\nb"'),
    'wrong-value 5:8: title: more than one line, or control characters (one line of plain text)',
  ],
  [
    'a title without end',
    top(`title: ${'x'.repeat(201)}`),
    'out-of-range 5:8: title: 201 characters (at most 200)',
  ],
  [
    'a port out of range',
    top('nat: { masquerade: { range: 0-70000 } }'),
    'out-of-range 5:29: nat.masquerade.range: "0-70000" has a port out of range (ports are 1 to 65535)',
  ],
  [
    'addresses and ports that are none',
    pod('tcp: { rate: 1/s, to: ["1.2.3.400:5", "01.2.3.4:5", "1.2.3.4:0"] }'),
    'out-of-range 5:28: pods[0].tcp.to[0]: "1.2.3.400:5" is no IPv4 address (four numbers from 0 to 255, separated by dots)',
    'out-of-range 5:43: pods[0].tcp.to[1]: "01.2.3.4:5" is no IPv4 address (four numbers from 0 to 255, separated by dots)',
    'out-of-range 5:57: pods[0].tcp.to[2]: "1.2.3.4:0" has a port out of range (ports are 1 to 65535)',
  ],
  [
    'a name that begins with a dash',
    lookingUp('{ rate: 5/s, names: [-5.example.com] }'),
    'wrong-value 4:31: pods[0].dns.names[0]: "-5.example.com" is not valid here; expected a host name, such as api.example.com',
  ],
  [
    'a name that is too long',
    lookingUp(`{ rate: 5/s, names: [${'abcdefghi.'.repeat(26)}] }`),
    'out-of-range 4:31: pods[0].dns.names[0]: 260 characters are too many for a host name (at most 253)',
  ],
];

const TOGETHER: readonly Case[] = [
  [
    'a reversed range of ports',
    top('nat: { masquerade: { range: 300-20 } }'),
    'contradiction 5:29: nat.masquerade.range: "300-20": the first of these ports is greater than the second (swap them)',
  ],
  [
    'a reversed range of durations',
    top('links: { cluster: { uniform: [5us, 1us] } }'),
    'contradiction 5:30: links.cluster.uniform: "[5us, 1us]": the first of these durations is greater than the second (swap them)',
  ],
  [
    'probabilities that add up to more than 1',
    pod('dispatch: { reported: 0.9, heldBeforeConfirm: { probability: 0.2 } }'),
    'contradiction 5:15: pods[0].dispatch: the mechanisms add up to 1.1 per pair, more than 1 (lower one of them; for the worst case write `dispatch: worst-case`)',
  ],
  [
    'two ways to say when',
    lookingUp('{ rate: 5/s, arrivals: { poisson: 5/s }, names: [a.b] }'),
    'contradiction 4:10: pods[0].dns: `rate` and `arrivals` both say when to start (keep one of them)',
  ],
  [
    'starts spread over more than the interval',
    lookingUp('{ arrivals: { cron: 1s, spread: 2s }, names: [a.b] }'),
    'contradiction 4:42: pods[0].dns.arrivals.spread: the starts of one moment are spread over more than the time to the next (spread: at most what `cron` says)',
  ],
  [
    'an address family twice',
    lookingUp('{ rate: 5/s, names: [{ name: a.b, families: [ipv4, ipv4] }] }'),
    'contradiction 4:54: pods[0].dns.names[0].families: the same address family twice (ipv4, ipv6, or both)',
  ],
  [
    'an idle group that has the name of another',
    top('  - { name: php, dns: none }'),
    'contradiction 5:5: pods[1]: the pods of "php" send nothing (give the group `dns` or `tcp`, or remove it)',
    'contradiction 5:13: pods[1].name: two groups are called "php" (name each group differently)',
  ],
];

const SIZES: readonly Case[] = [
  [
    'a file of more than a million characters',
    `#${' '.repeat(LIMITS.fileLength)}`,
    'limit 1:1: the file has 1000001 characters; a scenario has at most 1000000 (move a recorded query log into a CSV file: { replay: queries.csv })',
  ],
  [
    'aliases that multiply',
    `a: &a [x, x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e', 'f', 'g']
      .map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdef'[index]}`).join(', ')}]\n`)
      .join('')}`,
    'limit 6:8: the file holds more than 200000 values, aliases counted as often as they are used (use fewer groups or aliases, and a CSV file for a query log)',
  ],
  ['fifty levels', `a: ${'['.repeat(50)}${']'.repeat(50)}`, 'limit 1:44: nested deeper than 40 levels'],
  [
    'a group of a million pods',
    pod('count: 1000000'),
    'out-of-range 5:12: pods[0].count: 1000000 is out of range (at most 100000)',
  ],
  [
    'groups of 100,001 pods in all',
    top('    count: 100000\n  - { name: b, dns: { rate: 1/s, names: [a.b] } }'),
    'limit 3:3: pods: 100001 pods in all (at most 100000 on one node)',
  ],
  [
    'a hundred million workers',
    pod('count: 100000\n    workers: 1000'),
    'limit 3:3: pods: 100000000 workers in all pods (at most 1000000: count x workers)',
  ],
];

describe.each([
  ['YAML', YAML],
  ['keys', KEYS],
  ['units', UNITS],
  ['values', VALUES],
  ['values together', TOGETHER],
  ['sizes', SIZES],
])('%s:', (_, cases) => {
  it.each(cases)('%s is refused with its place and a fix', (_behaviour, text, ...lines) => {
    expect(errorLines(text)).toEqual(lines);
  });
});

it('every code of an error has a case here or in the tests of its source', () => {
  const cases = [...YAML, ...KEYS, ...UNITS, ...VALUES, ...TOGETHER, ...SIZES];
  const codes = new Set(cases.flatMap(([, , ...lines]) => lines.map((line) => line.split(' ')[0])));
  const elsewhere = [
    'unknown-kernel',
    'unknown-libc',
    'unknown-mitigation',
    'profile-unreadable',
    'replay-unreadable',
    'replay-row',
  ];
  expect([...codes, ...elsewhere].sort()).toEqual([...SCENARIO_ERROR_CODES].sort());
});

it('errors come in the order of the file', () => {
  const text = top('warmUp: 6\nnode: { cpus: 0, backlog: 0 }\nduration: 5');
  const places = errorsOf(text).map(({ line, column }) => [line, column]);
  expect(places).toEqual([
    [5, 9],
    [6, 15],
    [6, 27],
    [7, 11],
  ]);
});

it('a file with thousands of errors lists fifty and counts the rest', () => {
  const text = top(Array.from({ length: 3000 }, (_, index) => `key${index}: 1`).join('\n'));
  const thrown = invalid(text);
  expect(thrown.errors).toHaveLength(50);
  expect(thrown.omitted).toBe(2950);
  expect(thrown.message).toMatch(/\nand 2950 more$/);
});

it('an error carries the offending value, long texts cut', () => {
  expect(errorsOf(top('duration: 5'))[0]!.value).toBe(5);
  expect(errorsOf(top(`duration: ${'x'.repeat(100)}`))[0]!.value).toBe(`${'x'.repeat(60)}...`);
  expect(errorsOf(top('duration: [1]'))[0]!.value).toBe('a list');
});
