/** What the schema knows about a place in a file: which keys it has, and where else a key would be right. */
import { z } from 'zod';
import type { Path } from '../problems.ts';

/** The keys of the mappings that may stand at `path`, in the order of the schema. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  let here = alternatives(schema);
  for (const part of path) here = here.flatMap((candidate) => inside(candidate, part));
  return [...new Set(here.flatMap((candidate) => Object.keys(shapeOf(candidate))))];
}

/** The mappings that have the key, as paths, outer ones first: `nat` for `masquerade`, `pods[].dns` for `names`. */
export function placesOf(schema: z.ZodType, key: string): string[] {
  const places: string[] = [];
  collect(schema, '', (place, keys) => {
    if (place !== '' && keys.includes(key)) places.push(place);
  });
  const depth = (place: string) => place.split('.').length;
  return [...new Set(places)].sort((a, b) => depth(a) - depth(b));
}

function collect(schema: z.ZodType, place: string, visit: (place: string, keys: string[]) => void): void {
  for (const candidate of alternatives(schema)) {
    if (candidate instanceof z.ZodArray) collect(candidate.element as z.ZodType, `${place}[]`, visit);
    const shape = shapeOf(candidate);
    visit(place, Object.keys(shape));
    for (const [key, value] of Object.entries(shape)) {
      collect(value, place === '' ? key : `${place}.${key}`, visit);
    }
  }
}

/** The schema without `optional`, and each option of a choice by itself. */
function alternatives(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional) return alternatives(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => alternatives(option as z.ZodType));
  }
  return [schema];
}

function inside(schema: z.ZodType, part: string | number): z.ZodType[] {
  if (typeof part === 'number') {
    return schema instanceof z.ZodArray ? alternatives(schema.element as z.ZodType) : [];
  }
  const shape = shapeOf(schema);
  return Object.hasOwn(shape, part) ? alternatives(shape[part]!) : [];
}

function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {};
}
