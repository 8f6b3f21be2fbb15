/** Checks a cluster, a namespace, and the room in it. */
import { isKtError, type KTJob } from '@kube-transform/sdk';
import {
  type ClusterSettings,
  isKubeError,
  type KubeApi,
  type KubeObject,
  paths,
} from '@kube-transform/runtime/kubernetes';
import { checkClusterVersion } from '../cluster/cluster-version.js';
import { type Finding, fine, looked, problem, skipped } from './finding.js';
import {
  type Demand,
  type LimitRange,
  limitFindings,
  type ClusterNode,
  nodeFindings,
  type Quota,
  quotaFindings,
} from './plan-checks.js';

const ASK_FOR_MS = 3000;

/** Whether the API server answers, and is new enough. */
export async function apiFindings(api: KubeApi): Promise<Finding[]> {
  const { name, server } = api.connection;
  try {
    const version = await api.get<{ gitVersion?: string }>(paths.version, { retryForMs: ASK_FOR_MS });
    await checkClusterVersion(api);
    return [fine('api', `${name} at ${server} runs Kubernetes ${version?.gitVersion ?? ''}.`)];
  } catch (error) {
    if (!isKtError(error)) throw error;
    const [first] = error.problems;
    return [problem('api', first?.message ?? error.message, first?.hint ?? '')];
  }
}

/** Whether the namespace is there. */
export async function namespaceFindings(api: KubeApi): Promise<Finding[]> {
  try {
    const found = await api.get<KubeObject>(paths.namespaces(api.namespace));
    if (found === null)
      return [
        problem(
          'namespace',
          `There is no namespace "${api.namespace}".`,
          `kubectl create namespace ${api.namespace}`,
        ),
      ];
    if (found.metadata.deletionTimestamp !== undefined) {
      return [
        problem(
          'namespace',
          `The namespace "${api.namespace}" is being deleted.`,
          'Wait until it is gone and make it again, or use another.',
        ),
      ];
    }
    const level = found.metadata.labels?.['pod-security.kubernetes.io/enforce'];
    return [
      fine('namespace', `"${api.namespace}"${level === undefined ? '' : `, Pod Security "${level}"`}.`),
    ];
  } catch (error) {
    if (isKubeError(error, 403))
      return [skipped('namespace', `You may not read the namespace "${api.namespace}" itself.`)];
    throw error;
  }
}

/**
 * Quotas and limits against what steps ask for, which may be to come; with `idle` as if nothing else ran in
 * the namespace.
 */
export async function quotaAndLimitFindings(
  api: KubeApi,
  asked: readonly Demand[] | Promise<readonly Demand[]>,
  { idle = false } = {},
): Promise<Finding[]> {
  const all = async <T extends KubeObject>(path: string): Promise<T[] | null> => {
    try {
      return (await api.list<T>(path)).items;
    } catch (error) {
      if (isKubeError(error, 403)) return null;
      throw error;
    }
  };
  const [quotas, ranges, demands] = await Promise.all([
    all<Quota>(paths.resourceQuotas(api.namespace)),
    all<LimitRange>(paths.limitRanges(api.namespace)),
    asked,
  ]);
  return [
    ...(quotas === null
      ? [skipped('quota', 'You may not list quotas.')]
      : quotaFindings(idle ? quotas.map(unused) : quotas, demands, ranges ?? [])),
    ...(ranges === null
      ? [skipped('limits', 'You may not list limit ranges.')]
      : limitFindings(ranges, demands)),
  ];
}

const unused = ({ status, ...quota }: Quota): Quota => ({ ...quota, status: { ...status, used: {} } });

/** Nodes against what steps ask for. */
export const roomFindings = (api: KubeApi, demands: readonly Demand[]): Promise<Finding[]> =>
  looked('nodes', async () => nodeFindings((await api.list<ClusterNode>(paths.nodes())).items, demands));

const KUEUE = '/apis/kueue.x-k8s.io';

/** Queues of steps, where Kueue is there. */
export async function queueFindings(
  api: KubeApi,
  { settings, jobs }: { settings: ClusterSettings; jobs: readonly KTJob[] },
): Promise<Finding[]> {
  const queues = [
    ...new Set(jobs.flatMap(({ kubernetes }) => kubernetes.queue ?? settings.defaults.queue ?? [])),
  ];
  const group = await api.get<{ preferredVersion?: { version?: string } }>(KUEUE).catch(() => null);
  if (group === null) {
    if (queues.length === 0) return [fine('kueue', 'Not installed, and no step wants a queue.')];
    return [
      problem(
        'kueue',
        `Steps want the queue ${queues.join(', ')}, and Kueue is not installed.`,
        'Install Kueue, or take `queue` out of the steps.',
      ),
    ];
  }
  if (queues.length === 0) return [fine('kueue', 'Installed, and no step wants a queue.')];
  const folder = `${KUEUE}/${group.preferredVersion?.version ?? 'v1beta1'}/namespaces/${api.namespace}/localqueues`;
  return looked('kueue', async () => {
    const found = await Promise.all(
      queues.map(async queue => ((await api.get(`${folder}/${queue}`)) === null ? [queue] : [])),
    );
    const missing = found.flat();
    if (missing.length === 0)
      return [fine('kueue', `Installed, and the queue ${queues.join(', ')} is there.`)];
    const message = `Steps want the queue ${missing.join(', ')}, and there is no LocalQueue of that name in namespace "${api.namespace}".`;
    return [
      problem(
        'kueue',
        message,
        '`kubectl get localqueues` lists those that there are; name one of them, or make it.',
      ),
    ];
  });
}
