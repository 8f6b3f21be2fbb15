/** Runs as they are answered: in camelCase, as `kt status --json`, times in milliseconds. Pure. */
import { JOB_STATUSES, RUN_STATUSES } from '@kube-transform/sdk';
import * as z from 'zod';

const text = z.string();
const count = z.int().min(0);
const ms = z.number().describe('Milliseconds since 1970');
const words = z.nullable(z.string());

export const ProblemView = z.object({
  code: text,
  message: text,
  path: text,
  hint: z.optional(text),
});
const problems = z.array(ProblemView);
const message = text;
const permanent = z.optional(z.boolean());
const kind = <const K extends string>(word: K): z.ZodLiteral<K> => z.literal(word);
const PlainCause = z.discriminatedUnion('kind', [
  z.object({ kind: kind('Threw'), message, name: text, stack: z.optional(text), permanent }),
  z.object({ kind: kind('Exited'), message, exitCode: z.nullable(z.number()), signal: words, permanent }),
  z.object({ kind: kind('OutOfMemory'), message, memory: text }),
  z.object({ kind: kind('DeadlineExceeded'), message, timeoutMs: z.number() }),
  z.object({ kind: kind('Evicted'), message }),
  z.object({ kind: kind('NotStarted'), message, reason: text }),
  z.object({ kind: kind('InvalidInput'), message, problems }),
  z.object({ kind: kind('InvalidSpawn'), message, problems }),
  z.object({ kind: kind('InvalidResult'), message, path: text }),
  z.object({ kind: kind('UnknownFunction'), message, function: text }),
  z.object({ kind: kind('Cancelled'), message }),
  z.object({ kind: kind('Lost'), message }),
]);
/** Why an item or a step failed. */
export const CauseView = z.discriminatedUnion('kind', [
  ...PlainCause.options,
  z.object({
    kind: kind('ItemsFailed'),
    message,
    failed: count,
    total: count,
    first: PlainCause,
    firstItem: count,
  }),
]);

const JobStatusView = z.enum(JOB_STATUSES);
const RunStatusView = z.enum(RUN_STATUSES);
const StepView = z.object({
  name: text,
  parent: words,
  status: JobStatusView,
  items: z.nullable(count),
  done: count,
  failed: count,
  maxFailed: z.union([z.number(), z.string()]),
  retried: count,
  skipped: count,
  unkept: count,
  before: count,
  startedMs: z.nullable(ms),
  cause: z.optional(CauseView),
  waiting: words.describe('Why no pod of it has started'),
});
const podName = z.optional(text).describe('The pod of Kubernetes');
const FailedItemView = z.object({ job: text, item: z.nullable(count), cause: CauseView, podName });
const GroupView = z.object({
  count,
  message: text,
  where: words,
  examples: z.array(FailedItemView),
});

const PodView = z.object({ name: text, job: words.describe('Its step; null where it runs those of many') });

/** How a run stands. */
export const RunView = z.object({
  runId: text,
  pipeline: text,
  status: RunStatusView,
  retryOf: words,
  createdMs: ms,
  startedMs: ms,
  updatedMs: z.nullable(ms),
  jobs: z.array(StepView).describe('Its steps; of very many those that matter'),
  counts: z.record(text, count).describe('All steps by status'),
  failures: z.array(GroupView).describe('What failed, by kind'),
  moreFailures: z.optional(count).describe('Failures of kinds that are not among these'),
  result: z.unknown().describe('What a completed run came to: the result of its last step, where it is one'),
  lastError: words,
  problem: words.describe('Why nobody drives it'),
  trouble: words.describe('What goes wrong and is tried again'),
  pods: z.optional(z.array(PodView)).describe('The pods that run it now, at most 50 of them'),
  unreadable: z.nullable(ProblemView),
});
const SourceView = z.nullable(z.object({ pipeline: words, functions: z.array(text), digest: text }));
/** A run that was found. */
export const RunRefView = z.object({ runId: text, createdMs: ms, source: SourceView });
/** A run that was begun. */
export const StartedView = RunRefView.extend({
  context: text,
  namespace: text,
  digest: text,
  version: z.optional(text),
});

export const LineView = z.object({
  job: text,
  item: count,
  attempt: count,
  atMs: ms,
  level: text,
  message: text,
  data: z.optional(z.unknown()),
  podName,
});
export const FailedView = FailedItemView.extend({ attempts: count, lines: z.array(LineView) });

const at = { atMs: ms, runId: text };
const item = { job: text, item: count, attempt: count };
const unkept = z.optional(count);
/** What happens in a run. */
export const EventView = z.discriminatedUnion('type', [
  z.object({ ...at, type: kind('RunStarted'), pipeline: text, jobs: count, resumed: z.boolean() }),
  z.object({
    ...at,
    type: kind('JobStatusChanged'),
    job: text,
    from: z.nullable(JobStatusView),
    to: JobStatusView,
    items: z.nullable(count),
    cause: z.optional(CauseView),
  }),
  z.object({
    ...at,
    type: kind('JobExpanded'),
    job: text,
    items: count,
    done: count,
    failed: count,
    skipped: z.optional(count),
    unkept,
  }),
  z.object({
    ...at,
    type: kind('JobCounted'),
    job: text,
    done: count,
    failed: count,
    retried: count,
    skipped: count,
    unkept,
  }),
  z.object({ ...at, type: kind('JobWaiting'), job: text, message: words }),
  z.object({ ...at, ...item, type: kind('ItemStarted') }),
  z.object({
    ...at,
    ...item,
    type: kind('ItemSucceeded'),
    skipped: z.boolean(),
    unkept: z.optional(z.literal(true)),
  }),
  z.object({ ...at, ...item, type: kind('ItemRetrying'), cause: CauseView, delayMs: z.number() }),
  z.object({ ...at, ...item, type: kind('ItemFailed'), cause: CauseView, podName }),
  z.object({ ...at, type: kind('RunFinished'), status: RunStatusView, durationMs: z.number() }),
]);

const Schedule = z.object({ cron: text, timeZone: words, suspend: z.boolean() });
export const PipelineView = z.object({ name: text, version: text });
export const VersionView = PipelineView.extend({
  params: z.nullable(z.record(text, z.unknown())).describe('JSON Schema of the parameters'),
  defaults: z.nullable(z.record(text, z.unknown())),
  schedules: z.array(Schedule),
});
export const StartBody = z.strictObject({
  params: z.optional(z.record(text, z.unknown())).describe('The parameters of the run, by name'),
  version: z.optional(text).describe('A version that is kept; where it is not given, the deployed one'),
  runId: z.optional(text).describe('1 to 100 characters of a-z, 0-9, "-" and "."'),
});
export const CancelledView = z.object({
  runId: text,
  ended: z.boolean().describe('False where it has not been seen to end'),
  pods: z.array(text).describe('Pods that have not ended'),
  waiting: words.describe('What is waited for'),
});
export const CollectBody = z.strictObject({
  olderThanMs: count,
  keep: z.optional(count).describe('The newest runs, which stay'),
  interrupted: z.optional(z.boolean()).describe('Also runs that could be resumed'),
  dryRun: z.optional(z.boolean()),
  nowMs: z.optional(ms).describe('What ages are counted from; where it is not given, now'),
});
export const CollectedView = z.object({
  deleted: z.array(z.object({ kind: text, name: text, bytes: z.number() })),
});
