/**
 * YAML text as plain data, with the place of every key and value.
 *
 * The conversion is ours and not the parser's, because a scenario file may come from anywhere: no tags, no
 * keys but texts, no alias that multiplies into millions of values, no depth that breaks a stack.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { LIMITS } from './defaults.ts';
import * as messages from './messages.ts';
import type { Path, Problem, ScenarioError } from './problems.ts';

/** The places in a scenario file, for errors that are found after loading. */
export interface ScenarioSource {
  readonly file: string;
  /** Line and column (from 1) of a value or key; of the nearest value around it where the path does not exist. */
  locate(path: Path, at?: 'key' | 'value'): { readonly line: number; readonly column: number };
  /** The value as it stands in the file, e.g. `4.10` for the number 4.1. */
  written(path: Path): string;
  /** Adds the place to a problem, e.g. `source.errorAt(['compare', 'with', 0], messages.unknownMitigation(...))`. */
  errorAt(path: Path, problem: Problem, at?: 'key' | 'value'): ScenarioError;
}

export type ParsedYaml =
  | { readonly ok: true; readonly value: Record<string, unknown>; readonly source: ScenarioSource }
  | { readonly ok: false; readonly errors: readonly ScenarioError[] };

export function parseYaml(text: string, file: string): ParsedYaml {
  if (text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.length > LIMITS.fileLength) {
    const problem = messages.fileTooLarge(text.length);
    return { ok: false, errors: [{ ...problem, file, line: 1, column: 1, path: [] }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    prettyErrors: false,
    // Checked here in linear time; the parser's own check is quadratic.
    uniqueKeys: false,
  });
  const conversion = new Conversion(document, lines, file);
  const value = conversion.run();
  if (conversion.errors.length > 0) return { ok: false, errors: conversion.errors };
  return { ok: true, value: value as Record<string, unknown>, source: conversion };
}

/** An anchored value: converted, or on the way. */
interface Anchored {
  readonly node: Node;
  value: unknown;
  /** Values in it, itself included; 0 until it is converted. */
  size: number;
}

class Conversion implements ScenarioSource {
  readonly file: string;
  readonly errors: ScenarioError[] = [];
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  private readonly anchors = new Map<string, Anchored>();
  /** What each alias stood for: a later anchor may take the name. */
  private readonly targets = new Map<Alias, Node>();
  private values = 0;
  /** A limit was passed: nothing more is converted. */
  private stopped = false;

  constructor(document: Document.Parsed, lines: LineCounter, file: string) {
    this.document = document;
    this.lines = lines;
    this.file = file;
  }

  run(): unknown {
    const { document } = this;
    for (const error of document.errors) {
      // The parser's recursion ran out of stack; what it says after that means nothing.
      const tooDeep = error.code === 'RESOURCE_EXHAUSTION';
      this.failAt(
        error.pos[0],
        tooDeep ? messages.tooDeep() : messages.yamlSyntax(error.code, error.message),
      );
      if (tooDeep) break;
    }
    const { version } = document.directives.yaml;
    if (version !== '1.2') this.failAt(0, messages.unsupportedYaml('version', version));
    if (this.errors.length > 0) return null;
    const top = document.contents as Node | null;
    if (top === null || isBlank(top)) {
      this.failAt(0, messages.emptyFile());
      return null;
    }
    const value = this.convert(top, 0);
    if (this.errors.length === 0 && !isMap(top)) this.failAt(startOf(top), messages.notAMapping(value));
    return value;
  }

  locate(path: Path, at: 'key' | 'value' = 'value'): { readonly line: number; readonly column: number } {
    return this.lineAndColumn(this.offsetOf(path, at));
  }

  written(path: Path): string {
    const node = this.nodeAt(path);
    if (isScalar(node)) return node.source ?? String(node.value);
    return '';
  }

  errorAt(path: Path, problem: Problem, at: 'key' | 'value' = 'value'): ScenarioError {
    return { ...problem, file: this.file, ...this.locate(path, at), path };
  }

  private convert(node: Node | null, depth: number): unknown {
    if (node === null || this.stopped) return null;
    this.values++;
    if (this.values > LIMITS.values) return this.stop(node, messages.tooManyValues());
    if (depth > LIMITS.depth) return this.stop(node, messages.tooDeep());
    if (isAlias(node)) return this.resolve(node);
    if (node.tag !== undefined) return this.refuse(node, messages.unsupportedYaml('tag', node.tag));
    const before = this.values;
    const anchored: Anchored = { node, value: null, size: 0 };
    const anchor = (node as Scalar).anchor;
    if (anchor !== undefined) this.anchors.set(anchor, anchored);
    anchored.value = this.plain(node, depth);
    anchored.size = this.values - before + 1;
    return anchored.value;
  }

  private plain(node: Node, depth: number): unknown {
    if (isMap(node)) return this.convertMap(node as YAMLMap<Node, Node | null>, depth);
    if (isSeq(node)) {
      const list: unknown[] = [];
      for (const item of node.items) list.push(this.convert(item as Node | null, depth + 1));
      return list;
    }
    return (node as Scalar).value;
  }

  private convertMap(map: YAMLMap<Node, Node | null>, depth: number): unknown {
    const plain: Record<string, unknown> = {};
    const seen = new Map<string, number>();
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? key.value : null;
      if (typeof name !== 'string' || name === '__proto__') {
        const offset = startOf(key) ?? startOf(map);
        this.failAt(offset, messages.badKey(isScalar(key) ? key.value : 'a list, mapping or alias'));
        continue;
      }
      const offset = startOf(key)!;
      const first = seen.get(name);
      if (first !== undefined) {
        this.failAt(offset, messages.duplicateKey(name, this.lineAndColumn(first).line));
        continue;
      }
      seen.set(name, offset);
      plain[name] = this.convert(value, depth + 1);
    }
    return plain;
  }

  private resolve(alias: Alias): unknown {
    const anchored = this.anchors.get(alias.source);
    if (anchored === undefined) {
      return this.refuse(alias, messages.unsupportedYaml('unknown-alias', alias.source));
    }
    if (anchored.size === 0) {
      return this.refuse(alias, messages.unsupportedYaml('alias-to-itself', alias.source));
    }
    this.targets.set(alias, anchored.node);
    // The value is shared, not copied; it counts as often as it is used, since the schema walks it each time.
    this.values += anchored.size;
    if (this.values > LIMITS.values) return this.stop(alias, messages.tooManyValues());
    return anchored.value;
  }

  private stop(node: Node, problem: Problem): null {
    this.stopped = true;
    return this.refuse(node, problem);
  }

  private refuse(node: Node, problem: Problem): null {
    this.failAt(startOf(node) ?? 0, problem);
    return null;
  }

  private failAt(offset: number | undefined, problem: Problem): void {
    if (this.errors.length >= LIMITS.errors) return;
    const place = this.lineAndColumn(offset ?? 0);
    this.errors.push({ ...problem, file: this.file, ...place, path: [] });
  }

  private lineAndColumn(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Of the value (or key) at a path, or of the deepest value on the way to it that exists. */
  private offsetOf(path: Path, at: 'key' | 'value'): number {
    let node = this.document.contents as Node | null;
    let offset = startOf(node) ?? 0;
    for (const [index, part] of path.entries()) {
      const child = this.child(node, part);
      if (child === null) return offset;
      const last = index === path.length - 1;
      node = child.value;
      const wantsKey = (last && at === 'key') || isBlank(node);
      offset = (wantsKey ? child.keyOffset : undefined) ?? startOf(node) ?? child.keyOffset ?? offset;
    }
    return offset;
  }

  private nodeAt(path: Path): Node | null {
    let node = this.document.contents as Node | null;
    for (const part of path) node = this.child(node, part)?.value ?? null;
    return isAlias(node) ? (this.targets.get(node) ?? null) : node;
  }

  private child(
    parent: Node | null,
    part: string | number,
  ): { readonly value: Node | null; readonly keyOffset: number | undefined } | null {
    const node = isAlias(parent) ? (this.targets.get(parent) ?? null) : parent;
    if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      return { value: node.items[part] as Node | null, keyOffset: undefined };
    }
    if (!isMap(node)) return null;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
    return pair === undefined
      ? null
      : { value: pair.value as Node | null, keyOffset: startOf(pair.key as Node) };
  }
}

/** Nothing stands there: `key:` without a value. */
function isBlank(node: Node | null): boolean {
  return isScalar(node) && node.value === null && node.source === '';
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}
