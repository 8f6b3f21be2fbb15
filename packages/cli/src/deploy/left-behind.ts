/** Decides what a deployment deletes of what was deployed before. Pure. */
import { type ConfigMap, type KubeObject, labelValue } from '@kube-transform/runtime/kubernetes';
import { componentOf, pipelineOf } from './deploy-objects.js';
import { versionsIn } from './deployments.js';
import type { DeployPlan } from './plan.js';

const KEPT_VERSIONS = 10;

/**
 * Of the objects that a project has in the cluster those that go: schedules of the deployed pipelines that
 * are no longer there, versions beyond the last ten of each, and with a whole project the pipelines that it
 * no longer has. Runs and their bundles are `kt gc`'s.
 */
export function leftBehind(
  { versions, objects }: Pick<DeployPlan, 'versions' | 'objects'>,
  there: readonly KubeObject[],
  isWhole: boolean,
): KubeObject[] {
  const wanted = new Set(objects.map(kindAndName));
  const deployed = new Set(versions.map(({ pipeline }) => labelValue(pipeline)));
  const kept = new Set([...deployed].flatMap(pipeline => lastVersions(pipeline, there)));
  return there.filter(object => {
    if (wanted.has(kindAndName(object))) return false;
    if (!deployed.has(pipelineOf(object))) return isWhole;
    return !kept.has(object);
  });
}

/** The ConfigMaps of the last versions of a pipeline. */
function lastVersions(pipeline: string, there: readonly KubeObject[]): KubeObject[] {
  const versions: ConfigMap[] = there.filter(
    object => componentOf(object) === 'version' && pipelineOf(object) === pipeline,
  );
  return versionsIn(versions)
    .slice(0, KEPT_VERSIONS)
    .flatMap(({ objects }) => objects);
}

const kindAndName = ({ kind, metadata }: KubeObject): string => `${kind ?? ''}/${metadata.name}`;
