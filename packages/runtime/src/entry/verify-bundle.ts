/** Checks that the code of a pod is that of its run before any of the user's is loaded. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { digestOf } from './bundle-digest.js';

/** @throws KtError `BUNDLE_CHANGED` where the digest of a bundle's folder is another one. */
export function verifyBundle(dir: string, expected: string): void {
  // Files that are in memory already: to wait for each would take longer than to read it.
  const digest = digestOf(readdirSync(dir), name => readFileSync(join(dir, name)));
  if (digest === expected) return;
  throw new KtError({
    code: 'BUNDLE_CHANGED',
    path: dir,
    message:
      `The code of this pod has the digest ${digest}, and its run began with ${expected}: ` +
      'somebody changed it, or the image is another one.',
    hint: 'Deploy it again, and begin a new run.',
  });
}
