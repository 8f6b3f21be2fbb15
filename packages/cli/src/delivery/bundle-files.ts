/** Reads the files of a bundle as pods find them: its own, and those of packages that stay outside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContextConfig } from '@kube-transform/sdk';
import type { Bundle } from '../bundle/make-bundle.js';

/** What pods run on. */
export interface PodImage {
  platform: ContextConfig['platform'];
  image: string;
}

/** Files and symbolic links by path below the bundle. */
export interface BundleFiles {
  files: Map<string, { body: Uint8Array; executable?: boolean }>;
  links: Map<string, string>;
}

/** Native code is fetched for it where no platform is named. */
export const DEFAULT_PLATFORM = 'linux/amd64';

/** The names of a bundle's own files. */
export const namesOf = ({ files }: Pick<Bundle, 'files'>): string[] =>
  [...Object.keys(files), 'functions.mjs'].sort();

/** The bundle's own files. */
export async function ownFiles(bundle: Pick<Bundle, 'dir' | 'files'>): Promise<BundleFiles> {
  const read = namesOf(bundle).map(
    async name => [name, { body: await readFile(join(bundle.dir, name)) }] as const,
  );
  return { files: new Map(await Promise.all(read)), links: new Map() };
}

/** All of them. @throws KtError `NATIVE_UNAVAILABLE`. */
export async function bundleFiles(bundle: Bundle, { platform, image }: PodImage): Promise<BundleFiles> {
  const { files, links } = await ownFiles(bundle);
  if (bundle.outside.length === 0) return { files, links };
  const { traceOutside } = await import('../bundle/trace-externals.js');
  const outside = await traceOutside(bundle.outside, bundle.projectDir, {
    cpu: (platform ?? DEFAULT_PLATFORM) === 'linux/arm64' ? 'arm64' : 'x64',
    libc: image.includes('alpine') ? 'musl' : 'glibc',
  });
  return { files: new Map([...files, ...outside.files]), links: outside.links };
}
