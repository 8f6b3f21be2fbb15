/** What holds for every door: whatever comes in, it is read or refused with a KtError that says where. */
import { isKtError, type KtError } from '@kube-transform/sdk';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Reads a value that JSON can hold, or throws. */
export type Door = (value: unknown) => unknown;

/** What a door says of a value: undefined where it reads it. Any error but a KtError fails the test. */
export function refusalOf(door: Door, value: unknown): KtError | undefined {
  try {
    door(value);
    return undefined;
  } catch (error) {
    if (!isKtError(error)) throw error;
    return error;
  }
}

/** Values that are most often not what a field should be. */
const STRANGE: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  '',
  'x',
  true,
  [],
  {},
  [null],
  { x: 1 },
  1e300,
];

/** Paths of all fields and elements of a value, those of the value itself left out. */
function pathsIn(value: unknown, above: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap(key => [
    [...above, key],
    ...pathsIn((value as Record<string | number, unknown>)[key], [...above, key]),
  ]);
}

/** A copy with another value at a path; undefined takes it out. */
export function changed(value: unknown, path: readonly (string | number)[], to: unknown): unknown {
  const copy = structuredClone(value);
  const [last = '', ...above] = [...path].reverse();
  const holder = above.reduceRight<Record<string | number, unknown>>(
    (at, key) => at[key] as Record<string | number, unknown>,
    copy as Record<string | number, unknown>,
  );
  if (to !== undefined) holder[last] = to;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
  return copy;
}

/**
 * Opens a door for anything, and for documents that are nearly right: each field of each document is taken
 * out and given other types.
 */
export function expectDoor(door: Door, documents: readonly unknown[]): void {
  fc.assert(fc.property(fc.jsonValue(), value => void refusalOf(door, value)));
  for (const document of documents) {
    expect(refusalOf(door, document)).toBeUndefined();
    for (const path of pathsIn(document))
      for (const strange of STRANGE) refusalOf(door, changed(document, path, strange));
  }
}

/** Fields of a document, without which a door refuses it. */
export function requiredFields(door: Door, document: object): string[] {
  return Object.keys(document).filter(
    key => refusalOf(door, changed(document, [key], undefined)) !== undefined,
  );
}
