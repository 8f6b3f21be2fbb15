/*
 * The controller of one run in a pod: the drive of every run, over the Kubernetes executor.
 *
 * - All it knows comes from the run's ConfigMap, the store and the labelled Jobs: killed at any moment and
 *   begun again, it ends the same.
 * - The controller that has claimed the run last drives it: an older one sees its name replaced in the run's
 *   ConfigMap, or its place in the journal taken, and stops.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isKtError, KtError } from '@kube-transform/sdk';
import { announceController } from '../kubernetes/run/announce-controller.js';
import { hintServer } from '../kubernetes/run/hint-server.js';
import { messageOf } from '../parse/thrown.js';
import { printLog } from '../process/standard-output.js';
import { systemClock } from '../process/system-clock.js';
import { drive } from '../engine/drive.js';
import { placedExecutor } from '../executors/placed-executor.js';
import { RemoteExecutor } from '../executors/remote-executor.js';
import { inClusterConnection } from '../kubernetes/api/connection.js';
import { BESIDE_PORT, isBeside } from '../kubernetes/manifests/beside-controller.js';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import { KubeApi } from '../kubernetes/api/kube-api.js';
import { kubernetesExecutor } from '../kubernetes/executor/kubernetes-executor.js';
import { bundleRef, ownerOf } from '../kubernetes/manifests/names.js';
import { MOUNT } from '../kubernetes/manifests/pod-spec.js';
import { restoreStatus } from '../kubernetes/run/restore-status.js';
import { RUN_CONFIG, RUN_KEY, readRecordFiles, type RunConfig } from '../kubernetes/manifests/run-config.js';
import { claimRun, holdsClaim, watchClaim } from '../kubernetes/run/run-claim.js';
import { waitForTurn } from '../kubernetes/run/run-queue.js';
import { StatusReporter } from '../kubernetes/run/status-reporter.js';
import { parseSummary } from '../reporting/reported-summary.js';
import type { ReportedSummary } from '../reporting/run-summary.js';
import { readHeadline } from '../reporting/job-result.js';
import { retryRun } from '../engine/create-run.js';
import { openStore } from '../open-store.js';
import type { Executor, FileStore, RunStatus } from '../ports/index.js';
import { readRecord, type RunRecord, writeRecord } from '../run-store/run-record.js';
import { verifyBundle } from './verify-bundle.js';

/** How long a call to the API server is tried again: as long as a control plane may be away. */
const RETRY_FOR_MS = 3_600_000;

/** Drives the run that the environment names until it ends or is to be left; the exit code of the process. */
export async function controlRun(digest: string): Promise<number> {
  const name = process.env['KT_RUN_CONFIG'] ?? '';
  const uid = process.env['KT_POD_UID'] ?? '';
  const dir = process.env['KT_RUN_DIR'] ?? MOUNT.run;
  const config = RUN_CONFIG.parse(await readFile(join(dir, RUN_KEY.config)), join(dir, RUN_KEY.config));
  checkVersion(config.runId, { began: config.digest, digest });
  // What this file says it is part of may not be what lies beside it.
  const code = fileURLToPath(new URL('.', import.meta.url));
  verifyBundle(code, config.digest);
  const connection = await inClusterConnection();
  const api = new KubeApi(
    { ...connection, namespace: config.settings.namespace },
    { clock: systemClock, retryForMs: RETRY_FOR_MS, onSilence: text => printLog('warn', text) },
  );
  const onTrouble = (error: unknown): void => void printLog('warn', messageOf(error));
  const claimant = { configMap: name, uid };
  const report = new StatusReporter({ api, clock: systemClock, claim: claimant, onTrouble });
  const stop = new AbortController();
  const cancel = new AbortController();
  const replaced = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  try {
    const { object, epoch } = await claimRun(api, claimant);
    const before = readReport(object.data?.[RUN_KEY.summary], config);
    if (before !== null) report.restoreReport(before);
    const watching = watchClaim(api, claimant, {
      signal: stop.signal,
      clock: systemClock,
      // Without it nobody could cancel the run, or take it over.
      deniedForMs: Number.POSITIVE_INFINITY,
      onTrouble: error => report.trouble(error),
      onPassed: denied => report.passed(denied),
      onCancel: () => cancel.abort(),
      onLost: to => {
        printLog('warn', `Another controller (${to}) drives this run now; this one stops.`);
        replaced.abort();
        stop.abort();
      },
    });
    const jobsSince = await waitForTurn(api, {
      runId: config.runId,
      maxRuns: config.settings.maxRuns,
      clock: systemClock,
      signal: AbortSignal.any([stop.signal, cancel.signal]),
      onWaiting: message => report.trouble(new Error(message)),
      onTrouble: error => report.trouble(error),
      onPassed: denied => report.passed(denied),
    });
    const status = await run(api, {
      config,
      digest,
      owner: object.metadata.uid ?? '',
      epoch,
      jobsSince,
      report,
      stop: stop.signal,
      cancel: cancel.signal,
      dir,
    });
    stop.abort();
    await watching;
    printLog('info', `The run is ${status}.`, {
      apiRequests: api.requests,
      peakMiB: Math.round(process.resourceUsage().maxRSS / 2 ** 10),
      cpuSeconds: Number(((process.cpuUsage().user + process.cpuUsage().system) / 1e6).toFixed(2)),
    });
    return exitCode(status, replaced.signal.aborted);
  } catch (error) {
    // Where nobody else has claimed the run, the next attempt of this Job does.
    if (isKtError(error) && error.code === 'RUN_TAKEN_OVER' && !(await holdsClaim(api, claimant))) {
      // The report is the other controller's.
      printLog('warn', messageOf(error));
      return exitCode('Interrupted', true);
    }
    await report.close(messageOf(error)).catch(onTrouble);
    throw error;
  } finally {
    api.close();
  }
}

