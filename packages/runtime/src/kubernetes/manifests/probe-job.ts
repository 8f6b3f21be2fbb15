/** The Job whose pod looks around for `kt doctor`. Pure. */
import { Format } from '../../parse/format.js';
import { list, nullOr, number, oneOf, record, text } from '../../parse/shapes.js';
import type { StoreTrial } from '../../ports/store-trial.js';
import { bundleNames, LABEL } from './names.js';
import type { Job } from '../api/objects.js';
import { basePod, MOUNT, placementOf, podLabels } from './pod-spec.js';
import type { ClusterSettings } from './cluster-settings.js';

const RESOURCES = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } };

/** What such a pod prints. */
export interface ProbeReport {
  node: string;
  nowMs: number;
  store: StoreTrial;
  /** Packages outside the bundle, and what was said when each was loaded; null where that went well. */
  packages: { name: string; problem: string | null }[];
}

const TRIAL = record<StoreTrial>({
  failures: list(
    record<StoreTrial['failures'][number]>({
      verb: oneOf('open', 'list', 'get', 'put', 'put if absent', 'replace if match', 'delete', 'copy'),
      why: text,
      hint: text,
    }),
  ),
  aheadMs: nullOr(number),
  puts: nullOr(record<NonNullable<StoreTrial['puts']>>({ count: number, totalMs: number, medianMs: number })),
  left: list(text),
});

/** The line that the pod prints. */
export const PROBE_REPORT = new Format<ProbeReport>({
  name: 'report of the probe',
  code: 'BAD_PROBE',
  hint: 'Something else prints in its pod.',
  shape: record<ProbeReport>({
    node: text,
    nowMs: number,
    store: TRIAL,
    packages: list(record<ProbeReport['packages'][number]>({ name: text, problem: nullOr(text) })),
  }),
});

/** @param bundle digest and number of ConfigMaps of any bundle. */
export function probeJob(
  settings: ClusterSettings,
  bundle: { digest: string; parts: number },
  id: string,
): Job {
  const labels = { 'app.kubernetes.io/name': 'kt', [LABEL.managedBy]: 'kt', [LABEL.component]: 'probe' };
  const spec = basePod({
    settings,
    bundle: bundleNames(bundle.digest, bundle.parts),
    args: [`${MOUNT.bundle}/controller.mjs`],
    env: [{ name: 'KT_PROBE', value: settings.store }],
    resources: RESOURCES,
    token: false,
    volumes: [],
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `kt-doctor-${id}`, namespace: settings.namespace, labels },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: 300,
      ttlSecondsAfterFinished: 60,
      template: {
        metadata: { labels: podLabels(settings, labels) },
        spec: { ...spec, ...placementOf(settings) },
      },
    },
  };
}
