/** Jobs that wait for others: what is written on them, and whom they may wait for. */
import { KtError, type Problem } from '@kube-transform/sdk';
import { type JobObject, MARK, wordFor } from './job-object.js';
import { QUEUE_LABEL } from './queues.js';

/** A Job that another waits for: one that gets its name later is another. */
export interface Dependency {
  name: string;
  uid: string;
}

const MAX = 100;
/** So long a Job is kept after it was named by a request, whatever has become of that. */
const NAMED_MS = 300_000;

/** The names once each. @throws KtError `BAD_DEPENDENCY` where they are too many */
export function dependencyNames(names: readonly string[]): string[] {
  const found = [...new Set(names)];
  if (found.length <= MAX) return found;
  const message = `A job waits for ${MAX} others at most, not ${found.length}.`;
  throw new KtError({ code: 'BAD_DEPENDENCY', path: 'depends_on', message });
}

/** That a Job has failed which a new one was to wait for. */
export const failedBefore = (name: string): KtError =>
  new KtError(
    problem('DEPENDENCY_FAILED', `The job "${name}" has failed: what waits for it cannot be made.`),
  );
/** That a Job is being deleted which a new one was to wait for. */
export const goesAway = (name: string): KtError =>
  new KtError(problem('DEPENDENCY_FAILED', `The job "${name}" is being deleted: nothing can wait for it.`));

const problem = (code: string, message: string): Problem => ({ code, path: 'depends_on', message });

/** What is written on a Job that somebody is about to wait for: it is kept, and followed. */
export const namedPatch = ({ uid }: { uid?: string | undefined }, nowMs: number): object => ({
  metadata: {
    uid,
    labels: { [MARK.followed]: 'true' },
    annotations: { [MARK.awaited]: String(Math.floor(nowMs / 1000)) },
  },
});

/** Whether a Job was named a moment ago, by any clock: who waits for it may not be there yet. */
export function wasNamed({ metadata }: JobObject, nowMs: number): boolean {
  const sec = Number(metadata.annotations?.[MARK.awaited] ?? Number.NaN);
  return Math.abs(nowMs - sec * 1000) < NAMED_MS;
}

/** Makes a new Job wait: `names` are all that were named, `open` those of them that have not ended. */
export function asWaiting(
  { metadata, spec }: JobObject,
  names: readonly string[],
  open: readonly Dependency[],
): void {
  const annotations: Record<string, string> = { ...metadata.annotations, [MARK.dependsOn]: names.join(',') };
  metadata.annotations = annotations;
  if (open.length === 0) return;
  annotations[MARK.waitsFor] = textOf(open);
  const { [QUEUE_LABEL]: queue, ...labels } = metadata.labels ?? {};
  metadata.labels = { ...labels, [MARK.followed]: 'true' };
  // A queue would let it go as soon as there is room.
  if (queue !== undefined) annotations[MARK.queue] = queue;
  else if (spec.suspend === true) annotations[MARK.stays] = 'true';
  spec.suspend = true;
}

/** The names that a Job was made to wait for. */
export const dependsOn = ({ metadata }: JobObject): string[] =>
  (metadata.annotations?.[MARK.dependsOn] ?? '').split(',').filter(name => name !== '');

/** Whom a Job waits for now; null: for nobody, or it waits no more. @throws KtError `BAD_DEPENDENCY` */
export function waitsFor(job: JobObject): Dependency[] | null {
  const text = job.metadata.annotations?.[MARK.waitsFor];
  if (text === undefined || wordFor(job) !== 'Running' || job.metadata.deletionTimestamp !== undefined)
    return null;
  return text.split(',').map(one => {
    const [, name, uid] = /^([a-z0-9.-]+):([^:]+)$/.exec(one) ?? [];
    if (name !== undefined && uid !== undefined) return { name, uid };
    const message = `The annotation ${MARK.waitsFor} of the job "${job.metadata.name}" is no list of NAME:UID.`;
    throw new KtError(problem('BAD_DEPENDENCY', message));
  });
}

/** The same; null also where that cannot be read, of which those tell who let Jobs go. */
export function waitsForIfKnown(job: JobObject): Dependency[] | null {
  try {
    return waitsFor(job);
  } catch {
    return null;
  }
}

/** A list of dependencies as it is written. */
export const textOf = (open: readonly Dependency[]): string =>
  open.map(({ name, uid }) => `${name}:${uid}`).join(',');

const SHOWN = 3;

/** `the job "a", "b", "c" and 2 more`. */
export function inWords(open: readonly Dependency[]): string {
  const shown = open.slice(0, SHOWN).map(({ name }) => `"${name}"`);
  const more = open.length > SHOWN ? ` and ${open.length - SHOWN} more` : '';
  return `the job${open.length === 1 ? '' : 's'} ${shown.join(', ')}${more}`;
}

/**
 * The Job as it goes on: nothing holds it but what held it by its template, or its queue, which it is given
 * to now. Somebody else may have let it go already.
 */
export function releasedPatch({ metadata, spec }: JobObject): object {
  const { uid, resourceVersion, annotations = {} } = metadata;
  const queue = annotations[MARK.queue];
  const begins = queue === undefined && annotations[MARK.stays] === undefined;
  const marks = { [MARK.waitsFor]: null, [MARK.queue]: null, [MARK.stays]: null };
  return {
    metadata: {
      uid,
      resourceVersion,
      annotations: marks,
      ...(queue === undefined || spec.suspend !== true ? {} : { labels: { [QUEUE_LABEL]: queue } }),
    },
    ...(begins ? { spec: { suspend: false } } : {}),
  };
}

/** A Job that waits for fewer others than before. */
export const fewerPatch = ({ metadata }: JobObject, open: readonly Dependency[]): object => ({
  metadata: {
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    annotations: { [MARK.waitsFor]: textOf(open) },
  },
});

/** The status of a Job that cannot begin any more, as its controller would write it. */
export function failedPatch({ metadata, status }: JobObject, message: string, nowMs: number): object {
  const time = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string): object => ({
    type,
    status: 'True',
    reason: 'DependencyFailed',
    message,
    lastProbeTime: time,
    lastTransitionTime: time,
  });
  const conditions = [...(status?.conditions ?? []), condition('FailureTarget'), condition('Failed')];
  return {
    metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
    status: { startTime: status?.startTime ?? time, conditions },
  };
}
