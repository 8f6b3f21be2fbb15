/**
 * A bundle in ConfigMaps. Their names follow from its digest: publishing again what is there does nothing.
 * Bundles are shared and outlive runs.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import {
  bundleName,
  type ConfigMap,
  splitIntoConfigMaps,
  type KubeApi,
  LABEL,
  packed,
  fileConfigMap,
  paths,
} from '@kube-transform/runtime/kubernetes';
import type { Bundle } from '../bundle/make-bundle.js';
import type { OutsideFiles } from '../bundle/trace-externals.js';

const NOTHING: OutsideFiles = { files: new Map(), links: new Map() };
/** 15 MB: every deployment would leave as much in the memory of the cluster. */
const MAX_PARTS = 20;

/** Code is too large for the annotation that client-side apply leaves on objects. */
const GITOPS = { 'argocd.argoproj.io/sync-options': 'ServerSideApply=true' };

/** A bundle in the cluster. */
export interface PublishedBundle {
  digest: string;
  parts: number;
  /** False where it was there already. */
  isNew: boolean;
}

/** The ConfigMaps of a bundle, named by its digest. @throws KtError `BUNDLE_TOO_LARGE`. */
export async function bundleConfigMaps(
  { digest, dir, files: listed }: Pick<Bundle, 'digest' | 'dir' | 'files'>,
  namespace: string,
  outside: OutsideFiles = NOTHING,
): Promise<ConfigMap[]> {
  const names = [...Object.keys(listed), 'functions.mjs'].sort();
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, await readFile(join(dir, name)));
  for (const [name, { body }] of outside.files) files.set(name, body);
  const parts = splitIntoConfigMaps(packed(files, outside.links));
  if (parts === undefined || parts.length > MAX_PARTS) {
    const bytes = [...files.values()].reduce((sum, body) => sum + body.length, 0);
    throw new KtError({
      code: 'BUNDLE_TOO_LARGE',
      path: dir,
      message: `The bundle has ${(bytes / 2 ** 20).toFixed(1)} MiB, which is too much for ConfigMaps.`,
      hint: 'Put it into an image: --delivery registry --repository NAME. kt bundle --analyze shows what weighs.',
    });
  }
  const labels = { [LABEL.managedBy]: 'kt', [LABEL.component]: 'bundle', [LABEL.bundle]: digest };
  return parts.map((part, n) =>
    fileConfigMap(part, { name: bundleName(digest, n), namespace, labels, annotations: GITOPS }),
  );
}

/** Puts a bundle into ConfigMaps. @throws KtError `BUNDLE_TOO_LARGE`, and what the cluster refuses. */
export async function publishBundle(
  api: KubeApi,
  bundle: Pick<Bundle, 'digest' | 'dir' | 'files'>,
  outside: OutsideFiles = NOTHING,
): Promise<PublishedBundle> {
  const parts = await bundleConfigMaps(bundle, api.namespace, outside);
  let isNew = false;
  for (const part of parts) {
    const found = await api.get<ConfigMap>(paths.configMaps(api.namespace, part.metadata.name));
    if (found === null && (await api.create(paths.configMaps(api.namespace), part)) !== null) isNew = true;
  }
  return { digest: bundle.digest, parts: parts.length, isNew };
}
