/** Reads the files of a bundle as pods find them: its own, and those of packages that stay outside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContextConfig } from '@kube-transform/sdk';
import { INDEX } from '@kube-transform/runtime/internal';
import type { Bundle } from '../bundle/make-bundle.js';
import { type DeliveredFiles, sealed } from './seal-bundle.js';

/** What pods run on. */
export interface PodImage {
  platform: ContextConfig['platform'];
  image: string;
}

/** Native code is fetched for it where no platform is named. */
export const DEFAULT_PLATFORM = 'linux/amd64';

/** The names of a bundle's own files. */
export const namesOf = ({ files }: Pick<Bundle, 'files'>): string[] => [...Object.keys(files), INDEX].sort();

/** The bundle's own files. */
export async function ownFiles(bundle: Pick<Bundle, 'digest' | 'dir' | 'files'>): Promise<DeliveredFiles> {
  const read = namesOf(bundle).map(
    async name => [name, { body: await readFile(join(bundle.dir, name)) }] as const,
  );
  return { digest: bundle.digest, files: new Map(await Promise.all(read)), links: new Map() };
}

/**
 * All of them, with the digest that counts all: another one for each platform where packages are outside.
 *
 * @throws KtError `NATIVE_UNAVAILABLE`.
 */
export async function bundleFiles(bundle: Bundle, { platform, image }: PodImage): Promise<DeliveredFiles> {
  const own = await ownFiles(bundle);
  if (bundle.outside.length === 0) return own;
  const { traceOutside } = await import('../bundle/trace-externals.js');
  const cpu = (platform ?? DEFAULT_PLATFORM) === 'linux/arm64' ? 'arm64' : 'x64';
  const libc = image.includes('alpine') ? 'musl' : 'glibc';
  const outside = await traceOutside(bundle.outside, bundle.projectDir, { cpu, libc });
  return sealed(own.files, outside, `linux/${cpu}/${libc}`);
}
