/** Makes the Kustomize base of schedules of Meltano: a CronJob each. Pure: equal schedules, equal bytes. */
import { labelValue } from '@kube-transform/runtime/kubernetes';
import { cronJobNames } from './cron-job-names.js';
import type { MeltanoSchedule } from './schedules.js';
import { yamlText } from './yaml-text.js';

/** What Kustomize is told of files. */
export const KUSTOMIZATION = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
/** Name of the ConfigMap whose data all pods have as their environment. */
export const ENV = 'env';

const NOTE = '# Rendered by kt render meltano; changes here are lost. Put yours into overlays/.\n';
const PREFIX = 'meltano.kubernetes.io/';
/** Of all objects, pods included. Not "kt": what has that, kt deploy takes for its own. */
const COMMON = {
  'app.kubernetes.io/component': 'orchestrator',
  'app.kubernetes.io/managed-by': 'kt-render-meltano',
  'app.kubernetes.io/part-of': 'meltano',
};

/** A schedule that comes, with the line for its CronJob. */
export type TimedSchedule = MeltanoSchedule & { line: string };

/** Texts by path below the base, and the name of each schedule's CronJob, in their order. */
export interface MeltanoBase {
  files: Map<string, string>;
  names: readonly string[];
}

/** The base. */
export function baseFiles(schedules: readonly TimedSchedule[]): MeltanoBase {
  const names = cronJobNames(schedules.map(({ name }) => name));
  const fileOf = (name: string): string => `${name}-cron-job.yml`;
  const kustomization = {
    ...KUSTOMIZATION,
    labels: [{ pairs: COMMON, includeTemplates: true }],
    resources: names.map(fileOf),
    configMapGenerator: [{ name: ENV }],
  };
  const files = new Map([['kustomization.yml', NOTE + yamlText(kustomization)]]);
  for (const [i, schedule] of schedules.entries()) {
    const name = names[i] ?? '';
    files.set(fileOf(name), NOTE + yamlText(cronJob(name, schedule)));
  }
  return { files, names };
}

function cronJob(name: string, { name: schedule, job, line, command, env }: TimedSchedule): object {
  const whole = { schedule, ...(job === null ? {} : { job }) };
  const ours = Object.entries(whole).map(([key, text]) => ({
    key: PREFIX + key,
    text,
    label: labelValue(text),
  }));
  const found = Object.fromEntries(ours.map(({ key, label }) => [key, label]));
  const cut = ours.filter(({ text, label }) => text !== label).map(({ key, text }) => [key, text] as const);
  const labels = { 'app.kubernetes.io/instance': name, 'app.kubernetes.io/name': name, ...found };
  const container = {
    name: 'meltano',
    image: 'meltano',
    command,
    envFrom: [{ configMapRef: { name: ENV } }],
    ...(env.length === 0 ? {} : { env: env.map(([key, value]) => ({ name: key, value })) }),
    volumeMounts: [{ mountPath: '/tmp', name: 'scratch' }],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, labels, ...(cut.length === 0 ? {} : { annotations: Object.fromEntries(cut) }) },
    spec: {
      schedule: line,
      concurrencyPolicy: 'Forbid',
      jobTemplate: {
        metadata: { labels: found },
        spec: {
          parallelism: 1,
          template: {
            metadata: { labels: found },
            spec: {
              restartPolicy: 'OnFailure',
              volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Gi' } }],
              containers: [container],
            },
          },
        },
      },
    },
  };
}
