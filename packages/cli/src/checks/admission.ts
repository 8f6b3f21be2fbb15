/** Asks a cluster whether it would admit a pod, without making one. */
import {
  isKubeError,
  type Job,
  type KubeApi,
  paths,
  rejectionOf,
  type PendingReason,
} from '@kube-transform/runtime/kubernetes';
import { lacksRight } from './finding.js';

/**
 * Why the pod of a Job would be refused (Pod Security, quotas, limits, names that do not exist); null where
 * it would not be, undefined where it is not said.
 */
export async function admission(api: KubeApi, job: Job): Promise<PendingReason | null | undefined> {
  const { name, labels } = job.metadata;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: job.spec?.template.spec };
  const [ofPod, ofJob] = await Promise.all([
    dryRunRefusal(api, paths.pods(api.namespace), pod),
    dryRunRefusal(api, paths.jobs(api.namespace), job),
  ]);
  return ofPod ?? ofJob ?? ofPod;
}

async function dryRunRefusal(
  api: KubeApi,
  path: string,
  object: object,
): Promise<PendingReason | null | undefined> {
  try {
    await api.create(path, object, { query: { dryRun: 'All' } });
    return null;
  } catch (error) {
    if (!isKubeError(error, 403) && !isKubeError(error, 422)) throw error;
    // Whoever may make Jobs need not be allowed to make pods.
    if (lacksRight(error)) return undefined;
    const words = error.problems.map(({ message }) => message.replace(/\.$/, '')).join('; ');
    const [, said = words] = /: (\S+ "[^"]*" is forbidden: .*)$/s.exec(words) ?? [];
    return rejectionOf(said);
  }
}
