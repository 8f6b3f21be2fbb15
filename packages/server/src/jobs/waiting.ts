/** Why a Job has not started, in the cluster's words. */
import {
  diagnose,
  InquiryOfJob,
  isKubeError,
  type Job,
  type KubeApi,
} from '@kube-transform/runtime/kubernetes';
import { inWords, waitsForIfKnown } from './dependencies.js';
import { type JobObject, wordFor } from './job-object.js';

/** Why pods of a Job do not start. */
export interface JobWait {
  /** One word: Kubernetes' own where it has one. */
  reason: string;
  /** Kubernetes' words, without a full stop at the end. */
  message: string;
}

/** So long a Job may have no pod without anything being wrong. */
const USUAL_MS = 30_000;

/**
 * Why a Job waits; null where it has ended, where all its pods run, and where the cluster cannot be asked.
 * `nowMs`: the time of day. Rejects where the signal was given.
 */
export async function waitOf(
  api: KubeApi,
  job: JobObject,
  { nowMs, signal }: { nowMs: number; signal?: AbortSignal | undefined },
): Promise<JobWait | null> {
  if (wordFor(job) !== 'Running' || job.metadata.deletionTimestamp !== undefined || isUnderWay(job))
    return null;
  const open = waitsForIfKnown(job);
  if (open !== null) return { reason: 'WaitsForJobs', message: `it waits for ${inWords(open)}` };
  try {
    const found = await diagnose(new InquiryOfJob(api, signal), asMade(job));
    if (found === null) return null;
    // What Kubernetes does in a moment it does without a word.
    const ageMs = nowMs - Date.parse(job.metadata.creationTimestamp ?? '');
    if (found.reason === 'Silent' && ageMs < USUAL_MS) return null;
    return { reason: found.reason, message: found.message };
  } catch (error) {
    // How it stands is known all the same.
    if (isKubeError(error)) return null;
    throw error;
  }
}

/** The Job with labels of its pods, which the cluster gives them. */
function asMade({ spec, ...job }: JobObject): Job {
  const { metadata, spec: pods } = spec.template;
  const template = { metadata: { labels: {}, ...metadata }, spec: pods };
  return { ...job, spec: { ...spec, template } };
}

/** Whether as many pods run as the Job may have at once, or has left to make. */
function isUnderWay({ spec, status = {} }: JobObject): boolean {
  const { ready = 0, active = 0 } = status;
  return spec.suspend !== true && active > 0 && ready >= active && active >= (spec.parallelism ?? 1);
}
