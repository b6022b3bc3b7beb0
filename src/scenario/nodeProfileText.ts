/** A node profile as a file that `node.profile` can name. */
import { Document, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { NodeProfileFile } from './schema/nodeProfile.ts';

/** YAML, with `heading` as a comment above it, line by line. Reading the text gives the same profile. */
export function writeNodeProfile(file: NodeProfileFile, heading: readonly string[] = []): string {
  const document = new Document(file, { version: '1.2', aliasDuplicateObjects: false });
  document.commentBefore = heading.map((line) => ` ${line}`).join('\n');
  layOut(document.contents as Node);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Lists of words and measurements on one line each. */
function layOut(node: Node | null): void {
  if (isSeq(node)) {
    node.flow = node.items.every((item) => isScalar(item) && String(item.value).length < LONG);
    for (const item of node.items) layOut(item as Node);
  } else if (isMap(node)) {
    const keys = node.items.map(({ key }) => String((key as Scalar).value));
    node.flow = keys.length === 0 || keys.includes('pairs') || keys.includes('keys');
    for (const { value } of node.items) layOut(value as Node | null);
  }
}

const LONG = 30;
