/**
 * Runs that a key names: whoever asks again gets the same run, whichever server it meets.
 *
 * - The API server lets one of several win, for the key makes the name. The run says what it was asked for.
 * - What a server that died has left half made is made whole by who asks again, in the bytes that it has.
 */
import { createHash } from 'node:crypto';
import { isKtError, KtError } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import {
  type ConfigMap,
  type KubeApi,
  paths,
  type RunConfig,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { runOf } from '../backends/cluster/find-runs.js';
import { publishRun } from '../backends/cluster/publish-run.js';

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');
const READABLE = 40;
const DIGITS = 24;

/** A run as a key names it. */
export interface Keyed {
  runId: string;
  /** Digest of what was asked for. */
  request: string;
}

/** The name that a key gives to a run of a pipeline, where it has no other, and what was asked for. */
export function keyed(
  pipeline: string,
  key: string,
  { asked, runId }: { asked: readonly unknown[]; runId?: string | undefined },
): Keyed {
  const name = pipeline
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, READABLE)
    .replaceAll(/^-+|-+$/g, '');
  const digits = sha256(['run', pipeline, key]).slice(0, DIGITS);
  return { runId: runId ?? `${name || 'run'}-${digits}`, request: sha256([pipeline, ...asked]) };
}

/**
 * Begins a run once. `begin` makes it; `record` makes what a run of that configuration was begun with, null
 * where the store has it.
 *
 * @throws KtError `KEY_IN_USE` where the key has a run of something else.
 */
export async function beginOnce(
  api: KubeApi,
  { runId, request }: Keyed,
  { begin, record }: { begin(): Promise<RunConfig>; record(config: RunConfig): Promise<RunRecord | null> },
): Promise<RunConfig> {
  const before = async (): Promise<RunConfig | null> => {
    const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(runId)));
    const run = object === null ? null : runOf(object);
    if (run === null) return null;
    if (run.config.request !== request) throw keyInUse(runId);
    if (run.summary.updatedMs === null)
      await publishRun(api, { config: run.config, record: await record(run.config), again: true });
    return run.config;
  };
  const there = await before();
  if (there !== null) return there;
  try {
    return await begin();
  } catch (error) {
    const now = isKtError(error) && error.code === 'RUN_EXISTS' ? await before() : null;
    if (now === null) throw error;
    return now;
  }
}

const keyInUse = (runId: string): KtError =>
  new KtError({
    code: 'KEY_IN_USE',
    path: 'Idempotency-Key',
    message: `The key has a run of something else: "${runId}".`,
    hint: 'Take another key for another run.',
  });
