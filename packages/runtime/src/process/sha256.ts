/** SHA-256, without the price of `node:crypto` where little is hashed. */
import { sha256 as sha256OfLittle } from '@noble/hashes/sha2.js';

/**
 * Up to here the library is quicker than to load `node:crypto`, which takes 6 to 8 ms of a worker's start,
 * and as quick as a call of it (measured on Node 20).
 */
const LITTLE = 2048;

/** The SHA-256 of bytes, and texts in UTF-8, one after the other. */
export function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const bytes = parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part));
  if (bytes.reduce((sum, { length }) => sum + length, 0) <= LITTLE)
    return Buffer.from(sha256OfLittle(Buffer.concat(bytes)));
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  for (const part of bytes) hash.update(part);
  return hash.digest();
}
