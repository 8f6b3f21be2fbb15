/** Submits runs to a cluster. */
import { KtError } from '@kube-transform/sdk';
import { makeRunId, type RunRecord, systemClock } from '@kube-transform/runtime';
import { type ClusterSettings, type KubeApi, RUN_KEY, type RunConfig } from '@kube-transform/runtime/kubernetes';
import { type Bundle, makeBundle } from '../bundle.js';
import { projectDir } from '../project-dir.js';
import { publishBundle, type PublishedBundle, publishRun, readRunConfig, startController } from './publish.js';

/** A run that was submitted. */
export interface Submitted {
  runId: string;
  bundle: PublishedBundle;
}

/** Publishes a bundle and starts a run of it. */
export async function submitRun(
  api: KubeApi,
  { record, bundle, settings }: { record: RunRecord; bundle: Bundle | null; settings: ClusterSettings },
): Promise<Submitted> {
  const code = bundle ?? (await makeBundle({ entries: [], projectDir: projectDir(process.cwd()) }));
  const published = await publishBundle(api, code);
  await publishRun(api, configOf(record, { kind: 'new', from: null, published, settings }), record);
  return { runId: record.runId, bundle: published };
}

interface Origin {
  kind: RunConfig['kind'];
  from: string | null;
  published: PublishedBundle;
  settings: ClusterSettings;
}

function configOf(run: { runId: string; pipeline: { name: string } }, { kind, from, published, settings }: Origin): RunConfig {
  const { digest, parts } = published;
  return { runId: run.runId, pipeline: run.pipeline.name, kind, from, digest, bundleParts: parts, settings, createdAtMs: systemClock.nowMs() };
}

/** Starts a run that repeats what failed in another. @throws KtError `UNKNOWN_RUN`. */
export async function submitRetry(api: KubeApi, { from, bundle }: { from: string; bundle: Bundle | null }): Promise<Submitted> {
  const { config } = await existing(api, from);
  const published = bundle === null ? { digest: config.digest, parts: config.bundleParts, isNew: false } : await publishBundle(api, bundle);
  const runId = makeRunId(config.pipeline, systemClock);
  const origin: Origin = { kind: 'retry', from, published, settings: config.settings };
  await publishRun(api, configOf({ runId, pipeline: { name: config.pipeline } }, origin), null);
  return { runId, bundle: published };
}

/** Starts another controller of a run, of the version that it began with. @throws KtError `UNKNOWN_RUN`, `RUN_CANCELLED`. */
export async function resumeRun(api: KubeApi, runId: string): Promise<Submitted> {
  const { object, config } = await existing(api, runId);
  if (object.data?.[RUN_KEY.cancel] !== undefined) {
    throw new KtError({
      code: 'RUN_CANCELLED',
      path: 'run',
      message: `Run "${runId}" was cancelled.`,
      hint: `Repeat it: kt retry ${runId} --failed`,
    });
  }
  await startController(api, { config, uid: object.metadata.uid ?? '', start: systemClock.randomId(6) });
  return { runId, bundle: { digest: config.digest, parts: config.bundleParts, isNew: false } };
}

async function existing(api: KubeApi, runId: string): Promise<NonNullable<Awaited<ReturnType<typeof readRunConfig>>>> {
  const found = await readRunConfig(api, runId);
  if (found !== null) return found;
  throw new KtError({
    code: 'UNKNOWN_RUN',
    path: 'run',
    message: `There is no run "${runId}" in namespace "${api.namespace}" of ${api.connection.name}.`,
    hint: 'kt runs lists them.',
  });
}
