/** Checks that the code of a controller or pod is that of its run before any of the user's is loaded. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { digestOf, sumOfFile } from './bundle-digest.js';

/** @throws KtError `BUNDLE_CHANGED` where the digest of a bundle's folder is another one. */
export function verifyBundle(dir: string, expected: string): void {
  // Files that are in memory already: to wait for each would take longer than to read it.
  const digest = digestOf(readdirSync(dir), name => readFileSync(join(dir, name)));
  if (digest !== expected) throw changed(dir, digest, expected);
}

/**
 * The quick check of a pod: that its bundle calls itself by the digest of the run, and that its files are
 * those that were written with it.
 *
 * @throws KtError `BUNDLE_CHANGED` where they are not, or one is gone.
 */
export function verifyFiles(
  dir: string,
  { digest, sums }: { digest: string; sums: Record<string, string> },
  expected: string,
): void {
  if (digest !== expected) throw changed(dir, digest, expected);
  for (const [name, sum] of Object.entries(sums)) {
    let found: string | undefined;
    try {
      found = sumOfFile(readFileSync(join(dir, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (found !== sum) throw changed(join(dir, name), found ?? 'none', sum);
  }
}

const changed = (path: string, found: string, expected: string): KtError =>
  new KtError({
    code: 'BUNDLE_CHANGED',
    path,
    message:
      `The code of this pod has the digest ${found}, and its run began with ${expected}: ` +
      'somebody changed it, or the image is another one.',
    hint: 'Deploy it again, and begin a new run.',
  });
