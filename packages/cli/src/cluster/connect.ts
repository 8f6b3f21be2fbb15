/** Where in which cluster runs are: from what was typed, what was used last here, and the kubeconfig. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ContextDefaults, KtError } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime';
import {
  type ClusterSettings,
  clusterSettings,
  type DataVolume,
  KubeApi,
} from '@kube-transform/runtime/kubernetes';
import { loadConfig } from '../project/load-config.js';
import { type ClusterChoice, type ResolvedContext, resolveContext } from '../project/resolve-context.js';
import { kubeConnection } from './kube-connection.js';
import { projectDir } from '../project/project-dir.js';

/**
 * What may be said about a cluster; see `ContextConfig`. The context is one of the configuration, or of the
 * kubeconfig.
 */
export type ClusterOptions = ClusterChoice;

/** Kept in `.kt/cluster.json`, so that later commands know where the last run went. */
const REMEMBERED = [
  'image',
  'imagePullPolicy',
  'store',
  'volume',
  'serviceAccount',
  'delivery',
  'repository',
  'platform',
  'insecureRegistry',
] as const satisfies readonly (keyof ClusterChoice)[];
type Remembered = Pick<ClusterChoice, 'context' | 'namespace' | 'kubeconfig' | (typeof REMEMBERED)[number]>;

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
  const kept = Object.fromEntries(REMEMBERED.map(key => [key, options[key]]));
  const kubeconfig = options.kubeconfig === undefined ? undefined : resolve(options.kubeconfig);
  const context = connection.name === IN_CLUSTER ? undefined : connection.name;
  const file = fileOf(dir);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(join(file, '..', '.gitignore'), '*\n');
  await writeFile(file, JSON.stringify({ ...kept, context, namespace, kubeconfig }, null, 2));
}

/**
 * What holds for a cluster: what was typed, over the environment, over the project's configuration or what
 * was used last.
 */
export async function contextOf(
  typed: ClusterOptions,
  { last = true, cwd = process.cwd() } = {},
): Promise<ResolvedContext> {
  const dir = projectDir(join(cwd, 'x'));
  const [config, used] = await Promise.all([loadConfig(dir), last ? remembered(cwd) : null]);
  return resolveContext({ typed, env: process.env, config, last: used });
}

/** The same without where it comes from. */
export async function withContext(
  typed: ClusterOptions,
  where: { last?: boolean } = {},
): Promise<ClusterOptions> {
  return (await contextOf(typed, where)).values;
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
        store === undefined
          ? 'The pods need a store for files and results.'
          : `The store "${store}" is a folder, and pods need a volume for it.`,
      hint: 'Give --volume pvc:CLAIM, or --volume host:/path for a cluster of one node.',
    });
  }
  const { image, imagePullPolicy, serviceAccount, keepFinished, maxPods, defaults } = options;
  return clusterSettings({
    namespace,
    store,
    volume,
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(keepFinished === undefined ? {} : { keepFinished }),
    ...(maxPods === undefined ? {} : { maxPods }),
    ...(defaults?.kubernetes === undefined ? {} : { defaults: defaults.kubernetes }),
    ...(defaults?.env === undefined ? {} : { env: defaults.env }),
  });
}

/** What a context says of all steps; the rest of it is in the settings. */
export function stepDefaults({ defaults }: ClusterOptions): Omit<ContextDefaults, 'kubernetes' | 'env'> {
  const { kubernetes, env, ...steps } = defaults ?? {};
  return steps;
}

function parseVolume(text: string): DataVolume {
  const [, kind, place, mountPath = MOUNT_PATH] = /^(pvc|host):([^:]+)(?::(\/[^:]*))?$/.exec(text) ?? [];
  if (kind === 'pvc' && place !== undefined && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(place))
    return { claim: place, mountPath };
  if (kind === 'host' && place?.startsWith('/') === true) return { hostPath: place, mountPath };
  throw new KtError({
    code: 'BAD_VOLUME',
    path: '--volume',
    message: `"${text}" is no volume.`,
    hint: 'Write pvc:CLAIM or host:/path, each with :/mount/path at the end where it is not /mnt/data.',
  });
}
