/** Reads the pack of a bundle that is mounted in pieces. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPieceOfPack, type Pack, unpack } from '../kubernetes/manifests/packed-bundle.js';

/** What the pack among the files of a folder holds; null where there is none. @throws KtError */
export function readPack(dir: string, names: readonly string[]): Pack | null {
  const pieces = names.filter(isPieceOfPack).sort();
  return pieces.length === 0 ? null : unpack(pieces.map(name => readFileSync(join(dir, name))));
}
