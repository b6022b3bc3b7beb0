/**
 * What the tests import as `vitest` during mutation testing: `describe`, `it` and their `each` collect into a list
 * that can be run again and again, `expect` is Vitest's own. Holds what the tests of the two rooms use and no more; a
 * test that needs another part of Vitest fails at once, since the part is undefined.
 */
import { chai, getState, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect';

export interface CollectedTest {
  /** `file#names of the suites and the test, case number`. */
  readonly id: string;
  readonly file: string;
  readonly run: () => unknown;
}

type Body = (...args: never[]) => unknown;
type Declare = (name: string, body: Body) => void;

export interface Collector {
  readonly tests: readonly CollectedTest[];
  /** The tests that follow stand in this file. */
  enterFile(file: string): void;
  readonly vitest: Readonly<Record<string, unknown>>;
}

export function createCollector(): Collector {
  const tests: CollectedTest[] = [];
  const suites: string[] = [];
  const taken = new Set<string>();
  let file = '';

  const describe: Declare = (name, body) => {
    suites.push(name);
    body();
    suites.pop();
  };
  const it: Declare = (name, body) => {
    if (typeof body !== 'function') throw new Error(`${file}: "${name}" has no body where one is expected`);
    const full = `${file}#${[...suites, name].join(' ')}`;
    let id = full;
    for (let i = 2; taken.has(id); i++) id = `${full} (${i})`;
    taken.add(id);
    tests.push({ id, file, run: body as () => unknown });
  };
  return {
    tests,
    enterFile: (entered) => {
      file = entered;
    },
    vitest: {
      describe: Object.assign(describe, { each: eachOf(describe) }),
      it: Object.assign(it, { each: eachOf(it) }),
      expect,
    },
  };
}

/** A case that is a list is spread over the parameters, as Vitest does. */
function eachOf(declare: Declare) {
  return (cases: readonly unknown[]) => (name: string, body: Body) => {
    for (const [i, given] of cases.entries()) {
      const args = (Array.isArray(given) ? given : [given]) as never[];
      declare(`${name}, case ${i}`, () => body(...args));
    }
  };
}

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

const expect = Object.assign((value: unknown, message?: string) => chai.expect(value, message), chai.expect);
setState({ ...getState(expect as never), assertionCalls: 0 }, expect as never);
