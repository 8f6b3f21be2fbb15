// A run on the cluster of `open-place.mjs`, for scripts: submitted, and followed to its end.
import { followRun, submitRun } from '@kube-transform/cli';
import { newRun, systemClock } from '@kube-transform/runtime/internal';

/** Submits a run of a pipeline and follows it; `ms`: from before it was submitted to its last word. */
export async function runToEnd({ api, bundle, settings }, { pipeline, params = {} }) {
  const source = { pipeline: null, functions: [], digest: bundle.digest };
  const record = await newRun({ pipeline, params, clock: systemClock, source });
  const { runId } = record;
  const beganMs = systemClock.elapsedMs();
  await submitRun(api, { record, bundle, settings });
  const sink = { publish: () => undefined };
  const never = new AbortController().signal;
  const summary = await followRun(api, runId, { sink, note: console.error, signal: never });
  return { runId, summary, ms: systemClock.elapsedMs() - beganMs };
}
