/**
 * The delivery "docker": an image with the bundle, made by a builder that is installed, or by the user's own.
 */
import { withDrivers } from '../bundle/with-drivers.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { kubeconfigFiles, readKubeconfig } from '../cluster/kubeconfig.js';
import { imageText, parseImage } from '../registry/image-name.js';
import { Repository } from '../registry/repository.js';
import { buildImage, dockerTag } from './build-image.js';
import { type Delivery, noRepository } from './delivery.js';
import { localCluster } from './image-builders.js';

/** Images of a cluster on this machine are in no registry. */
const LOCAL_REPOSITORY = 'localhost/kt-pipelines';

/**
 * A build command of the user's makes the very image that the context names, where no repository is named.
 * With `dryRun` nothing is built.
 */
export const dockerImage = (
  context: ClusterOptions,
  { dryRun, progress }: { dryRun: boolean; progress: (text: string) => void },
): Delivery => ({
  deliver: async (plain, settings) => {
    const { repository, build, platform, insecureRegistry: insecure } = context;
    const local = localCluster(await kubeContextOf(context));
    if (repository === undefined && local === undefined && build === undefined) throw noRepository('docker');
    const bundle = await withDrivers(plain, settings.store);
    const how = { bundle, base: settings.image, platform, insecure, build, local, progress };
    const published = { digest: bundle.digest, parts: 0 };
    if (build !== undefined && repository === undefined) {
      if (!dryRun) await buildImage({ ...how, image: settings.image });
      return { published: { ...published, isNew: !dryRun }, settings, objects: [] };
    }
    const name = {
      ...parseImage(repository ?? LOCAL_REPOSITORY),
      tag: await dockerTag(bundle, how),
      digest: null,
    };
    // Only a registry can say that an image is there; for a cluster of this machine it is built each time.
    const registry = local === undefined ? new Repository(name, { insecure }) : null;
    // Whether the builder may push is between it and the registry.
    const digestThere = async (): Promise<string | null> =>
      (await registry?.manifest(name.tag).catch(() => null))?.digest ?? null;
    const found = build === undefined ? await digestThere() : null;
    if (!dryRun && found === null) await buildImage({ ...how, image: imageText(name) });
    const image = imageText({ ...name, digest: found ?? (await digestThere()) });
    return {
      published: { ...published, isNew: found === null },
      settings: { ...settings, image, imagePullPolicy: 'IfNotPresent' },
      objects: [],
    };
  },
});

/** The context of the kubeconfig that is meant; empty where there is none. */
async function kubeContextOf({ context, kubeconfig }: ClusterOptions): Promise<string> {
  if (context !== undefined) return context;
  const files = kubeconfigFiles(kubeconfig, process.env);
  return readKubeconfig(files).then(
    config => config.getCurrentContext(),
    () => '',
  );
}