/**
 * How a controller ends. One that was replaced has done its part: with any other code its Job would begin
 * another, which takes the run back.
 */
function exitCode(status: string, isReplaced: boolean): number {
  if (status === 'Completed' || isReplaced) return 0;
  return status === 'Interrupted' ? EXIT_CODE.stopped : EXIT_CODE.failed;
}

/**
 * A run is driven by the version it began with. Asked before this controller takes over from another. @throws
 * KtError `WRONG_VERSION`.
 */
function checkVersion(runId: string, { began, digest }: { began: string; digest: string }): void {
  if (began === digest) return;
  throw new KtError({
    code: 'WRONG_VERSION',
    path: runId,
    message: `Run "${runId}" began with version ${began} of the functions, and this controller is of version ${digest}.`,
    hint: `Go on with the version it began with: kt submit --resume ${runId}; or begin a new run.`,
  });
}

/** What the controller before has reported; null where nothing can be read. */
function readReport(
  text: string | undefined,
  { runId, pipeline, createdAtMs }: RunConfig,
): ReportedSummary | null {
  if (text === undefined) return null;
  try {
    const run = { runId, pipeline, createdMs: createdAtMs, retryOf: null };
    const { createdMs: _, retryOf: __, ...reported } = parseSummary(text, run, RUN_KEY.summary);
    return reported;
  } catch {
    return null;
  }
}

interface Control {
  config: RunConfig;
  digest: string;
  owner: string;
  epoch: number;
  jobsSince: string | undefined;
  report: StatusReporter;
  stop: AbortSignal;
  cancel: AbortSignal;
  dir: string;
}

async function run(
  api: KubeApi,
  { config, digest, owner, epoch, jobsSince, report, stop, cancel, dir }: Control,
): Promise<string> {
  const { runId, settings } = config;
  const store = await openStore(settings.store);
  const { record, resumed } = await openRecord(store, config, dir);
  checkVersion(runId, { began: record.source?.digest ?? digest, digest });
  const frame = {
    runId,
    pipeline: record.pipeline.name,
    settings,
    ...bundleRef({ ...config, digest }),
    owner: ownerOf(runId, owner),
  };
  await restoreStatus(store, record, report);
  const executor = kubernetesExecutor({
    api,
    store,
    clock: systemClock,
    frame,
    jobsSince,
    isFirst: !resumed,
    onTrouble: error => report.trouble(error),
    onPassed: denied => report.passed(denied),
  });
  await using hints = await hintServer({
    host: process.env['KT_POD_IP'] ?? '127.0.0.1',
    onHint: hint => executor.hint(hint),
    onAssign: request => executor.assign(request),
    onWarm: (request, signal) => executor.warm(request, signal),
  });
  await announceController(store, runId, { ...hints.address, epoch });
  /** The last report, begun as soon as the run has ended: what is left is deleted after it. */
  let lastReport: Promise<void> = Promise.resolve();
  const reportEnd = async (status: RunStatus): Promise<void> => {
    if (status === 'Completed') report.headline(await readHeadline(store, record).catch(() => null));
    await report.close(null);
  };
  const { status } = await drive({
    store,
    executor: withStepsBeside(executor, config),
    clock: systemClock,
    sink: {
      publish: event => {
        report.publish(event);
        if (event.type === 'RunFinished' && event.status !== 'Interrupted')
          lastReport = reportEnd(event.status);
      },
    },
    record,
    resumed,
    epoch,
    drain: stop,
    stop: new AbortController().signal,
    cancel,
  });
  await lastReport;
  await report.amend();
  return status;
}

/** An executor that hands steps to the container beside this one, where the run has such steps. */
function withStepsBeside(pods: Executor, { besideMemory }: RunConfig): Executor {
  if (besideMemory === undefined) return pods;
  const beside = new RemoteExecutor({ connect: () => connect(BESIDE_PORT, '127.0.0.1'), clock: systemClock });
  return placedExecutor({ pods, beside, isBeside: job => isBeside(job, besideMemory) });
}

/** The record of the run: from the store where it has begun, else from what came with the run's ConfigMap. */
async function openRecord(
  store: FileStore,
  { runId, kind, from, source, force = [] }: RunConfig,
  dir: string,
): Promise<{ record: RunRecord; resumed: boolean }> {
  const stored = await readRecord(store, runId);
  if (stored !== null) return { record: stored, resumed: true };
  if (kind === 'retry') {
    return {
      record: await retryRun(store, from ?? '', { clock: systemClock, runId, source, force }),
      resumed: true,
    };
  }
  const record = await readRecordFiles(dir);
  await writeRecord(store, record);
  return { record: (await readRecord(store, runId)) ?? record, resumed: false };
}
