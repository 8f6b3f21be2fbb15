/** Where in which cluster runs are: from what was typed, what was used last here, and the kubeconfig. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime';
import { type ClusterSettings, clusterSettings, type DataVolume, KubeApi } from '@kube-transform/runtime/kubernetes';
import { kubeConnection } from '../kube-connection.js';
import { projectDir } from '../project-dir.js';

/** What may be typed about a cluster. */
export interface ClusterOptions {
  context?: string;
  namespace?: string;
  kubeconfig?: string;
  image?: string;
  imagePullPolicy?: ClusterSettings['imagePullPolicy'];
  /** URL of the store, as pods open it. */
  store?: string;
  /** `pvc:NAME[:/mount/path]` or `host:/path[:/mount/path]`. */
  volume?: string;
  serviceAccount?: string;
  keepFinished?: boolean;
  maxPods?: number;
}

/** Kept in `.kt/cluster.json`, so that later commands know where the last run went. */
type Remembered = Pick<ClusterOptions, 'context' | 'namespace' | 'kubeconfig' | 'image' | 'imagePullPolicy' | 'store' | 'volume' | 'serviceAccount'>;

const MOUNT_PATH = '/mnt/data';
/** Name of the connection of a pod, which is no context. */
const IN_CLUSTER = 'in-cluster';
const fileOf = (dir: string): string => join(projectDir(join(dir, 'x')), '.kt', 'cluster.json');

/** What was used last in this project; nothing where there was nothing. */
export async function remembered(dir = process.cwd()): Promise<Remembered | null> {
  try {
    return JSON.parse(await readFile(fileOf(dir), 'utf8')) as Remembered;
  } catch {
    return null;
  }
}

/** Keeps where a run went, and how, for the next command. */
export async function remember(
  options: ClusterOptions,
  { namespace, connection }: Pick<KubeApi, 'namespace' | 'connection'>,
  dir = process.cwd(),
): Promise<void> {
  const { image, imagePullPolicy, store, volume, serviceAccount } = options;
  const kubeconfig = options.kubeconfig === undefined ? undefined : resolve(options.kubeconfig);
  const context = connection.name === IN_CLUSTER ? undefined : connection.name;
  const file = fileOf(dir);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(join(file, '..', '.gitignore'), '*\n');
  await writeFile(file, JSON.stringify({ context, namespace, kubeconfig, image, imagePullPolicy, store, volume, serviceAccount }, null, 2));
}

/** What was typed, over what was used last. */
export async function withRemembered(options: ClusterOptions): Promise<ClusterOptions> {
  const { context, kubeconfig, ...last } = (await remembered()) ?? {};
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ClusterOptions;
  // Another cluster or namespace has its own volumes and accounts.
  if ((given.context ?? context) !== context || (given.kubeconfig ?? kubeconfig) !== kubeconfig) return given;
  const place = { ...(context === undefined ? {} : { context }), ...(kubeconfig === undefined ? {} : { kubeconfig }) };
  return (given.namespace ?? last.namespace) === last.namespace ? { ...last, ...place, ...given } : { ...place, ...given };
}

/** A connection to the cluster. @throws KtError where there is no such context, or no kubeconfig. */
export async function openCluster(options: ClusterOptions): Promise<KubeApi> {
  const { context, namespace, kubeconfig } = options;
  const connection = await kubeConnection({
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  return new KubeApi(connection, { clock: systemClock });
}

/** The settings of a run. @throws KtError `NO_VOLUME`, `BAD_VOLUME`. */
export function settingsOf(options: ClusterOptions, namespace: string): ClusterSettings {
  const volume = options.volume === undefined ? null : parseVolume(options.volume);
  const store = options.store ?? (volume === null ? undefined : `file:${volume.mountPath}`);
  if (store === undefined || (volume === null && /^file:|^[./]/.test(store))) {
    throw new KtError({
      code: 'NO_VOLUME',
      path: '--volume',
      message:
        store === undefined ? 'The pods need a store for files and results.' : `The store "${store}" is a folder, and pods need a volume for it.`,
      hint: 'Give --volume pvc:CLAIM, or --volume host:/path for a cluster of one node.',
    });
  }
  const image = options.image ?? (process.env['KT_IMAGE'] || undefined);
  const { imagePullPolicy, serviceAccount, keepFinished, maxPods } = options;
  return clusterSettings({
    namespace,
    store,
    volume,
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(keepFinished === undefined ? {} : { keepFinished }),
    ...(maxPods === undefined ? {} : { maxPods }),
  });
}

function parseVolume(text: string): DataVolume {
  const [, kind, place, mountPath = MOUNT_PATH] = /^(pvc|host):([^:]+)(?::(\/[^:]*))?$/.exec(text) ?? [];
  if (kind === 'pvc' && place !== undefined && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(place)) return { claim: place, mountPath };
  if (kind === 'host' && place?.startsWith('/') === true) return { hostPath: place, mountPath };
  throw new KtError({
    code: 'BAD_VOLUME',
    path: '--volume',
    message: `"${text}" is no volume.`,
    hint: 'Write pvc:CLAIM or host:/path, each with :/mount/path at the end where it is not /mnt/data.',
  });
}
