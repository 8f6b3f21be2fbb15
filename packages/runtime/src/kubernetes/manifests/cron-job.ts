/** Schedules of deployed pipelines as CronJobs: the pod of each begins a run, and ends. Pure. */
import { type KTSchedule, parseDurationMs } from '@kube-transform/sdk';
import { readableName } from '../../run-store/layout.js';
import { bundleNames, deployLabels, LABEL, scheduleName, versionName } from './names.js';
import type { KubeObject } from '../api/objects.js';
import { basePod, MOUNT, placementOf, podLabels } from './pod-spec.js';
import { type DeployedVersion, type DeployTarget, versionConfigMaps } from './deployed-version.js';

const HISTORY = 3;
const STARTS = 6;
const LAUNCHER = { cpu: '50m', memory: '96Mi', limit: '256Mi' };

/**
 * The CronJob of a schedule. Its own concurrency policy holds for the pods that begin runs; the runs
 * themselves are looked at by these.
 */
export function cronJob(version: DeployedVersion, schedule: KTSchedule, target: DeployTarget): KubeObject {
  const { pipeline, digest } = version;
  const settings = { ...version.settings, namespace: target.namespace };
  const name = scheduleName(pipeline, schedule);
  const labels = { ...deployLabels(pipeline, target.project, 'schedule'), [LABEL.schedule]: name };
  const versions = versionConfigMaps(version, target).map((_, n) =>
    versionName(pipeline, version.version, n),
  );
  const pod = basePod({
    settings,
    bundle: bundleNames(digest, version.bundleParts),
    args: [`${MOUNT.bundle}/controller.mjs`],
    env: [
      { name: 'KT_LAUNCH', value: name },
      { name: 'KT_POLICY', value: schedule.concurrencyPolicy },
      { name: 'KT_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      {
        name: 'KT_JOB_NAME',
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
      },
    ],
    resources: {
      requests: { cpu: LAUNCHER.cpu, memory: LAUNCHER.memory },
      limits: { memory: LAUNCHER.limit },
    },
    token: true,
    volumes: [
      {
        name: 'run',
        mountPath: MOUNT.run,
        source: { projected: { sources: versions.map(of => ({ configMap: { name: of } })) } },
      },
    ],
  });
  const deadlineMs =
    schedule.startingDeadline === null ? undefined : parseDurationMs(schedule.startingDeadline);
  const spec = {
    schedule: schedule.cron,
    ...(schedule.timeZone === null ? {} : { timeZone: schedule.timeZone }),
    concurrencyPolicy: schedule.concurrencyPolicy,
    ...(deadlineMs === undefined
      ? {}
      : { startingDeadlineSeconds: Math.max(10, Math.ceil(deadlineMs / 1000)) }),
    suspend: schedule.suspend,
    successfulJobsHistoryLimit: HISTORY,
    failedJobsHistoryLimit: HISTORY,
    jobTemplate: {
      metadata: { labels },
      spec: {
        backoffLimit: STARTS,
        ttlSecondsAfterFinished: settings.ttlSeconds,
        template: {
          metadata: { labels: podLabels(settings, labels) },
          spec: { ...pod, ...placementOf(settings) },
        },
      },
    },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace: settings.namespace, labels },
    spec,
  } as KubeObject;
}

/**
 * The run that a Job of a CronJob begins: named by the minute for which it was scheduled, which Kubernetes
 * puts at the end of the Job's name; a Job made by hand from the CronJob has a name of its own.
 */
export function scheduledRunId(pipeline: string, schedule: string, job: string): string {
  const minutes =
    job.startsWith(`${schedule}-`) && /^\d{8,}$/.test(job.slice(schedule.length + 1))
      ? Number(job.slice(schedule.length + 1))
      : undefined;
  const readable = readableName(pipeline);
  if (minutes === undefined) return `${readable}-${job}`.slice(0, 100).replaceAll(/[^a-z0-9]+$/g, '');
  const time = new Date(minutes * 60_000)
    .toISOString()
    .slice(0, 16)
    .replaceAll(/[-:]/g, '')
    .replace('T', '-');
  return `${readable}-${time}-${schedule.slice(-4)}`;
}
