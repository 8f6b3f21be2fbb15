/*
 * Begins a run in a cluster: its ConfigMap, its record, its controller's Job.
 *
 * - Each object has a name that follows from what it is; making again what is there does nothing.
 * - The run's ConfigMap owns the rest of the run: it is made first, and deleting it ends the run.
 */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { RunRecord } from '../../run-store/run-record.js';
import { paths } from '../api/paths.js';
import { bundleRef, documentName, LABEL, labelValue, ownerOf, runLabels } from '../manifests/names.js';
import type { KubeApi } from '../api/kube-api.js';
import { controllerJob } from '../manifests/run-jobs.js';
import type { ConfigMap, Job } from '../api/objects.js';
import { splitIntoConfigMaps, fileConfigMap } from '../manifests/config-map-files.js';
import { besideMemory } from '../manifests/beside-controller.js';
import { recordFiles, RUN_CONFIG, RUN_KEY, type RunConfig, runConfigMap } from '../manifests/run-config.js';

interface Beginning {
  config: RunConfig;
  /** Null where the store has it. */
  record: RunRecord | null;
  again?: boolean;
}

/**
 * Makes the objects of a new run and starts its controller. False where there is a run of that name; with
 * `again` it is seen to be whole.
 */
export async function createRunObjects(
  api: KubeApi,
  { config: given, record, again = false }: Beginning,
): Promise<boolean> {
  const { runId, pipeline, digest, schedule } = given;
  const beside = record === null ? given.besideMemory : besideMemory(record.pipeline.jobs, given.settings);
  const config = { ...given, ...omitUndefined({ besideMemory: beside }) };
  const namespace = api.namespace;
  const data = { [RUN_KEY.config]: RUN_CONFIG.text(config) };
  const object = runConfigMap({ runId, pipeline, namespace, digest, data });
  if (schedule !== undefined) Object.assign(object.metadata.labels ?? {}, { [LABEL.schedule]: schedule });
  const made = await api.create<ConfigMap>(paths.configMaps(namespace), object);
  if (made === null && !again) return false;
  const uid = (
    made ?? (await api.list<ConfigMap>(paths.configMaps(namespace), nameIs(object.metadata.name))).items[0]
  )?.metadata.uid;
  if (uid === undefined)
    throw new KtError({
      code: 'RUN_DELETED',
      path: 'run',
      message: `Run "${runId}" was deleted while it was being made.`,
    });
  const documents = record === null ? [] : (splitIntoConfigMaps(recordFiles(record)) ?? []);
  for (const [n, part] of documents.entries()) {
    const labels = runLabels(runId, pipeline, 'run-document');
    const metadata = {
      name: documentName(runId, n),
      namespace,
      labels,
      ownerReferences: [ownerOf(runId, uid)],
    };
    await api.create(paths.configMaps(namespace), fileConfigMap(part, metadata));
  }
  await createControllerJob(api, { config, uid, start: '1' });
  return made !== null;
}

const nameIs = (name: string): { fieldSelector: string } => ({ fieldSelector: `metadata.name=${name}` });

/** Starts a controller of a run. False where one of that name is there. */
export async function createControllerJob(
  api: KubeApi,
  { config, uid, start }: { config: RunConfig; uid: string; start: string },
): Promise<boolean> {
  const { runId, pipeline, settings, besideMemory: beside } = config;
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: `${LABEL.run}=${labelValue(runId)},${LABEL.component}=run-document`,
  });
  const frame = { runId, pipeline, settings, ...bundleRef(config), owner: ownerOf(runId, uid) };
  const documents = items.map(({ metadata }) => metadata.name).sort();
  const job = controllerJob(frame, { id: start, documents, ...omitUndefined({ besideMemory: beside }) });
  return (await api.create<Job>(paths.jobs(api.namespace), job)) !== null;
}
