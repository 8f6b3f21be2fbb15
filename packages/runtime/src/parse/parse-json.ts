/** From text to a value of a known shape. No other file calls `JSON.parse`. */
import { addKey, KtError } from '@kube-transform/sdk';
import { Mismatch, type Shape } from './shapes.js';

/** Where a value comes from, for the error that refuses it. */
export interface Origin {
  /** The file, object or message that holds it: `kt-metadata/r/spec.json`. */
  file: string;
  /** What it is, in the middle of a sentence: `run`. */
  name: string;
  /** Code of the error. */
  code: string;
  /** What to do about it. */
  hint: string;
}

const decoder = new TextDecoder();

/** The value of a text; undefined where that is no JSON. */
export function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value of a text or of its bytes. @throws KtError where it is not JSON. */
export function parseJson(text: string | Uint8Array, origin: Origin): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : decoder.decode(text));
  } catch (error) {
    throw broken(origin, `it is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** A value as its shape gives it; undefined where it has another. */
export function fits<T>(shape: Shape<T>, value: unknown): T | undefined {
  try {
    return shape(value);
  } catch (error) {
    if (error instanceof Mismatch) return undefined;
    throw error;
  }
}

/** A value as JSON keeps it: without members that are undefined. */
export const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A value as its shape gives it. @throws KtError with the path of what is wrong, and what was seen there. */
export function parseAs<T>(shape: Shape<T>, value: unknown, origin: Origin): T {
  try {
    return shape(value);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw broken(origin, error.message, { field: pathTo(error), cause: error });
  }
}

/** Where a mismatch is: `jobs[3].name`; empty for the value as a whole. */
export const pathTo = ({ keys }: Mismatch): string => keys.reduceRight<string>(addKey, '').replace(/^\./, '');

/** Both. */
export const parseText = <T>(shape: Shape<T>, text: string | Uint8Array, origin: Origin): T =>
  parseAs(shape, parseJson(text, origin), origin);

/** Says that something is broken: why, in the middle of a sentence, and which field of it. */
export function broken(
  { code, name, file, hint }: Origin,
  why: string,
  { field = '', cause }: { field?: string; cause?: unknown } = {},
): KtError {
  const message = `This ${name} cannot be read: ${why.replace(/\.$/, '')}.`;
  return new KtError({ code, path: `${file} ${field}`.trimEnd(), message, hint }, { cause });
}
