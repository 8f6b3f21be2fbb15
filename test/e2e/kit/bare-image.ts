/** An image with one program and nothing else: no shell, no libraries, no users. */
import { readFile } from 'node:fs/promises';
import { parseImage } from '../../../packages/cli/src/registry/image-name.js';
import { makeLayer } from '../../../packages/cli/src/registry/layer.js';
import { ociDigest, Repository } from '../../../packages/cli/src/registry/repository.js';
import { pushArgs } from './registry.js';

/** Debian's `busybox-static` and many others: a program that needs no libraries. */
const PROGRAM = '/usr/bin/busybox';
const OCI = 'application/vnd.oci.image';

/**
 * Its name, which runs `/bin/cat`; the reason where there is no registry to push to, or no program for it.
 */
export async function bareImage(): Promise<{ image: string; why?: undefined } | { why: string }> {
  const { args, why } = await pushArgs();
  if (args === undefined) return { why };
  const body = await readFile(PROGRAM).catch(() => undefined);
  // A library loader is named in the head of a program that needs one.
  if (body === undefined || process.platform !== 'linux' || body.subarray(0, 4096).includes('ld-linux'))
    return { why: `no program without libraries at ${PROGRAM}` };
  const name = `${parseImage(args[1] ?? '').registry}/kt-e2e/bare:1`;
  const repository = new Repository(parseImage(name), { insecure: args.includes('--insecure-registry') });
  // What the program does follows from its name.
  const layer = await makeLayer(new Map([['/bin/cat', { body, executable: true }]]));
  const config = json({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/bin/cat'] },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  });
  for (const bytes of [layer.bytes, config])
    if (!(await repository.hasBlob(ociDigest(bytes)))) await repository.putBlob(bytes);
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, digest: ociDigest(config), size: config.length },
    layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, digest: layer.digest, size: layer.bytes.length }],
  });
  await repository.putManifest('1', {
    bytes: manifest,
    mediaType: `${OCI}.manifest.v1+json`,
    digest: ociDigest(manifest),
  });
  return { image: name };
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
