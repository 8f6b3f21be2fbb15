/** The Job whose pod has a volume, for people outside its cluster. Pure. */
import type { ClusterSettings } from '../manifests/cluster-settings.js';
import { bundleNames, LABEL } from '../manifests/names.js';
import type { Job } from '../api/objects.js';
import { basePod, MOUNT, placementOf, podLabels } from '../manifests/pod-spec.js';
import { SESSION } from './volume-pod.js';

const RESOURCES = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } };
const HEAP = '--max-old-space-size=128';
const ENTRY = [HEAP, `${MOUNT.bundle}/controller.mjs`];
/** It ends sooner where nobody asks. */
const DAY_SECONDS = 86_400;

/** What is run in the pod for a session. */
export const SESSION_COMMAND: readonly string[] = ['node', ...ENTRY, SESSION];

/** @param bundle digest and number of ConfigMaps of any bundle. */
export function volumeJob(
  settings: ClusterSettings,
  bundle: { digest: string; parts: number },
  id: string,
): Job {
  const labels = { 'app.kubernetes.io/name': 'kt', [LABEL.managedBy]: 'kt', [LABEL.component]: 'files' };
  const spec = basePod({
    settings,
    bundle: bundleNames(bundle.digest, bundle.parts),
    args: ENTRY,
    env: [{ name: 'KT_FILES', value: settings.store }],
    resources: RESOURCES,
    token: false,
    volumes: [],
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `kt-files-${id}`, namespace: settings.namespace, labels },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: DAY_SECONDS,
      ttlSecondsAfterFinished: 60,
      template: {
        metadata: { labels: podLabels(settings, labels) },
        spec: { ...spec, ...placementOf(settings) },
      },
    },
  };
}
