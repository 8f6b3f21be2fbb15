/**
 * The pod of a schedule: begins a run of the version that is deployed, and ends. Begun again, it does the
 * same.
 */
import { bindSpec, KtError } from '@kube-transform/sdk';
import { oneOf } from '../parse/shapes.js';
import { printLog } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { takeTurn } from '../kubernetes/run/schedule-turn.js';
import { createRunObjects } from '../kubernetes/run/begin-run.js';
import { inClusterConnection } from '../kubernetes/api/connection.js';
import { KubeApi } from '../kubernetes/api/kube-api.js';
import { MOUNT } from '../kubernetes/manifests/pod-spec.js';
import { readMounted } from '../kubernetes/manifests/run-config.js';
import { scheduledRunId } from '../kubernetes/manifests/cron-job.js';
import { type DeployedVersion, readVersion, runConfigOf } from '../kubernetes/manifests/deployed-version.js';
import { newRun } from '../engine/create-run.js';

const RETRY_FOR_MS = 600_000;
const POLICY = oneOf('Allow', 'Forbid', 'Replace');

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
    { clock: systemClock, retryForMs: RETRY_FOR_MS, onSilence: text => printLog('warn', text) },
  );
  try {
    const runId = scheduledRunId(version.pipeline, schedule, process.env['KT_JOB_NAME'] ?? '');
    const policy = POLICY(process.env['KT_POLICY'] ?? 'Allow');
    const onCancelled = (id: string): void =>
      void printLog('info', `Run ${id} is cancelled: another takes its place.`);
    const turn = { pipeline: version.pipeline, schedule, runId, policy, clock: systemClock, onCancelled };
    const inTheWay = await takeTurn(api, turn);
    if (inTheWay.length > 0) {
      printLog('info', `No run is begun: ${inTheWay.join(', ')} of this schedule still goes on.`);
      return 0;
    }
    await begin(api, version, { runId, schedule });
    printLog('info', `Run ${runId} is begun.`);
    return 0;
  } finally {
    api.close();
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
