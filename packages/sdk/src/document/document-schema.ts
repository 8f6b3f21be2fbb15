/** The schema of a whole document: its jobs, and the schedules on which it runs. */
import * as z from 'zod';
import { cronProblem } from './cron.js';
import { duration, flag, orNull, text, withDefault } from './field-schemas.js';
import { CONTAINER_FIELDS, jobSchema, kubernetes } from './job-schema.js';

const cron = text.refine(line => cronProblem(line) === undefined, {
  error: ({ input }) => cronProblem(String(input)),
  params: { code: 'BAD_CRON' },
});

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
const timeZone = text.refine(isTimeZone, {
  error: 'Expected an IANA time zone such as "Europe/Berlin"',
  params: { code: 'BAD_TIME_ZONE' },
});

const schedule = z.strictObject({
  cron,
  timeZone: orNull(timeZone),
  concurrencyPolicy: withDefault(z.enum(['Forbid', 'Allow', 'Replace']), () => 'Forbid' as const),
  startingDeadline: orNull(duration),
  suspend: withDefault(flag, () => false),
});

/** A pipeline as documents have it. */
export const pipelineSchema = z.strictObject(
  {
    name: text.min(1, { error: 'Expected a name that is not empty' }),
    jobs: withDefault(z.array(jobSchema, { error: 'Expected a list of jobs' }), () => []),
    schedules: withDefault(z.array(schedule), () => []),
  },
  {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? undefined
        : 'Expected a pipeline: an object with "name" and "jobs"',
  },
);

/** The fields of what a list or an object of this name holds, for "Did you mean". */
export const FIELDS: Record<string, readonly string[]> = {
  '': Object.keys(pipelineSchema.shape),
  jobs: Object.keys(jobSchema.shape),
  tasks: ['function', 'args'],
  backoff: ['initial', 'factor', 'max'],
  container: CONTAINER_FIELDS,
  exitCodes: ['skip', 'final'],
  kubernetes: Object.keys(kubernetes.shape),
  schedules: Object.keys(schedule.shape),
};
