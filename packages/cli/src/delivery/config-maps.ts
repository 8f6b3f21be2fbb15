/**
 * The delivery "bundle": in ConfigMaps, which need neither a registry nor a builder. Their names follow from
 * the digest: publishing again what is there does nothing. They are shared by runs, and outlive them.
 */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import {
  bundleName,
  codeInEnv,
  codeName,
  type ConfigMap,
  splitIntoConfigMaps,
  type KubeApi,
  LABEL,
  packed,
  fileConfigMap,
  paths,
} from '@kube-transform/runtime/kubernetes';
import type { Bundle } from '../bundle/make-bundle.js';
import { withDrivers } from '../bundle/with-drivers.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { bundleFiles, ownFiles } from './bundle-files.js';
import type { DeliveredFiles } from './seal-bundle.js';
import type { Delivery, DeliveryOptions, PublishedBundle } from './delivery.js';

/** 15 MB: every deployment would leave as much in the memory of the cluster. */
const MOST_PARTS = 20;

/** Code is too large for the annotation that client-side apply leaves on objects. */
const GITOPS = { 'argocd.argoproj.io/sync-options': 'ServerSideApply=true' };

/** With `api` the ConfigMaps are created at once; without it they are told, for the caller to apply. */
export const configMaps = ({
  platform,
  api,
  config,
}: Pick<ClusterOptions, 'platform'> & Pick<DeliveryOptions, 'api' | 'config'> = {}): Delivery => ({
  deliver: async (plain, settings) => {
    const bundle = await withDrivers(plain, settings.store, config);
    const files = await bundleFiles(bundle, { platform, image: settings.image });
    const mounted = configMapsOf(bundle, files, settings.namespace);
    // Pods that have the data of a volume mount it, and what they load beside it.
    const code = settings.volume === null ? codeMap(files, settings.namespace) : null;
    const codeParts = code === null ? undefined : Object.keys(code.data ?? {}).length;
    const published = {
      digest: files.digest,
      parts: mounted.length,
      ...omitUndefined({ codeParts }),
      isNew: false,
    };
    const objects = [...mounted, ...(code === null ? [] : [code])];
    if (api === undefined) return { published, settings, objects };
    return { published: { ...published, isNew: await createMissing(api, objects) }, settings, objects: [] };
  },
});

/**
 * Creates the ConfigMaps of a bundle, without the packages outside it. @throws KtError `BUNDLE_TOO_LARGE`,
 * and what the cluster refuses.
 */
export async function publishBundle(
  api: KubeApi,
  bundle: Pick<Bundle, 'digest' | 'dir' | 'files'>,
): Promise<PublishedBundle> {
  const objects = configMapsOf(bundle, await ownFiles(bundle), api.namespace);
  return { digest: bundle.digest, parts: objects.length, isNew: await createMissing(api, objects) };
}

function configMapsOf(
  { dir }: Pick<Bundle, 'dir'>,
  { digest, files, links }: DeliveredFiles,
  namespace: string,
): ConfigMap[] {
  const bodies = new Map([...files].map(([name, { body }]) => [name, body]));
  const parts = splitIntoConfigMaps(packed(bodies, links));
  if (parts === undefined || parts.length > MOST_PARTS) {
    const bytes = [...bodies.values()].reduce((sum, body) => sum + body.length, 0);
    throw new KtError({
      code: 'BUNDLE_TOO_LARGE',
      path: dir,
      message: `The bundle has ${(bytes / 2 ** 20).toFixed(1)} MiB, which is too much for ConfigMaps.`,
      hint: 'Put it into an image: --delivery registry --repository NAME. kt bundle --analyze shows what makes it large.',
    });
  }
  return parts.map((part, n) =>
    fileConfigMap(part, { name: bundleName(digest, n), namespace, ...marks(digest) }),
  );
}

/** What workers load, for their environment; null where it is too large for that. */
function codeMap({ digest, files, links }: DeliveredFiles, namespace: string): ConfigMap | null {
  const data = codeInEnv(new Map([...files].map(([name, { body }]) => [name, body])), links);
  if (data === null) return null;
  const metadata = { name: codeName(digest), namespace, ...marks(digest) };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, data };
}

/** By which a bundle's objects are known. */
const marks = (digest: string): Pick<ConfigMap['metadata'], 'labels' | 'annotations'> => ({
  labels: { [LABEL.managedBy]: 'kt', [LABEL.component]: 'bundle', [LABEL.bundle]: digest },
  annotations: GITOPS,
});

/**
 * Makes what is missing. True where one was missing. That the rest is used is said when the run is there,
 * because it costs a write of the whole each time.
 */
async function createMissing(api: KubeApi, objects: readonly ConfigMap[]): Promise<boolean> {
  let isNew = false;
  for (const object of objects) {
    const path = paths.configMaps(api.namespace, object.metadata.name);
    if ((await api.get(path, { isBrief: true })) !== null) continue;
    if ((await api.create(paths.configMaps(api.namespace), object)) !== null) isNew = true;
  }
  return isNew;
}
