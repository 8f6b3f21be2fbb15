/** Checks that the code of a pod is that of its run before any of the user's is loaded. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';

/** Not code, or made from it: source maps, and the index that names the digest. */
const isLeftOut = (name: string): boolean =>
  name.startsWith('.') || name.endsWith('.map') || name === 'functions.mjs' || name === 'node_modules';

/**
 * The digest of the files of a folder, as the bundler makes it: SHA-256 over names, sizes and contents in the
 * order of the names.
 */
export function digestOfFolder(dir: string): string {
  // Processes that are no pods do without.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const names = readdirSync(dir).filter(name => !isLeftOut(name));
  const hash = createHash('sha256');
  // Files that are in memory already: to wait for each would take longer than to read it.
  for (const name of names.sort()) {
    const body = readFileSync(join(dir, name));
    hash.update(`${name}\0${body.length}\0`).update(body);
  }
  return hash.digest('hex').slice(0, 16);
}

/** @throws KtError `BUNDLE_CHANGED`. */
export function verifyBundle(dir: string, expected: string): void {
  const digest = digestOfFolder(dir);
  if (digest === expected) return;
  throw new KtError({
    code: 'BUNDLE_CHANGED',
    path: dir,
    message: `The code of this pod has the digest ${digest}, and its run began with ${expected}: somebody changed it, or the image is another one.`,
    hint: 'Deploy it again, and begin a new run.',
  });
}
