/** Finds out which cluster is meant, and opens a connection to it. */
import { omitUndefined } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime/internal';
import { KubeApi } from '@kube-transform/runtime/kubernetes';
import { type FoundConfig, loadConfig } from '../project/load-config.js';
import { type ClusterOptions, type ResolvedContext, resolveContext } from '../project/resolve-context.js';
import { kubeConnection } from './kube-connection.js';
import { remembered } from './last-cluster.js';
import { projectAround } from '../project/project-dir.js';

/** Where a context is looked for. */
interface ContextOptions {
  /** Whether what was used last counts. Default true. */
  last?: boolean;
  /** Default: where the process is. */
  cwd?: string;
  /** The configuration. Default: that of the project around `cwd`. */
  config?: FoundConfig | null;
}

/**
 * What holds for a cluster: what was typed, over the environment, over the project's configuration or what
 * was used last.
 */
export async function contextOf(
  typed: ClusterOptions,
  { last = true, cwd = process.cwd(), config: given }: ContextOptions = {},
): Promise<ResolvedContext> {
  const loading = given === undefined ? loadConfig(projectAround(cwd)) : given;
  const [config, used] = await Promise.all([loading, last ? remembered(cwd) : null]);
  return resolveContext({ typed, env: process.env, config, last: used });
}

/** The same without where it comes from. */
export async function withContext(
  typed: ClusterOptions,
  where: ContextOptions = {},
): Promise<ClusterOptions> {
  return (await contextOf(typed, where)).values;
}

/**
 * A connection to the cluster. `note`: told that it does not answer, while it is asked again. @throws KtError
 * where there is no such context, or no kubeconfig.
 */
export async function openCluster(
  options: Pick<ClusterOptions, 'context' | 'namespace' | 'kubeconfig'>,
  note?: (text: string) => void,
): Promise<KubeApi> {
  const onSilence = note;
  return new KubeApi(await kubeConnection(options), { clock: systemClock, ...omitUndefined({ onSilence }) });
}

/** `in namespace "jobs" of production`: where something was looked for or made, in messages. */
export const inNamespace = ({ namespace, connection }: Pick<KubeApi, 'namespace' | 'connection'>): string =>
  `in namespace "${namespace}" of ${connection.name}`;
