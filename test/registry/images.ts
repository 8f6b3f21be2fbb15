/** Small images for tests with a registry. */
import { gzipSync } from 'node:zlib';
import type { Credentials } from '../../packages/cli/src/registry/credentials.js';
import { parseImage } from '../../packages/cli/src/registry/image-name.js';
import { type Layer, makeLayer } from '../../packages/cli/src/registry/layer.js';
import { ociDigest, type RawManifest, Repository } from '../../packages/cli/src/registry/repository.js';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
/** Waits for nothing. */
export const AT_ONCE = { sleep: (): Promise<void> => Promise.resolve() };

/** A repository that is asked as one person. */
export const repositoryOf = (image: string, credentials: Credentials | null = null): Repository =>
  new Repository(parseImage(image), { credentials: async () => credentials, clock: AT_ONCE });

/** A layer with one file. */
export const layerWith = (text: string): Promise<Layer> =>
  makeLayer(new Map([['/kt/bundle/worker.mjs', { body: Buffer.from(text) }]]));

export const parsed = <T>(manifest: RawManifest | null): T =>
  JSON.parse(Buffer.from(manifest?.bytes ?? '').toString()) as T;

const raw = (value: object, mediaType: string): RawManifest => {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, mediaType, digest: ociDigest(bytes) };
};

/** What a manifest says, as far as tests look. */
export interface Manifest {
  config: { digest: string };
  layers: { digest: string; mediaType: string }[];
  manifests: { digest: string; platform: { os: string; architecture: string } }[];
}

/** Pushes an image of one layer; its manifest goes under its digest. */
export async function pushImage(
  target: Repository,
  architecture: string,
): Promise<{ manifest: RawManifest; layer: string }> {
  const plain = Buffer.alloc(1024, architecture);
  const layer = gzipSync(plain);
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture,
      config: { Cmd: ['node'] },
      rootfs: { type: 'layers', diff_ids: [ociDigest(plain)] },
    }),
  );
  await target.putBlob(layer);
  await target.putBlob(config);
  const described = (bytes: Uint8Array, mediaType: string): object => ({
    mediaType,
    digest: ociDigest(bytes),
    size: bytes.length,
  });
  const value = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: described(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [described(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')],
  };
  const manifest = raw(value, OCI_MANIFEST);
  await target.putManifest(manifest.digest, manifest);
  return { manifest, layer: ociDigest(layer) };
}

/** Pushes an image for one platform under a tag. */
export async function pushBase(target: Repository, tag = 'base'): Promise<{ layer: string }> {
  const { manifest, layer } = await pushImage(target, 'amd64');
  await target.putManifest(tag, manifest);
  return { layer };
}

/** Pushes an image for two platforms, with an attestation of one, under a tag. */
export async function pushIndex(target: Repository, tag = 'base'): Promise<void> {
  const manifests: object[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const { manifest } = await pushImage(target, architecture);
    const { bytes, digest, mediaType } = manifest;
    manifests.push({ mediaType, digest, size: bytes.length, platform: { os: 'linux', architecture } });
    if (architecture === 'amd64')
      manifests.push({
        mediaType,
        digest,
        size: bytes.length,
        platform: { os: 'unknown', architecture: 'unknown' },
      });
  }
  await target.putManifest(tag, raw({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX));
}
