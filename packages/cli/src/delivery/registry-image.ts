/** The delivery "registry": the bundle as a layer upon the image of the context, pushed without a builder. */
import { MOUNT } from '@kube-transform/runtime/kubernetes';
import { withDrivers } from '../bundle/with-drivers.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { appendLayer } from '../registry/append-layer.js';
import { imageText, parseImage } from '../registry/image-name.js';
import { type LayerFile, makeLayer } from '../registry/layer.js';
import { Repository } from '../registry/repository.js';
import { bundleFiles, DEFAULT_PLATFORM } from './bundle-files.js';
import type { BundleFiles } from './seal-bundle.js';
import { type Delivery, noRepository } from './delivery.js';

/** With `dryRun` nothing is pushed; only what the image would be is told. */
export const registryImage = (
  { repository, insecureRegistry: insecure, platform }: ClusterOptions,
  { dryRun, progress }: { dryRun: boolean; progress: (text: string) => void },
): Delivery => ({
  deliver: async (plain, settings) => {
    if (repository === undefined) throw noRepository('registry');
    const bundle = await withDrivers(plain, settings.store);
    const files = await bundleFiles(bundle, { platform, image: settings.image });
    const tag = files.digest;
    const target = new Repository({ ...parseImage(repository), tag, digest: null }, { insecure });
    const from = parseImage(settings.image);
    const base = new Repository(from, from.registry === target.name.registry ? { insecure } : {});
    const layer = await makeLayer(layerFiles(files));
    const isNative = bundle.outside.some(({ native }) => native);
    const { digest, isNew } = await appendLayer({
      base,
      target,
      tag,
      layer,
      push: !dryRun,
      progress,
      // Native code is for one platform.
      platforms: isNative ? [platform ?? DEFAULT_PLATFORM] : undefined,
    });
    return {
      published: { digest: files.digest, parts: 0, isNew },
      settings: {
        ...settings,
        image: imageText({ ...target.name, digest }),
        imagePullPolicy: 'IfNotPresent',
      },
      objects: [],
    };
  },
});

function layerFiles({ files, links }: BundleFiles): Map<string, LayerFile> {
  const pathOf = (name: string): string => `${MOUNT.bundle}/${name}`;
  const layer = new Map<string, LayerFile>();
  for (const [name, file] of files) layer.set(pathOf(name), file);
  for (const [name, link] of links) layer.set(pathOf(name), { link });
  return layer;
}
