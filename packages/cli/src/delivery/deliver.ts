/** Brings a bundle to where pods find it: in ConfigMaps, or in an image. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Delivery, KtError } from '@kube-transform/sdk';
import {
  type ClusterSettings,
  type KubeApi,
  type KubeObject,
  MOUNT,
} from '@kube-transform/runtime/kubernetes';
import type { OutsideFiles } from '../bundle/trace-externals.js';
import type { Bundle } from '../bundle/make-bundle.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { localCluster } from './image-builders.js';
import { buildImage, dockerTag } from './docker-image.js';
import { bundleConfigMaps, publishBundle, type PublishedBundle } from './config-maps.js';
import { kubeconfigFiles, readKubeconfig } from '../cluster/kubeconfig.js';
import { appendLayer } from '../registry/append-layer.js';
import { imageText, parseImage } from '../registry/image-name.js';
import { type LayerFile, makeLayer } from '../registry/layer.js';
import { Repository } from '../registry/repository.js';

const DEFAULT_PLATFORM = 'linux/amd64';

/** A bundle that pods find. */
export interface Delivered {
  delivery: Delivery;
  published: PublishedBundle;
  /** With the image that holds the bundle, where one does. */
  settings: ClusterSettings;
  /** To be applied. */
  objects: KubeObject[];
}

/** How to deliver. */
export interface DeliverOptions {
  options: ClusterOptions;
  settings: ClusterSettings;
  /** Push nothing; only say what would come of it. */
  dryRun: boolean;
  progress: (text: string) => void;
}

/** @throws KtError `NO_REPOSITORY`, and what a registry or a build refuses. */
export async function deliver(
  bundle: Bundle,
  { options, settings, dryRun, progress }: DeliverOptions,
): Promise<Delivered> {
  const delivery =
    options.delivery ??
    (options.build !== undefined ? 'docker' : options.repository !== undefined ? 'registry' : 'bundle');
  switch (delivery) {
    case 'bundle': {
      const objects = await bundleConfigMaps(
        bundle,
        settings.namespace,
        await outsideOf(bundle, options, settings),
      );
      return {
        delivery,
        settings,
        objects,
        published: { digest: bundle.digest, parts: objects.length, isNew: false },
      };
    }
    case 'registry':
      return {
        delivery,
        objects: [],
        ...(await byRegistry(bundle, { options, settings, dryRun, progress })),
      };
    case 'docker':
      return { delivery, objects: [], ...(await byDocker(bundle, { options, settings, dryRun, progress })) };
  }
}

async function byRegistry(
  bundle: Bundle,
  { options, settings, dryRun, progress }: DeliverOptions,
): Promise<{ published: PublishedBundle; settings: ClusterSettings }> {
  const { repository } = options;
  if (repository === undefined) throw noRepository('registry');
  const insecure = options.insecureRegistry;
  const reach = insecure === undefined ? {} : { insecure };
  const target = new Repository({ ...parseImage(repository), tag: bundle.digest, digest: null }, reach);
  const base = new Repository(
    parseImage(settings.image),
    target.name.registry === parseImage(settings.image).registry ? reach : {},
  );
  const outside = await outsideOf(bundle, options, settings);
  const layer = await makeLayer(await layerFiles(bundle, outside));
  // Native code is for one platform.
  const platforms = bundle.outside.some(({ native }) => native)
    ? { platforms: [options.platform ?? DEFAULT_PLATFORM] }
    : {};
  const { digest, isNew } = await appendLayer({
    base,
    target,
    tag: bundle.digest,
    layer,
    push: !dryRun,
    progress,
    ...platforms,
  });
  return {
    published: { digest: bundle.digest, parts: 0, isNew },
    settings: { ...settings, image: imageText({ ...target.name, digest }), imagePullPolicy: 'IfNotPresent' },
  };
}

/** Images of a cluster on this machine are in no registry. */
const LOCAL_REPOSITORY = 'localhost/kt-pipelines';

/**
 * A build command of the user's makes the very image that the context names, where no repository is named.
 */
