/*
 * What the store of a run in a cluster holds, read by a pod that prints it; see `reader-job.ts` of the
 * runtime.
 *
 * RS1 Nothing is left out in silence: a page that was cut short is asked for again from where it ended, or
 *     the reading fails.
 * RS2 The pod's Job is deleted when the page has been read, also where nobody wants the rest; if this process
 *     dies, Kubernetes does it.
 */
import { isKtError, KtError, omitUndefined } from '@kube-transform/sdk';
import type { Clock, RunSummary } from '@kube-transform/runtime';
import { linesOf, systemClock, tryJson } from '@kube-transform/runtime/internal';
import {
  READ_LINE,
  advance,
  type ConfigMap,
  isKubeError,
  type KubeApi,
  bundleRef,
  ownerOf,
  paths,
  READ_FROM_START,
  type RunConfig,
  readerJob,
  type ReadLine,
  type ReadRequest,
  type ReadValue,
} from '@kube-transform/runtime/kubernetes';
import { startedPod, type Waiting } from '../../../cluster/started-pod.js';

/** A run of a cluster whose logs are read: its ConfigMap, and what that says. */
export interface LoggedRun {
  api: KubeApi;
  object: ConfigMap;
  config: RunConfig;
  summary: RunSummary;
}

/** What is asked for. */
export interface Stored extends Pick<ReadRequest, 'what' | 'previous'> {
  /** `JOB` or `JOB/INDEX`; null for the whole run. */
  selector: string | null;
  /** Of `step`. */
  item?: number;
  /** How the pod is spoken of. Default: as one that reads logs. */
  words?: Waiting['words'];
}

/** How it is read. */
export interface Reading {
  signal: AbortSignal;
  /** Told why it takes long. */
  note: (text: string) => void;
  /** For tests. */
  pageBytes?: number;
  clock?: Clock;
}

/** Well below what a node keeps of a container's output. */
const PAGE_BYTES = 4 * 2 ** 20;
const MIN_PAGE_BYTES = 64 * 2 ** 10;
const MAX_FAILURES = 5;
/** How the pod is spoken of. */
const READER = {
  name: 'The pod that reads the logs',
  code: 'READER_NOT_STARTED',
  reason: 'Logs that are only in the store are read by a pod',
};

/** Reads page after page. @throws KtError `READER_NOT_STARTED`, `LOGS_CUT`, and what the store says. */
export async function* readStored(
  of: LoggedRun,
  { what, selector, previous, item, words = READER }: Stored,
  reading: Reading,
): AsyncGenerator<ReadValue, void> {
  const { runId, settings } = of.config;
  const waiting = { ...reading, words };
  let after = READ_FROM_START;
  let pageBytes = reading.pageBytes ?? PAGE_BYTES;
  for (let failures = 0; ;) {
    let end: { count: number; more: boolean } | undefined;
    let count = 0;
    let begun = false;
    const request: ReadRequest = {
      what,
      runId,
      store: settings.store,
      place: selector,
      ...omitUndefined({ item }),
      previous,
      after,
      pageBytes,
    };
    for await (const line of readPage(of, request, waiting)) {
      begun ||= 'begin' in line;
      // The beginning is missing: a node keeps less than this.
      if (!begun) break;
      if ('begin' in line) continue;
      if ('error' in line) throw new KtError(line.error);
      if ('end' in line) end = line.end;
      else {
        count++;
        after = advance(after, line, what);
        yield line;
      }
    }
    reading.signal.throwIfAborted();
    if (end !== undefined && end.count > count) throw cut(runId);
    if (end?.more === false) return;
    if (end !== undefined) continue;
    failures++;
    if (failures > MAX_FAILURES) throw cut(runId);
    if (!begun) pageBytes = Math.max(MIN_PAGE_BYTES, pageBytes / 4);
  }
}

function cut(runId: string): KtError {
  const message = `The logs of run "${runId}" cannot be read to their end: what the pod that reads them prints is cut short again and again.`;
  return new KtError({
    code: 'LOGS_CUT',
    path: 'run',
    message,
    hint: 'What was shown is not all. Ask for one step or item: kt logs RUN STEP/INDEX.',
  });
}

/** One page. Ends early where the pod does. */
async function* readPage(
  { api, config, object }: LoggedRun,
  request: ReadRequest,
  reading: Reading & Pick<Waiting, 'words'>,
): AsyncGenerator<ReadLine, void> {
  const { runId, pipeline, settings } = config;
  const frame = {
    runId,
    pipeline,
    settings,
    ...bundleRef(config),
    owner: ownerOf(runId, object.metadata.uid ?? ''),
  };
  const job = await api.create(
    paths.jobs(api.namespace),
    readerJob(frame, (reading.clock ?? systemClock).randomId(6), request),
    { signal: reading.signal },
  );
  if (job === null) return;
  try {
    const pod = await startedPod(api, job, reading);
    if (pod === null) return;
    const query = { follow: true };
    for await (const text of linesOf(
      api.stream(paths.podLog(api.namespace, pod), { query, signal: reading.signal }),
    )) {
      const line = lineIn(text);
      if (line !== undefined) yield line;
    }
  } catch (error) {
    if (!isKubeError(error) || reading.signal.aborted) throw error;
    reading.note(error.message);
  } finally {
    await api
      .delete(paths.jobs(api.namespace, job.metadata.name), { retryForMs: 2000 })
      .catch(() => undefined);
  }
}

/** A line of an answer; undefined for what else comes the same way, as Node's own warnings do. */
function lineIn(text: string): ReadLine | undefined {
  const value = text.startsWith('{') ? tryJson(text) : undefined;
  if (value === undefined) return undefined;
  try {
    return READ_LINE.check(value, 'log of the pod that reads');
  } catch (error) {
    if (isKtError(error) && error.code === 'NEWER_FORMAT') throw error;
    return undefined;
  }
}
