import { describe, expect, it } from 'vitest';
import { iptablesRules, nftRules } from '../../src/lab/rules.ts';
import { expectGolden } from '../golden/golden.ts';
import { scenarioWith } from '../scenario/files.ts';

/** Scenarios whose rules differ in kind, under the names that the golden file gives them. */
const SCENARIOS: Readonly<Record<string, string>> = {
  'two endpoints, ports kept': 'services: { dns: { endpoints: 2 } }',
  'one endpoint, --masquerade-all, random-fully':
    'services: { dns: { endpoints: 1 } }\nnat: { masquerade: { all: true, ports: random-fully } }',
  'three endpoints outside, a range of ports, random':
    'services: { dns: { endpoints: 3, endpointsOn: external } }\nnat: { masquerade: { range: 20000-20127, ports: random } }',
  'four addresses and a range':
    'services: { dns: { endpoints: 1 } }\nnat: { masquerade: { addresses: 4, range: 20000-20127 } }',
  'no proxy, nothing masqueraded, DNS untracked':
    'services: { dns: { proxy: none } }\nnat: { masquerade: none }\nnode: { conntrack: { notrackDns: true } }',
  'no NAT hooks': 'services: { dns: { proxy: none } }\nnat: { hooks: false, masquerade: none }',
};

describe('the rules of the node', () => {
  it('read as reviewed', () => {
    const text = Object.entries(SCENARIOS).map(([name, keys]) => {
      const scenario = scenarioWith(keys);
      return `## ${name}\n\nnft:\n${nftRules(scenario)}\niptables:\n${iptablesRules(scenario)}`;
    });
    expectGolden('../lab/golden/rules.txt', text.join('\n'));
  });

  it('give each of iptables endpoints the same share', () => {
    const rules = iptablesRules(scenarioWith('services: { dns: { endpoints: 4 } }'));
    const draws = [...rules.matchAll(/-p udp .*?(?:--probability ([\d.]+))? -j DNAT/g)];
    let left = 1;
    const shares = draws.map(([, probability]) => {
      const share = left * Number(probability ?? 1);
      left -= share;
      return share;
    });
    expect(shares).toHaveLength(4);
    for (const share of shares) expect(share).toBeCloseTo(0.25, 6);
  });

  it('choose by hash where the scenario does', () => {
    const rules = nftRules(scenarioWith('services: { dns: { endpoints: 2, choice: hash } }'));
    expect(rules).toContain('dnat to jhash ip saddr . udp sport mod 2 map { 0 : 10.64.0.1, 1 : 10.64.0.2 }');
  });
});
