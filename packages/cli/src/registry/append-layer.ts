/*
 * Makes an image of another one and a layer, and pushes it, without a Docker daemon and without pulling the
 * base.
 *
 * AL1 For every platform of the base that is wanted, the same layer; an index where the base has one.
 * AL2 The manifest goes last: an image that is there is whole.
 */
import { KtError } from '@kube-transform/sdk';
import {
  type Descriptor,
  type ImageConfig,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from './image-documents.js';
import { imageText } from './image-name.js';
import type { Layer } from './layer.js';
import { ociDigest, type RawManifest, type Repository } from './repository.js';

const OCI = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const isIndex = ({ mediaType }: { mediaType: string }): boolean =>
  mediaType === OCI.index || mediaType.includes('manifest.list');

/** What is put onto what. */
export interface Append {
  base: Repository;
  target: Repository;
  tag: string;
  layer: Layer;
  /** `linux/amd64`, …; default: all that the base has. */
  platforms?: readonly string[] | undefined;
  progress?: (text: string) => void;
  /** False: nothing is sent, and only what the image would be is told. Default true. */
  push?: boolean;
}

/** What was pushed. */
export interface Pushed {
  /** Digest of the image: an index where the base is one. */
  digest: string;
  /** False where it was there already. */
  isNew: boolean;
}

/** @throws KtError `NO_BASE_IMAGE`, `NO_PLATFORM`, and what registries refuse. */
export async function appendLayer(append: Append): Promise<Pushed> {
  const { base, target, tag, platforms, push = true } = append;
  const reference = base.name.digest ?? base.name.tag ?? 'latest';
  const found = await base.manifest(reference);
  if (found === null) {
    const { registry, repository } = base.name;
    throw new KtError({
      code: 'NO_BASE_IMAGE',
      path: 'image',
      message: `The registry ${registry} has no image ${repository}:${reference}.`,
      hint: 'Say which image to build upon: --image.',
    });
  }
  if (!isIndex(found)) {
    const image = await appendTo(append, found, platforms);
    return {
      digest: image.digest,
      isNew: push ? await target.putManifest(tag, image) : (await target.manifest(image.digest)) === null,
    };
  }
  const index = parseIndex(found.bytes, imageText(base.name));
  // Attestations are of the base, not of what is made of it.
  const wanted = index.manifests.filter(
    ({ platform }) =>
      platform !== undefined &&
      platform.os !== 'unknown' &&
      (platforms?.includes(platformText(platform)) ?? true),
  );
  if (wanted.length === 0) {
    const there = index.manifests.flatMap(({ platform }) =>
      platform === undefined || platform.os === 'unknown' ? [] : [platformText(platform)],
    );
    throw noPlatform(base, platforms ?? [], there);
  }
  const manifests: Descriptor[] = [];
  for (const { digest, platform } of wanted) {
    const manifest = await base.manifest(digest);
    if (manifest === null)
      throw new KtError({
        code: 'NO_BASE_IMAGE',
        path: 'image',
        message: `The base has no manifest ${digest}, which its index names.`,
      });
    const image = await appendTo(append, manifest);
    if (push) await target.putManifest(image.digest, image);
    manifests.push({
      mediaType: image.mediaType,
      digest: image.digest,
      size: image.bytes.length,
      platform,
    });
  }
  const image = rawOf({ schemaVersion: 2, mediaType: found.mediaType, manifests }, found.mediaType);
  return {
    digest: image.digest,
    isNew: push ? await target.putManifest(tag, image) : (await target.manifest(image.digest)) === null,
  };
}

function noPlatform({ name }: Repository, wanted: readonly string[], there: readonly string[]): KtError {
  const message = `The image ${imageText(name)} has none of the platforms ${wanted.join(', ')}.`;
  const hint =
    there.length === 0 ? 'Say which image to build upon: --image.' : `It has: ${there.join(', ')}.`;
  return new KtError({ code: 'NO_PLATFORM', path: 'image', message, hint });
}

const platformText = ({ os, architecture, variant }: NonNullable<Descriptor['platform']>): string =>
  [
    os,
    architecture,
    ...(variant === undefined || architecture === 'amd64' || architecture === 'arm64' ? [] : [variant]),
  ].join('/');

function rawOf(value: object, mediaType: string): RawManifest {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, mediaType, digest: ociDigest(bytes) };
}

/**
 * One platform's image with the layer on top, its blobs pushed; its manifest is not. `platforms`: what it may
 * be for, where an index has not said.
 */
async function appendTo(
  { base, target, layer, push = true, progress = () => undefined }: Append,
  found: RawManifest,
  platforms?: readonly string[],
): Promise<RawManifest> {
  const from = imageText(base.name);
  const manifest = parseManifest(found.bytes, from);
  const isDocker = found.mediaType.includes('docker');
  const config = parseImageConfig(await base.blob(manifest.config.digest), from);
  const { os = 'linux', architecture = 'amd64', variant } = config;
  const platform = platformText({ os, architecture, variant });
  if (platforms?.includes(platform) === false) throw noPlatform(base, platforms, [platform]);
  const made: ImageConfig = {
    ...config,
    rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, layer.diffId] },
    history: [
      ...(config.history ?? []),
      { created: '1970-01-01T00:00:00Z', created_by: 'kt', comment: 'functions' },
    ],
  };
  const body = Buffer.from(JSON.stringify(made));
  if (push) {
    for (const { digest, size } of manifest.layers) await carry({ base, target, digest, size, progress });
    await send(target, layer.bytes, { digest: layer.digest, progress });
    await send(target, body, { digest: ociDigest(body), progress });
  }
  return rawOf(
    {
      ...manifest,
      mediaType: found.mediaType === '' ? OCI.manifest : found.mediaType,
      config: {
        ...manifest.config,
        mediaType: manifest.config.mediaType || OCI.config,
        digest: ociDigest(body),
        size: body.length,
      },
      layers: [
        ...manifest.layers,
        { mediaType: isDocker ? DOCKER_LAYER : OCI.layer, digest: layer.digest, size: layer.bytes.length },
      ],
    },
    found.mediaType === '' ? OCI.manifest : found.mediaType,
  );
}

interface Carry {
  base: Repository;
  target: Repository;
  digest: string;
  size: number;
  progress: (text: string) => void;
}

/**
 * Brings a blob of the base into the target: mounted where both are in one registry, else fetched and sent.
 */
async function carry({ base, target, digest, size, progress }: Carry): Promise<void> {
  if (await target.hasBlob(digest)) return;
  if (base.name.registry === target.name.registry && (await target.mountBlob(digest, base.name.repository)))
    return;
  progress(`copying ${digest.slice(7, 19)} of the base image, ${(size / 2 ** 20).toFixed(1)} MiB`);
  await target.putBlob(await base.blob(digest));
}

async function send(
  target: Repository,
  bytes: Uint8Array,
  { digest, progress }: { digest: string; progress: (text: string) => void },
): Promise<void> {
  if (await target.hasBlob(digest)) return;
  progress(`pushing ${digest.slice(7, 19)}, ${(bytes.length / 2 ** 20).toFixed(1)} MiB`);
  await target.putBlob(bytes);
}
