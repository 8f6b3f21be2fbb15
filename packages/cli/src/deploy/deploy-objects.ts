/** Makes the objects of a deployed pipeline. Pure: the same version gives the same objects. */
import type { KTSchedule } from '@kube-transform/sdk';
import { Format, record, text } from '@kube-transform/runtime/internal';
import {
  cronJob,
  deployLabels,
  deploymentName,
  type ConfigMap,
  type DeployedVersion,
  type DeployTarget,
  type KubeObject,
  LABEL,
  versionConfigMaps,
} from '@kube-transform/runtime/kubernetes';

/** Key of the ConfigMap of a deployment. */
export const DEPLOYMENT = 'deployment.json';

/** Which version of a pipeline is deployed. */
export interface Deployment {
  pipeline: string;
  version: string;
  /** Of its bundle. */
  digest: string;
}

/** `deployment.json`. */
export const DEPLOYMENT_FORMAT = new Format<Deployment>({
  name: 'deployment',
  code: 'BAD_DEPLOYMENT',
  hint: 'Deploy it again: kt deploy.',
  shape: record<Deployment>({ pipeline: text, version: text, digest: text }),
});

/** What an object is for; empty where it does not say. */
export const componentOf = ({ metadata }: KubeObject): string => metadata.labels?.[LABEL.component] ?? '';

/** The pipeline that an object is of, as the value of a label. */
export const pipelineOf = ({ metadata }: KubeObject): string => metadata.labels?.[LABEL.pipeline] ?? '';

/** The schedules of a version, with everything filled in. */
export const schedulesOf = ({ spec }: DeployedVersion): KTSchedule[] =>
  (spec.schedules ?? []).map(given => ({
    cron: given.cron,
    timeZone: given.timeZone ?? null,
    concurrencyPolicy: given.concurrencyPolicy ?? 'Forbid',
    startingDeadline: given.startingDeadline ?? null,
    suspend: given.suspend ?? false,
  }));

/** The version itself, which version is deployed, and its schedules. */
export function pipelineObjects(version: DeployedVersion, target: DeployTarget): KubeObject[] {
  return [
    ...versionConfigMaps(version, target),
    deploymentConfigMap(version, target),
    ...schedulesOf(version).map(schedule => cronJob(version, schedule, target)),
  ];
}

function deploymentConfigMap(
  { pipeline, version, digest }: DeployedVersion,
  { project, namespace }: DeployTarget,
): ConfigMap {
  const deployment: Deployment = { pipeline, version, digest };
  const labels = { ...deployLabels(pipeline, project, 'deployment'), [LABEL.version]: version };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: deploymentName(pipeline), namespace, labels },
    data: { [DEPLOYMENT]: DEPLOYMENT_FORMAT.text(deployment) },
  };
}
