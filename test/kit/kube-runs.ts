/** Runs of a scripted API server, and a project whose last submit went there. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bundleName,
  clusterSettings,
  controllerName,
  type Job,
  LABEL,
  ownerOf,
  paths,
  type Pod,
  type RunConfig,
  runConfigMap,
  runLabels,
  runName,
} from '@kube-transform/runtime/kubernetes';
import type { RunStatus, RunSummary } from '@kube-transform/runtime';
import type { KubeServer } from './kube-server.js';
import { project, SHAKY } from './kt.js';

const namespace = 'ns';
const settings = clusterSettings({
  namespace,
  store: 'file:/mnt/data',
  volume: { claim: 'data', mountPath: '/mnt/data' },
});

/** A run of a test. */
export interface GivenRun {
  runId: string;
  /** Null: its controller has written nothing. */
  status: RunStatus | null;
  createdAtMs?: number;
  digest?: string;
  more?: Partial<RunSummary>;
}

/** Puts a run's ConfigMap into the storage; its uid. */
export function addRun(
  { storage }: KubeServer,
  { runId, status, createdAtMs = Date.now(), digest = 'd1', more = {} }: GivenRun,
): string {
  const config: RunConfig = {
    runId,
    pipeline: 'p',
    kind: 'new',
    from: null,
    digest,
    bundleParts: 1,
    settings,
    createdAtMs,
    source: null,
  };
  const summary = {
    ...{
      runId,
      pipeline: 'p',
      status,
      startedMs: createdAtMs,
      updatedMs: createdAtMs + 1000,
      jobs: [],
      counts: {},
      failures: [],
      result: null,
    },
    ...{ lastError: null, problem: null, trouble: null, ...more },
  };
  const data = {
    'run.json': JSON.stringify(config),
    ...(status === null ? {} : { summary: JSON.stringify(summary) }),
  };
  return (
    storage.create(
      paths.configMaps(namespace),
      runConfigMap({ runId, pipeline: 'p', namespace, digest, data }),
    ).metadata.uid ?? ''
  );
}

/** Puts a Job of a run and a pod of it into the storage. */
export function addJob(
  { storage }: KubeServer,
  { runId, component, owner }: { runId: string; component: 'controller' | 'task'; owner: string },
): void {
  const labels = runLabels(runId, 'p', component);
  const name = component === 'controller' ? controllerName(runId, '1') : `kt-step-${runId}`;
  const job: Job = {
    metadata: { name, labels, ownerReferences: [ownerOf(runId, owner)] },
    status: { active: 1, ready: 1 },
  };
  const { uid = '' } = storage.create(paths.jobs(namespace), job).metadata;
  const metadata = {
    name: `${name}-0`,
    labels,
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
  };
  const pod: Pod = { metadata, status: { phase: 'Running' } };
  storage.create(paths.pods(namespace), pod);
}

/** Puts a bundle into the storage. */
export function addBundle({ storage }: KubeServer, digest: string, part = 0): void {
  const labels = { [LABEL.managedBy]: 'kt', [LABEL.component]: 'bundle', [LABEL.bundle]: digest };
  storage.create(paths.configMaps(namespace), {
    metadata: { name: bundleName(digest, part), labels },
    binaryData: { f: 'AAAA' },
  });
}

export const hasRun = ({ storage }: KubeServer, runId: string): boolean =>
  storage.all(paths.configMaps(namespace)).some(({ metadata }) => metadata.name === runName(runId));

/** A project that has submitted to the server before, with a pipeline "shaky" that succeeds. */
export async function submittedTo(server: KubeServer): Promise<string> {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, fixed: '', '.kt/.gitignore': '*\n' });
  const kubeconfig = join(dir, '.kt/kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server: server.url } }],
    users: [{ name: 'me', user: { token: 't' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'me' } }],
    'current-context': 'fake',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  await writeFile(join(dir, '.kt/cluster.json'), JSON.stringify({ context: 'fake', namespace, kubeconfig }));
  return dir;
}
