// @kube-transform/runtime/kubernetes: what runs in a cluster are made of.
export { paths } from './api-paths.js';
export { askAbout } from './ask-why.js';
export { beginRun, startController } from './begin-run.js';
export type { KubeConnection } from './connection.js';
export { inClusterConnection } from './connection.js';
export { follow } from './follow.js';
export type { Followed } from './follow.js';
export { nthOfRanges } from './index-ranges.js';
export { KubeApi } from './kube-api.js';
export { isKubeError, KubeError } from './kube-error.js';
export { kubernetesExecutor } from './kubernetes-executor.js';
export type { KubernetesExecutor } from './kubernetes-executor.js';
export type { KubernetesOptions } from './executor-options.js';
export {
  ANNOTATION,
  bundleName,
  controllerName,
  deployLabels,
  deploymentName,
  documentName,
  JOB_NAME,
  LABEL,
  labelValue,
  runLabels,
  runName,
  selectPodsOf,
  selectRun,
  shortHash,
  scheduleName,
  taskName,
  versionName,
} from './keys.js';
export { controllerJob, ownerOf, runConfigMap, taskJob } from './manifests.js';
export type { RunFrame, WavePlan } from './manifests.js';
export type * from './objects.js';
export { deal, filesOf, parcel } from './parcels.js';
export { packed } from './packed-bundle.js';
export { podEnd } from './pod-end.js';
export { MOUNT } from './pod-spec.js';
export { probeJob } from './probe-job.js';
export type { ProbeReport } from './probe-job.js';
export { refusalOf } from './refusals.js';
export type { Waiting, WaitPatience } from './refusals.js';
export { advance, READ_FROM_START, readerJob, valuesAfter } from './reader-job.js';
export type { ReadCursor, ReadLine, ReadRequest, ReadValue } from './reader-job.js';
export { accessObjects, CONTROLLER_RULES } from './role.js';
export type { Rule } from './role.js';
export { recordFiles, RUN_KEY } from './run-config.js';
export type { RunConfig } from './run-config.js';
export type { ClusterSummary } from './run-report.js';
export { cronJob, scheduledRunId } from './schedules.js';
export { clusterSettings, DEFAULT_IMAGE } from './settings.js';
export type { ClusterSettings, DataVolume } from './settings.js';
export { readVersion, runConfigOf, versionConfigMaps, versionOf } from './version.js';
export type { DeployedVersion, DeployPlace, VersionParts } from './version.js';
export { Vigil } from './vigil.js';
export type { Verdict } from './vigil.js';
export { isTerminalJob } from './waves.js';
