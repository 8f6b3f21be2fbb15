/** Remembers the cluster of the last command in `.kt/cluster.json`, for the next one. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { projectAround } from '../project/project-dir.js';
import type { ClusterOptions } from '../project/resolve-context.js';

/** What is kept beside the context, the namespace and the kubeconfig. */
const KEPT_OPTIONS = [
  'image',
  'imagePullPolicy',
  'store',
  'volume',
  'serviceAccount',
  'delivery',
  'repository',
  'platform',
  'insecureRegistry',
] as const satisfies readonly (keyof ClusterOptions)[];
type Remembered = Pick<
  ClusterOptions,
  'context' | 'namespace' | 'kubeconfig' | (typeof KEPT_OPTIONS)[number]
>;

/** Name of the connection that a pod has, which is not that of a context. */
const IN_CLUSTER = 'in-cluster';
const fileOf = (dir: string): string => join(projectAround(dir), '.kt', 'cluster.json');

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
  const kept = Object.fromEntries(KEPT_OPTIONS.map(key => [key, options[key]]));
  const kubeconfig = options.kubeconfig === undefined ? undefined : resolve(options.kubeconfig);
  const context = connection.name === IN_CLUSTER ? undefined : connection.name;
  const file = fileOf(dir);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(join(file, '..', '.gitignore'), '*\n');
  await writeFile(file, JSON.stringify({ ...kept, context, namespace, kubeconfig }, null, 2));
}
