/**
 * Texts that only people read are not mutated, by one rule: a string or template literal that is
 *
 * - the value of a property named in `TEXT_PROPERTIES`, or an element of a list in `notModelled` or `notes`;
 * - an argument of `notes.push`, `unknown` (why a name was not resolved), `invariant` or an `Error`.
 *
 * Nor is `at + ORIGINAL_SOURCE`, the place of an entry's first field: its offset is 0, and `-` is the same program.
 *
 * Identifiers, units, releases, words of configuration files: all that a program compares are mutated.
 */
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';

const TEXT_PROPERTIES = new Set([
  'text',
  'effect',
  'why',
  'note',
  'notes',
  'notModelled',
  'change',
  'title',
  'reason',
]);

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface NodePath {
  readonly node: Node;
  readonly parent: Node | null;
  readonly parentPath: NodePath | null;
}

class TextIgnorer {
  shouldIgnore(path: unknown): string | undefined {
    const { node, parent, parentPath } = path as NodePath;
    if (isFirstField(node)) return 'adds 0: a subtraction is the same program';
    if (parent === null || (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral'))
      return undefined;
    const owner = parent.type === 'ArrayExpression' ? (parentPath?.parent ?? parent) : parent;
    return isTextProperty(owner, node, parent) || isTextArgument(parent, node)
      ? 'only people read it'
      : undefined;
  }
}

function isFirstField({ type, operator, left, right }: Node): boolean {
  return (
    type === 'BinaryExpression' &&
    operator === '+' &&
    (left as Node).type === 'Identifier' &&
    (right as Node).name === 'ORIGINAL_SOURCE'
  );
}

function isTextProperty(owner: Node, value: Node, parent: Node): boolean {
  if (owner.type !== 'ObjectProperty') return false;
  const key = owner.key as Node;
  return (
    (owner.value === value || owner.value === parent) && TEXT_PROPERTIES.has(String(key.name ?? key.value))
  );
}

function isTextArgument(call: Node, argument: Node): boolean {
  if (call.type !== 'CallExpression' && call.type !== 'NewExpression') return false;
  if (!(call.arguments as readonly Node[]).includes(argument)) return false;
  const callee = call.callee as Node;
  if (callee.type === 'Super') return true;
  const object = callee.object as Node | undefined;
  const name = String(callee.name ?? `${object?.name}.${(callee.property as Node | undefined)?.name}`);
  return name === 'invariant' || name === 'unknown' || name === 'notes.push' || name.endsWith('Error');
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Ignore, 'texts', TextIgnorer)];
