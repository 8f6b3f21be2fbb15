/** Remembers the cluster of the last command in `.kt/cluster.json`, for the next one. */
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { flag, Format, oneOf, optional, record, text } from '@kube-transform/runtime/internal';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { putOwnFile } from '../project/own-folder.js';
import { projectAround } from '../project/project-dir.js';
import type { ClusterOptions } from '../project/resolve-context.js';

/** What is kept beside the context, the namespace and the kubeconfig. */
const KEPT_OPTIONS = [
  'image',
  'imagePullPolicy',
  'store',
  'storeSecret',
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
const MEMORY = 'cluster.json';
const fileOf = (dir: string): string => join(projectAround(dir), '.kt', MEMORY);

const word = optional(text);

/** `.kt/cluster.json`. Where it cannot be read nothing is guessed: another cluster would be asked. */
export const LAST_CLUSTER = new Format<Remembered>({
  name: 'memory of the last cluster',
  code: 'BAD_MEMORY',
  hint: 'Delete it, and say once more where runs are: --context, --namespace.',
  shape: record<Remembered>({
    context: word,
    namespace: word,
    kubeconfig: word,
    image: word,
    imagePullPolicy: optional(oneOf('Always', 'IfNotPresent', 'Never')),
    store: word,
    storeSecret: word,
    volume: word,
    serviceAccount: word,
    delivery: optional(oneOf('bundle', 'registry', 'docker')),
    repository: word,
    platform: optional(oneOf('linux/amd64', 'linux/arm64')),
    insecureRegistry: optional(flag),
  }),
});

/**
 * What was used last in this project; null where there was nothing.
 *
 * @throws KtError `NEWER_FORMAT`, `BAD_MEMORY`.
 */
export async function remembered(dir = process.cwd()): Promise<Remembered | null> {
  const file = fileOf(dir);
  const bytes = await readFile(file).catch(() => null);
  return bytes === null ? null : LAST_CLUSTER.parse(bytes, relative(process.cwd(), file));
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
  const memory = LAST_CLUSTER.stamped({ ...kept, context, namespace, kubeconfig });
  await putOwnFile(projectAround(dir), MEMORY, JSON.stringify(memory, null, 2));
}