async function byDocker(
  bundle: Bundle,
  { options, settings, dryRun, progress }: DeliverOptions,
): Promise<Pick<Delivered, 'published' | 'settings'>> {
  const { repository, build, platform, insecureRegistry: insecure } = options;
  const local = localCluster(await kubeContextOf(options));
  const how = { bundle, base: settings.image, platform, insecure, build, local, progress };
  if (build !== undefined && repository === undefined) {
    if (!dryRun) await buildImage({ ...how, image: settings.image });
    return { published: { digest: bundle.digest, parts: 0, isNew: !dryRun }, settings };
  }
  if (repository === undefined && local === undefined) throw noRepository('docker');
  const name = {
    ...parseImage(repository ?? LOCAL_REPOSITORY),
    tag: await dockerTag(bundle, how),
    digest: null,
  };
  // Only a registry can say that an image is there; one of a cluster of this machine is built and loaded each
  // time.
  const asked = local === undefined ? new Repository(name, insecure === undefined ? {} : { insecure }) : null;
  // Whether the builder may push is between it and the registry.
  const digestOf = async (): Promise<string | null> =>
    (await asked?.manifest(name.tag).catch(() => null))?.digest ?? null;
  const found = build === undefined ? await digestOf() : null;
  if (!dryRun && found === null) await buildImage({ ...how, image: imageText(name) });
  const image = imageText({ ...name, digest: found ?? (await digestOf()) });
  const published = { digest: bundle.digest, parts: 0, isNew: found === null };
  return { published, settings: { ...settings, image, imagePullPolicy: 'IfNotPresent' } };
}

/** The context of the kubeconfig that is meant; empty where there is none. */
async function kubeContextOf({ context, kubeconfig }: ClusterOptions): Promise<string> {
  if (context !== undefined) return context;
  const files = kubeconfigFiles(kubeconfig, process.env);
  return readKubeconfig(files).then(
    config => config.getCurrentContext(),
    () => '',
  );
}

const noRepository = (delivery: Delivery): KtError =>
  new KtError({
    code: 'NO_REPOSITORY',
    path: '--repository',
    message: `The delivery "${delivery}" needs a repository to push to.`,
    hint: 'Say which: --repository registry.example/team/pipelines, or repository in kt.config.ts.',
  });

/** The files of a bundle, and of packages outside it, where pods look for them. */
async function layerFiles(
  { dir, files }: Pick<Bundle, 'dir' | 'files'>,
  outside: OutsideFiles,
): Promise<Map<string, LayerFile>> {
  const names = [...Object.keys(files), 'functions.mjs'].sort();
  const own = await Promise.all(
    names.map(async name => [name, { body: await readFile(join(dir, name)) }] as const),
  );
  const links = [...outside.links].map(([name, link]) => [name, { link }] as const);
  return new Map(
    [...own, ...outside.files, ...links].map(([name, file]): [string, LayerFile] => [
      `${MOUNT.bundle}/${name}`,
      file,
    ]),
  );
}

/** The packages outside a bundle, for the platform of the pods. */
async function outsideOf(
  { outside, dir }: Bundle,
  { platform = DEFAULT_PLATFORM }: ClusterOptions,
  { image }: ClusterSettings,
): Promise<OutsideFiles> {
  if (outside.length === 0) return { files: new Map(), links: new Map() };
  const { traceOutside } = await import('../bundle/trace-externals.js');
  const cpu = platform === 'linux/arm64' ? 'arm64' : 'x64';
  return traceOutside(outside, join(dir, '..', '..', '..'), {
    cpu,
    libc: image.includes('alpine') ? 'musl' : 'glibc',
  });
}

/** Brings a bundle to where pods find it; the settings of pods that do. */
export type Deliver = (
  bundle: Bundle,
  settings: ClusterSettings,
) => Promise<Pick<Delivered, 'published' | 'settings'>>;

/** The delivery that is wanted, for a run from the source. */
export const delivery =
  (api: KubeApi, options: ClusterOptions, progress: (text: string) => void): Deliver =>
  async (bundle, settings) => {
    const delivered = await deliver(bundle, { options, settings, dryRun: false, progress });
    if (delivered.objects.length === 0) return delivered;
    return {
      settings,
      published: await publishBundle(api, bundle, await outsideOf(bundle, options, settings)),
    };
  };
