/** The Job whose pod reads what a store holds of a run, for people outside its cluster. Pure. */
import { ANNOTATION, bundleNames, runLabels, runName, shortHash, slug } from './names.js';
import type { RunFrame } from './run-jobs.js';
import type { Job } from '../api/objects.js';
import { basePod, MOUNT, placementOf, podLabels } from './pod-spec.js';
import { READ_REQUEST, type ReadRequest } from './reader-pages.js';

const RESOURCES = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } };
const HEAP = '--max-old-space-size=400';

/** The Job whose pod prints one page. */
export function readerJob(frame: RunFrame, id: string, request: ReadRequest): Job {
  const { runId, pipeline, settings, digest } = frame;
  const labels = runLabels(runId, pipeline, 'reader');
  const spec = basePod({
    settings,
    bundle: bundleNames(digest, frame.bundleParts),
    args: [HEAP, `${MOUNT.bundle}/controller.mjs`],
    env: [{ name: 'KT_READ', value: READ_REQUEST.text(request) }],
    resources: RESOURCES,
    token: false,
    volumes: [],
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `kt-read-${slug(runId, 26)}-${shortHash(runName(runId))}-${id}`,
      namespace: settings.namespace,
      labels,
      annotations: { [ANNOTATION.runId]: runId },
      ownerReferences: [frame.owner],
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: 1800,
      ttlSecondsAfterFinished: 60,
      template: {
        metadata: { labels: podLabels(settings, labels) },
        spec: { ...spec, ...placementOf(settings) },
      },
    },
  };
}
