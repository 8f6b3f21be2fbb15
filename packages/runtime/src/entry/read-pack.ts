/** The pack of a bundle that is mounted in pieces: what is in it, and as files. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isPieceOfPack, type Pack, unpack } from '../kubernetes/manifests/packed-bundle.js';

/** What the pack among the files of a folder holds; null where there is none. @throws KtError */
export function readPack(dir: string, names: readonly string[]): Pack | null {
  const pieces = names.filter(isPieceOfPack).sort();
  return pieces.length === 0 ? null : unpack(pieces.map(name => readFileSync(join(dir, name))));
}

/** Writes what is in a pack into a folder. */
export function layOut({ files, links }: Pack, dir: string): void {
  const at = (path: string): string => {
    const to = join(dir, path);
    mkdirSync(dirname(to), { recursive: true });
    return to;
  };
  for (const [path, body] of files) writeFileSync(at(path), body, { mode: 0o755 });
  for (const [path, target] of Object.entries(links)) symlinkSync(target, at(path));
}
