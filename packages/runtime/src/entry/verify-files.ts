/** The quick check of a pod: that its files are those of its run, before any of the user's code is loaded. */
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { sumOfFile, sumOfLink } from './bundle-digest.js';

// Its exports as a module load all streams: a worker's start is not slowed.
const { readFileSync, readlinkSync } = process.getBuiltinModule('node:fs');

/**
 * Checks that a bundle calls itself by the digest of the run, and that its files, and those of the packages
 * outside it, are those that were written with it.
 *
 * @throws KtError `BUNDLE_CHANGED` where they are not, or one is gone.
 */
export function verifyFiles(
  dir: string,
  { digest, sums }: { digest: string; sums: Record<string, string> },
  expected: string,
): void {
  if (digest !== expected) throw bundleChanged(dir, digest, expected);
  for (const [name, sum] of Object.entries(sums)) {
    const found = sumOf(join(dir, name), sum.startsWith(sumOfLink('')));
    if (found !== sum) throw bundleChanged(join(dir, name), found ?? 'none', sum);
  }
}

/** What is there is another file, a folder, or nothing. */
const NOT_IT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EINVAL', 'ELOOP']);

function sumOf(path: string, isLink: boolean): string | undefined {
  try {
    return isLink ? sumOfLink(readlinkSync(path)) : sumOfFile(readFileSync(path));
  } catch (error) {
    if (!NOT_IT.has((error as NodeJS.ErrnoException).code)) throw error;
    return undefined;
  }
}

/** The error for code that is not that of its run. */
export const bundleChanged = (path: string, found: string, expected: string): KtError =>
  new KtError({
    code: 'BUNDLE_CHANGED',
    path,
    message:
      `The code of this pod has the digest ${found}, and its run began with ${expected}: ` +
      'somebody changed it, or the image is another one.',
    hint: 'Deploy it again, and begin a new run.',
  });
