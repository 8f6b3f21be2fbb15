/** What `kt rollback` does: makes an earlier version of a pipeline the deployed one. */
import { didYouMean, KtError } from '@kube-transform/sdk';
import {
  type ConfigMap,
  type KubeApi,
  type KubeObject,
  LABEL,
  labelValue,
  paths,
} from '@kube-transform/runtime/kubernetes';
import { inNamespace, openCluster, withContext } from '../cluster/connect.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { coloured, type Output, printText, table } from '../terminal/output.js';
import { applyObject, deleteObject } from '../cluster/apply-objects.js';
import { pipelineObjects, pipelineOf } from './deploy-objects.js';
import { findDeployment, keptVersions, readKept } from './deployments.js';
import { shellWord } from '../terminal/plain-text.js';

/** @throws KtError `NOT_DEPLOYED`, `NO_VERSION_BEFORE`, `UNKNOWN_VERSION`. */
export async function rollback(
  pipeline: string,
  { to, list, ...typed }: ClusterOptions & { to?: string; list: boolean },
  output: Output,
): Promise<void> {
  const api = await openCluster(await withContext(typed), text => output.err(text));
  try {
    const deployment = await findDeployment(api, pipeline);
    if (deployment === null) throw await notDeployed(api, pipeline);
    const versions = await keptVersions(api, pipeline);
    if (list) {
      const rows = versions.map(({ version, deployedAtMs }) => [
        version === deployment.version ? coloured('Completed', 'deployed') : '',
        version,
        new Date(deployedAtMs).toISOString(),
      ]);
      printText(output, table([['', 'VERSION', 'LAST DEPLOYED'], ...rows]));
      return;
    }
    const at = versions.findIndex(({ version }) => version === deployment.version);
    const wanted = to ?? versions[at + 1]?.version;
    if (wanted === undefined) {
      const hint = `kt rollback ${shellWord(pipeline)} --list shows what there is.`;
      throw new KtError({
        code: 'NO_VERSION_BEFORE',
        path: pipeline,
        message: `There is no version before ${deployment.version}.`,
        hint,
      });
    }
    const version = await readKept(api, pipeline, wanted);
    await applyVersion(
      api,
      pipelineObjects(version, { project: await deployedProject(api, pipeline), namespace: api.namespace }),
      pipeline,
    );
    output.out(
      `Deployed ${inNamespace(api)}: ${pipeline} ${version.version} instead of ${deployment.version}. Runs that go on keep their version.`,
    );
  } finally {
    api.close();
  }
}

/** Applies the objects of a version, and deletes the schedules that it does not have. */
async function applyVersion(api: KubeApi, objects: readonly KubeObject[], pipeline: string): Promise<void> {
  for (const object of objects) await applyObject(api, object, { dryRun: false });
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  const labelSelector = `${LABEL.component}=schedule,${LABEL.pipeline}=${labelValue(pipeline)}`;
  const { items } = await api.list<KubeObject>(paths.cronJobs(api.namespace), { labelSelector });
  for (const item of items)
    if (!names.has(item.metadata.name))
      await deleteObject(api, { ...item, kind: 'CronJob' }, { dryRun: false });
}

/** The project is a label of what it deployed. */
async function deployedProject(api: KubeApi, pipeline: string): Promise<string> {
  const [kept] = await keptVersions(api, pipeline);
  return kept?.objects[0]?.metadata.labels?.[LABEL.project] ?? '';
}

/** @returns a KtError `NOT_DEPLOYED` with what is. */
export async function notDeployed(api: KubeApi, pipeline: string): Promise<KtError> {
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: `${LABEL.component}=deployment,${LABEL.managedBy}=kt`,
  });
  const names = items.map(pipelineOf);
  return new KtError({
    code: 'NOT_DEPLOYED',
    path: pipeline,
    message: `Pipeline "${pipeline}" is not deployed ${inNamespace(api)}.`,
    hint:
      didYouMean(pipeline, names) ??
      `Deployed: ${names.join(', ') || 'none'}. Deploy it: kt deploy ${shellWord(pipeline)}.`,
  });
}
