/** Reads which versions of which pipelines are deployed, and were, in a namespace. */
import { didYouMean, KtError } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  ANNOTATION,
  type ConfigMap,
  type DeployedVersion,
  deploymentName,
  filesOf,
  keyIn,
  type KubeApi,
  type KubeObject,
  LABEL,
  labelValue,
  paths,
  readVersion,
} from '@kube-transform/runtime/kubernetes';
import { type Applied, objectPath } from '../cluster/apply-objects.js';
import { inNamespace } from '../cluster/connect.js';
import { componentOf, DEPLOYMENT, DEPLOYMENT_FORMAT, type Deployment, pipelineOf } from './deploy-objects.js';

/** A version as it is kept in the cluster. */
export interface KeptVersion {
  version: string;
  /** When it was last deployed. */
  deployedAtMs: number;
  objects: ConfigMap[];
}

/** What is deployed of a pipeline; null where nothing is. @throws KtError as {@link DEPLOYMENT_FORMAT}. */
export async function findDeployment(api: KubeApi, pipeline: string): Promise<Deployment | null> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, deploymentName(pipeline)));
  const text = object?.data?.[DEPLOYMENT];
  return object === null || text === undefined
    ? null
    : DEPLOYMENT_FORMAT.parse(text, keyIn(object, DEPLOYMENT));
}

/** The versions of a pipeline that are kept, the newest first. */
export async function keptVersions(api: KubeApi, pipeline: string): Promise<KeptVersion[]> {
  const labelSelector = `${LABEL.component}=version,${LABEL.managedBy}=kt,${LABEL.pipeline}=${labelValue(pipeline)}`;
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector });
  return versionsIn(items);
}

/** The versions that ConfigMaps of one pipeline hold, the newest first. */
export function versionsIn(objects: readonly ConfigMap[]): KeptVersion[] {
  const versions = new Map<string, KeptVersion>();
  for (const object of objects) {
    const version = object.metadata.labels?.[LABEL.version] ?? '';
    const known = versions.get(version) ?? { version, deployedAtMs: 0, objects: [] };
    versions.set(version, {
      ...known,
      deployedAtMs: Math.max(known.deployedAtMs, deployedAtMs(object)),
      objects: [...known.objects, object],
    });
  }
  return [...versions.values()].sort(
    (a, b) => b.deployedAtMs - a.deployedAtMs || (a.version < b.version ? -1 : 1),
  );
}

/** When a version was last deployed: when it was made, or what {@link noteAgain} wrote. */
function deployedAtMs({ metadata: { annotations, creationTimestamp } }: KubeObject): number {
  return Math.max(
    Date.parse(creationTimestamp ?? '') || 0,
    Date.parse(annotations?.[ANNOTATION.deployedAt] ?? '') || 0,
  );
}

/**
 * A version that was there and is deployed again is the newest from now on: what was deployed meanwhile is
 * before it.
 */
export async function noteAgain(api: KubeApi, applied: readonly Applied[]): Promise<void> {
  const moved = applied
    .filter(({ object, outcome }) => componentOf(object) === 'deployment' && outcome === 'changed')
    .map(({ object }) => pipelineOf(object));
  const annotations = { [ANNOTATION.deployedAt]: new Date(systemClock.nowMs()).toISOString() };
  for (const { object, outcome } of applied) {
    if (componentOf(object) === 'version' && outcome === 'unchanged' && moved.includes(pipelineOf(object)))
      await api.patch(objectPath(object), { metadata: { annotations } }, { type: 'merge' });
  }
}

/** A version that is kept. @throws KtError `UNKNOWN_VERSION`. */
export async function readKept(api: KubeApi, pipeline: string, wanted: string): Promise<DeployedVersion> {
  const versions = await keptVersions(api, pipeline);
  const found = versions.filter(({ version }) => version.startsWith(wanted));
  const [kept] = found;
  const read =
    kept === undefined || found.length > 1
      ? undefined
      : readVersion(
          new Map(kept.objects.flatMap(object => [...filesOf(object)])),
          `version ${kept.version} of ${pipeline}`,
        );
  if (read !== undefined) return read;
  const names = versions.map(({ version }) => version);
  throw new KtError({
    code: 'UNKNOWN_VERSION',
    path: 'version',
    message: `${found.length > 1 ? `"${wanted}" is the beginning of ${found.length} versions` : `There is no version "${wanted}"`} of pipeline "${pipeline}" ${inNamespace(api)}.`,
    hint: didYouMean(wanted, names) ?? `There are: ${names.join(', ') || 'none'}.`,
  });
}
