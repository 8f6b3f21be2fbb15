/** The pod of an item whose Job is gone, made anew from what the item ran. Pure. */
import type { ItemStep } from '../../ports/containers.js';
import { ONE_POD, type RunFrame, taskJob } from '../manifests/run-jobs.js';
import type { Job } from '../api/objects.js';
import { containerPod } from './container-pod.js';

/**
 * The Job of an item alone, with the memory that its step asks for. Whether it is one that was raised, only
 * the Job knew.
 */
export function itemJob(frame: RunFrame, { job, call }: Omit<ItemStep, 'item'>): Job {
  const { settings, runId } = frame;
  const { memory } = job;
  const container =
    call === null
      ? undefined
      : {
          pod: containerPod({ settings, runId, job }, { template: { call, varied: [] }, memory }),
          varied: '',
        };
  return taskJob(frame, { job, wave: 1, memory, container, ...ONE_POD });
}
