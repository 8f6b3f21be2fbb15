/**
 * Reading what the store holds of a run from outside its cluster: a short-lived pod reads it and prints it.
 *
 * It prints in pages, because a node keeps only the last 10 MiB that a container prints. Each line is a
 * {@link ReadLine}: `begin` first, then values, then `end` or `error`. A page that lacks one of them, or has
 * fewer values than `end` says, was cut short.
 */
import type { Problem } from '@kube-transform/sdk';
import type { FailedLog, LogLine } from '../../reporting/run-logs.js';
import { ANNOTATION, bundleNames, runLabels, runName, shortHash, slug } from './names.js';
import type { RunFrame } from './run-jobs.js';
import type { Job } from '../api/objects.js';
import { basePod, MOUNT, placementOf } from './pod-spec.js';

/** Where a page ended: after `count` values of the moment `atMs`. */
export interface ReadCursor {
  atMs: number;
  count: number;
}

/** What is to be read; the value of KT_READ. */
export interface ReadRequest {
  /** lines: what items printed; failed: what failed, each with what it printed. */
  what: 'lines' | 'failed';
  runId: string;
  /** URL of the store, as the pod opens it. */
  store: string;
  place: string | null;
  previous: boolean;
  after: ReadCursor;
  /** A page ends with the value that makes it larger than this. */
  pageBytes: number;
}

/** A line that an item printed, or something that failed, which the lines after it belong to. */
export type ReadValue = { line: LogLine } | { failed: Omit<FailedLog, 'lines'> };

/** A line of a page. */
export type ReadLine =
  { begin: true } | ReadValue | { end: { count: number; more: boolean } } | { error: readonly Problem[] };

/** The first page begins here. */
export const READ_FROM_START: ReadCursor = { atMs: 0, count: 0 };
const RESOURCES = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } };
const HEAP = '--max-old-space-size=400';

/** What a value counts as for a cursor; what failed has no time of its own. */
const momentOf = (value: ReadValue, what: ReadRequest['what']): number =>
  what === 'lines' && 'line' in value ? value.line.atMs : 0;

/** The cursor after one more value. */
export function advance(cursor: ReadCursor, value: ReadValue, what: ReadRequest['what']): ReadCursor {
  const atMs = momentOf(value, what);
  return atMs > cursor.atMs ? { atMs, count: 1 } : { atMs: cursor.atMs, count: cursor.count + 1 };
}

/** Leaves out what comes before a cursor. Values are in the order of time. */
export async function* valuesAfter(
  values: AsyncIterable<ReadValue>,
  { what, after }: Pick<ReadRequest, 'what' | 'after'>,
): AsyncGenerator<ReadValue, void> {
  let left = after.count;
  for await (const value of values) {
    const atMs = momentOf(value, what);
    if (atMs < after.atMs || (atMs === after.atMs && left-- > 0)) continue;
    yield value;
  }
}

/** The Job whose pod prints one page. */
export function readerJob(frame: RunFrame, id: string, request: ReadRequest): Job {
  const { runId, pipeline, settings, digest } = frame;
  const labels = runLabels(runId, pipeline, 'reader');
  const spec = basePod({
    settings,
    bundle: bundleNames(digest, frame.bundleParts),
    args: [HEAP, `${MOUNT.bundle}/controller.mjs`],
    env: [{ name: 'KT_READ', value: JSON.stringify(request) }],
    resources: RESOURCES,
    token: false,
    volumes: [],
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `kt-read-${slug(runId, 26)}-${shortHash(runName(runId))}-${id}`,
      namespace: settings.namespace,
      labels,
      annotations: { [ANNOTATION.runId]: runId },
      ownerReferences: [frame.owner],
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: 1800,
      ttlSecondsAfterFinished: 60,
      template: { metadata: { labels }, spec: { ...spec, ...placementOf(settings) } },
    },
  };
}
