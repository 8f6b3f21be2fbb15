/*
 * Brings a run into a cluster: its bundle, its ConfigMap, the record, the controller's Job.
 *
 * PB1 Each object has a name that follows from what it is; publishing again what is there does nothing.
 * PB2 The run's ConfigMap owns the rest of the run: it is made first, and deleting it ends the run. Bundles are shared and outlive runs.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import {
  bundleName,
  type ConfigMap,
  controllerJob,
  deal,
  documentName,
  type Job,
  type KubeApi,
  LABEL,
  ownerOf,
  packed,
  parcel,
  paths,
  recordFiles,
  RUN_KEY,
  runConfigMap,
  type RunConfig,
  runLabels,
  runName,
} from '@kube-transform/runtime/kubernetes';
import type { Bundle } from '../bundle.js';

/** A bundle in the cluster. */
export interface PublishedBundle {
  digest: string;
  parts: number;
  /** False where it was there already. */
  isNew: boolean;
}

/** Puts a bundle into ConfigMaps named by its digest. @throws KtError `BUNDLE_TOO_LARGE`, and what the cluster refuses. */
export async function publishBundle(api: KubeApi, bundle: Pick<Bundle, 'digest' | 'dir' | 'files'>): Promise<PublishedBundle> {
  const { digest, dir } = bundle;
  const names = [...Object.keys(bundle.files), 'functions.mjs'].sort();
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, await readFile(join(dir, name)));
  const parts = deal(packed(files));
  if (parts === undefined) {
    const bytes = [...files.values()].reduce((sum, body) => sum + body.length, 0);
    throw new KtError({
      code: 'BUNDLE_TOO_LARGE',
      path: dir,
      message: `The bundle has ${(bytes / 2 ** 20).toFixed(1)} MiB, which is too much for ConfigMaps.`,
      hint: 'kt bundle --analyze shows what weighs.',
    });
  }
  let isNew = false;
  for (const [n, part] of parts.entries()) {
    const labels = { [LABEL.managedBy]: 'kt', [LABEL.component]: 'bundle', [LABEL.bundle]: digest };
    const metadata = { name: bundleName(digest, n), namespace: api.namespace, labels };
    const found = await api.get<ConfigMap>(paths.configMaps(api.namespace, metadata.name));
    if (found === null && (await api.create(paths.configMaps(api.namespace), parcel(part, metadata))) !== null) isNew = true;
  }
  return { digest, parts: parts.length, isNew };
}

/** Makes the objects of a new run and starts its controller. @throws KtError `RUN_EXISTS`. */
export async function publishRun(api: KubeApi, config: RunConfig, record: RunRecord | null): Promise<void> {
  const { runId, pipeline, digest } = config;
  const namespace = api.namespace;
  const data = { [RUN_KEY.config]: JSON.stringify(config) };
  const made = await api.create<ConfigMap>(paths.configMaps(namespace), runConfigMap({ runId, pipeline, namespace, digest, data }));
  if (made === null) {
    throw new KtError({
      code: 'RUN_EXISTS',
      path: '--run-id',
      message: `There is a run "${runId}" in namespace "${namespace}" already.`,
      hint: `See it: kt status ${runId}`,
    });
  }
  const owner = ownerOf(runId, made.metadata.uid ?? '');
  const documents = record === null ? [] : (deal(recordFiles(record)) ?? []);
  for (const [n, part] of documents.entries()) {
    const metadata = { name: documentName(runId, n), namespace, labels: runLabels(runId, pipeline, 'run-document'), ownerReferences: [owner] };
    await api.create(paths.configMaps(namespace), parcel(part, metadata));
  }
  await startController(api, { config, uid: made.metadata.uid ?? '', start: '1' });
}

/** Starts a controller of a run. False where one of that name is there. */
export async function startController(api: KubeApi, { config, uid, start }: { config: RunConfig; uid: string; start: string }): Promise<boolean> {
  const { runId, pipeline, digest, bundleParts, settings } = config;
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: `${LABEL.run}=${runLabels(runId, pipeline, 'run')[LABEL.run] ?? ''},${LABEL.component}=run-document`,
  });
  const frame = { runId, pipeline, settings, digest, bundleParts, owner: ownerOf(runId, uid) };
  const documents = items.map(({ metadata }) => metadata.name).sort();
  return (await api.create<Job>(paths.jobs(api.namespace), controllerJob(frame, { id: start, documents }))) !== null;
}

/** The run's ConfigMap and what it says; null where there is none. */
export async function readRunConfig(api: KubeApi, runId: string): Promise<{ object: ConfigMap; config: RunConfig } | null> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(runId)));
  const text = object?.data?.[RUN_KEY.config];
  return object === null || text === undefined ? null : { object, config: JSON.parse(text) as RunConfig };
}
