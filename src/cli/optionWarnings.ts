/** Words of resolv.conf that no library knows are harmless there, and probably a slip of the finger here. */
import { parseResolver } from '../clients/catalogue.ts';
import { explainIgnored, readOptions } from '../clients/resolvConf.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { printTalk } from './output.ts';

/** Says on stderr which words mean nothing; those that only this library ignores are left to the results. */
export function warnOfOptions(scenario: Scenario): void {
  for (const { name, dns, resolver } of scenario.pods) {
    if (dns === null) continue;
    const version = parseResolver(resolver.libc);
    const words = [...resolver.options, ...resolver.optionsAfter.flatMap(({ options }) => options)];
    for (const ignored of readOptions(version, words).ignored) {
      const { code } = ignored.reason;
      if (code === 'unknown' || code === 'no-number') {
        printTalk(`warning: ${name}: ${explainIgnored(version, ignored)}`);
      }
    }
  }
}
