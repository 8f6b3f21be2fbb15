/**
 * The pod of a schedule: begins a run of the version that is deployed, and ends. Begun again, it does the
 * same.
 */
import { bindSpec, KtError } from '@kube-transform/sdk';
import { printLog } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { paths } from '../kubernetes/api/paths.js';
import { drivenRuns, flagCancelled } from '../kubernetes/run/run-objects.js';
import { createRunObjects } from '../kubernetes/run/begin-run.js';
import { inClusterConnection } from '../kubernetes/api/connection.js';
import { ANNOTATION, LABEL, runName } from '../kubernetes/manifests/names.js';
import { KubeApi } from '../kubernetes/api/kube-api.js';
import type { ConfigMap } from '../kubernetes/api/objects.js';
import { MOUNT } from '../kubernetes/manifests/pod-spec.js';
import { readMounted, RUN_KEY } from '../kubernetes/manifests/run-config.js';
import { parseSummary } from '../reporting/reported-summary.js';
import { scheduledRunId } from '../kubernetes/manifests/cron-job.js';
import { type DeployedVersion, readVersion, runConfigOf } from '../kubernetes/manifests/deployed-version.js';
import { newRun } from '../engine/create-run.js';

const RETRY_FOR_MS = 600_000;

/** Begins a run of the schedule that the environment names; the exit code. */
export async function beginScheduledRun(schedule: string): Promise<number> {
  const dir = process.env['KT_RUN_DIR'] ?? MOUNT.run;
  const version = readVersion(await readMounted(dir), dir);
  if (version === undefined)
    throw new KtError({
      code: 'NO_VERSION',
      path: MOUNT.run,
      message: 'The version to run is not there.',
      hint: 'Deploy it again: kt deploy.',
    });
  const connection = await inClusterConnection();
  const api = new KubeApi(
    { ...connection, namespace: process.env['KT_NAMESPACE'] ?? connection.namespace },
    { clock: systemClock, retryForMs: RETRY_FOR_MS },
  );
  try {
    const runId = scheduledRunId(version.pipeline, schedule, process.env['KT_JOB_NAME'] ?? '');
    const going = await runsUnderWay(api, schedule, runId);
    const policy = process.env['KT_POLICY'];
    if (going.length > 0 && policy === 'Forbid') {
      printLog('info', `No run is begun: ${going.map(idOf).join(', ')} of this schedule still goes on.`);
      return 0;
    }
    if (policy === 'Replace') {
      for (const run of going) {
        // What `kt cancel` does first; the controller of that run does the rest.
        await flagCancelled(api, run, systemClock);
        printLog('info', `Run ${idOf(run)} is cancelled: another takes its place.`);
      }
    }
    await begin(api, version, { runId, schedule });
    printLog('info', `Run ${runId} is begun.`);
    return 0;
  } finally {
    api.close();
  }
}

const idOf = ({ metadata }: ConfigMap): string => metadata.annotations?.[ANNOTATION.runId] ?? metadata.name;

/**
 * The ConfigMaps of other runs of a schedule that have not ended and have a controller: a run that nobody
 * drives would be in the way for ever.
 */
async function runsUnderWay(api: KubeApi, schedule: string, runId: string): Promise<ConfigMap[]> {
  const labelSelector = `${LABEL.schedule}=${schedule},${LABEL.component}=run`;
  const [runs, driven] = await Promise.all([
    api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector }),
    drivenRuns(api),
  ]);
  return runs.items.filter(
    ({ data, metadata }) =>
      metadata.name !== runName(runId) &&
      data?.[RUN_KEY.cancel] === undefined &&
      !hasEnded(data?.[RUN_KEY.summary]) &&
      driven.has(metadata.labels?.[LABEL.run] ?? ''),
  );
}

/** Whether a report says that a run does not go on; one that cannot be read does not. */
function hasEnded(report: string | undefined): boolean {
  try {
    const run = { runId: '', pipeline: '', createdMs: 0, retryOf: null };
    return parseSummary(report, run, '').status !== 'Running';
  } catch {
    return false;
  }
}

async function begin(
  api: KubeApi,
  version: DeployedVersion,
  { runId, schedule }: { runId: string; schedule: string },
): Promise<void> {
  const { spec, defaults, source } = version;
  const settings = { ...version.settings, namespace: api.namespace };
  const made = await newRun({ pipeline: bindSpec(spec, defaults ?? {}), clock: systemClock, runId, source });
  const config = { ...runConfigOf(version, made, settings), schedule };
  await createRunObjects(api, { config, record: { ...made, params: defaults ?? {} }, again: true });
}
