/*
 * What every file store checks of the keys it is given, and the order in which it lists them. Pure.
 */
import { KtError } from '@kube-transform/sdk';
import type { ByteRange } from '../ports/index.js';

/** What servers take as a key: S3, Google and, in characters, Azure. */
const KEY_BYTES = 1024;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Refuses a key that is not one: names with "/" between them, none of them empty, "." or "..", no NUL, valid
 * Unicode.
 *
 * A backslash is an ordinary character. @throws KtError `BAD_PATH`
 */
export function checkKey(key: string): void {
  if (key === '') throw badPath(key, 'is empty', 'Name a file.');
  if (key.includes('\0')) throw badPath(key, 'contains a NUL character', 'Remove it.');
  if (LONE_SURROGATE.test(key))
    throw badPath(key, 'is not valid Unicode: half of a surrogate pair', 'Encode the name as UTF-8 text.');
  if (key.startsWith('/')) throw badPath(key, 'begins with "/"', 'Paths are relative to the store.');
  if (key.endsWith('/')) throw badPath(key, 'ends with "/"', 'Name a file, not a directory.');
  for (const name of key.split('/')) {
    if (name === '') throw badPath(key, 'contains "//"', 'Write one "/" between names.');
    if (name === '.' || name === '..')
      throw badPath(key, `contains the name "${name}"`, 'Write the path without it.');
  }
}

/** Refuses a key that is none, or is too long with the prefix of the store. @throws KtError `BAD_PATH` */
export function checkKeyIn(prefix: string, key: string): void {
  checkKey(key);
  const whole = prefix + key;
  if (whole.length * 3 > KEY_BYTES && new TextEncoder().encode(whole).length > KEY_BYTES)
    throw badPath(
      key,
      `has more than ${KEY_BYTES} bytes, with the prefix of the store`,
      'Use shorter names.',
    );
}

/**
 * Refuses a prefix that no key can begin with; the part after its last "/" is free. @throws KtError
 * `BAD_PATH`
 */
export function checkPrefix(prefix: string): void {
  const slash = prefix.lastIndexOf('/');
  if (slash === 0) throw badPath(prefix, 'begins with "/"', 'Paths are relative to the store.');
  if (slash > 0) checkKey(prefix.slice(0, slash));
  if (prefix.includes('\0')) throw badPath(prefix, 'contains a NUL character', 'Remove it.');
}

/** Refuses what is no directory's prefix: it ends in "/". @throws KtError `BAD_PATH` */
export function checkDirectory(prefix: string): void {
  if (!prefix.endsWith('/')) throw badPath(prefix, 'does not end in "/"', 'Name a directory.');
  checkPrefix(prefix);
}

/** Order of two keys by their UTF-8 bytes: negative, 0 or positive. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return weight(x) - weight(y);
  }
  return a.length - b.length;
}

/** UTF-16 sorts surrogates (code points from U+10000) before U+E000…U+FFFF; UTF-8 sorts them after. */
function weight(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/**
 * The part of a range that lies within an object of `size` bytes. @throws KtError `STORE_FAILED` for a range
 * that is none.
 */
export function clampRange(range: ByteRange | undefined, size: number): { start: number; end: number } {
  const start = range?.start ?? 0;
  const end = range?.end ?? Infinity;
  if (
    !Number.isSafeInteger(start) ||
    !(Number.isSafeInteger(end) || end === Infinity) ||
    start < 0 ||
    end < start
  ) {
    const message = `Cannot read bytes ${start} to ${end}: not a range.`;
    throw new KtError({
      code: 'STORE_FAILED',
      message,
      path: '',
      hint: 'Give whole numbers, 0 <= start <= end.',
    });
  }
  return { start: Math.min(start, size), end: Math.min(end, size) };
}

/** The error for a key or path that is refused. */
export function badPath(key: string, wrong: string, hint: string): KtError {
  const shown = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  return new KtError({
    code: 'BAD_PATH',
    message: `The path ${JSON.stringify(shown)} ${wrong}.`,
    path: '',
    hint,
  });
}

/** The error for an object that is not there. */
export function notFound(key: string, store: string): KtError {
  const hint = 'Check the path with `files.listdir`; names are case-sensitive.';
  return new KtError({
    code: 'NOT_FOUND',
    message: `There is no file "${key}" in the store ${store}.`,
    path: '',
    hint,
  });
}
