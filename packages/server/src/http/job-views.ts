/** Jobs as clients of k8s-jobs know them: snake_case, dates of HTTP, null where nothing is. Pure. */
import * as z from 'zod';
import { dependsOn } from '../jobs/dependencies.js';
import { type JobObject, MARK, wordFor } from '../jobs/job-object.js';
import type { JobWait } from '../jobs/waiting.js';

const date = z.nullable(z.string()).describe('As HTTP writes dates: Mon, 06 May 2024 07:08:10 GMT');
const count = z.nullable(z.int());

export const ConditionView = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.nullable(z.string()),
  message: z.nullable(z.string()),
  last_probe_time: date,
  last_transition_time: date,
});
export const StatusView = z.object({
  active: count,
  succeeded: count,
  failed: count,
  start_time: date,
  completion_time: date,
  conditions: z.nullable(z.array(ConditionView)),
});
export const WaitView = z
  .nullable(z.object({ reason: z.string(), message: z.string() }))
  .describe('Why it has not started: a word and a sentence; null where nothing keeps it waiting');
/** How one Job stands, with what is asked of the cluster for it alone. */
export const OneStatusView = StatusView.extend({ waiting: WaitView });
export const JobView = z.object({
  job_name: z.string(),
  job_definition_name: z.nullable(z.string()),
  state: z.enum(['Running', 'Complete', 'Failed']),
  retry_of: z.nullable(z.string()),
  depends_on: z.array(z.string()).describe('The jobs that it was made to wait for'),
  waiting: WaitView,
  status: StatusView,
});

const httpDate = (text: string | undefined): string | null => {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : new Date(ms).toUTCString();
};

/** How a Job stands. */
export function statusView({ status = {} }: Pick<JobObject, 'status'>): z.infer<typeof StatusView> {
  const conditions = status.conditions?.map(
    ({ type, status: is, reason, message, lastProbeTime, lastTransitionTime }) => ({
      last_probe_time: httpDate(lastProbeTime),
      last_transition_time: httpDate(lastTransitionTime),
      message: message ?? null,
      reason: reason ?? null,
      status: is,
      type,
    }),
  );
  return {
    active: status.active ?? null,
    completion_time: httpDate(status.completionTime),
    conditions: conditions ?? null,
    failed: status.failed ?? null,
    start_time: httpDate(status.startTime),
    succeeded: status.succeeded ?? null,
  };
}

/** A Job as a whole. */
export const jobView = (job: JobObject, waiting: JobWait | null): z.infer<typeof JobView> => ({
  job_name: job.metadata.name,
  job_definition_name: job.metadata.labels?.[MARK.definition] ?? null,
  state: wordFor(job),
  retry_of: job.metadata.annotations?.[MARK.retryOf] ?? null,
  depends_on: dependsOn(job),
  waiting,
  status: statusView(job),
});
