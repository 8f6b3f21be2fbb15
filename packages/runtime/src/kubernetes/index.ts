// @kube-transform/runtime/kubernetes: what runs in a cluster are made of.
export { paths } from './api/paths.js';
export { debugJob, debugWords, replayWords } from './diagnosis/debug-job.js';
export type { Debugged, DebugWishes } from './diagnosis/debug-job.js';
export { itemJob } from './containers/pod-again.js';
export { posixWord } from './diagnosis/kubelet-text.js';
export { diagnose } from './diagnosis/diagnose.js';
export { InquiryOfJob } from './diagnosis/inquiry.js';
export { controllerPods, drivenRuns, flagCancelled, liveControllers } from './run/run-objects.js';
export { createRunObjects, createControllerJob } from './run/begin-run.js';
export { announceEnd, renew, renewBundle, usedMs } from './run/renew-bundle.js';
export type { KubeConnection } from './api/connection.js';
export { inClusterConnection } from './api/connection.js';
export { watch } from './api/watch.js';
export type { WatchChange } from './api/watch.js';
export { nthOfRanges } from './api/index-ranges.js';
export { KubeApi, type ListOptions } from './api/kube-api.js';
export { isKubeError, KubeError } from './api/kube-error.js';
export { kubernetesExecutor } from './executor/kubernetes-executor.js';
export type { KubernetesExecutor, KubernetesOptions } from './executor/options.js';
export {
  ANNOTATION,
  bundleName,
  bundleRef,
  type BundleRef,
  codeName,
  controllerName,
  deployLabels,
  deploymentName,
  documentName,
  JOB_INDEX,
  JOB_NAME,
  LABEL,
  labelValue,
  ownerOf,
  runLabels,
  runName,
  selectPodsOf,
  selectRun,
  shortHash,
  slug,
  scheduleName,
  taskName,
  versionName,
} from './manifests/names.js';
export { controllerJob, ONE_POD, taskJob } from './manifests/run-jobs.js';
export type { RunFrame, WavePlan } from './manifests/run-jobs.js';
export type * from './api/objects.js';
export { splitIntoConfigMaps, filesOf, fileConfigMap } from './manifests/config-map-files.js';
export { codeInEnv, packed, reproducibleGzip } from './manifests/packed-bundle.js';
export { readTerminationNote, terminationOf } from './diagnosis/pod-termination.js';
export { MOUNT } from './manifests/pod-spec.js';
export { serveVolume } from './files/serve-volume.js';
export type { Peer } from './files/serve-volume.js';
export { ALIVE_EVERY_MS } from './files/volume-pod.js';
export { FRAME, frameOf } from './files/frames.js';
export { SESSION_COMMAND, volumeJob } from './files/volume-job.js';
export type { SessionPeer } from './files/volume-session.js';
export { volumeStore } from './files/volume-store.js';
export type { ExecStream, ForwardStream } from './api/exec.js';
export { CONTAINER } from './manifests/pod-spec.js';
export { PROBE_REPORT, probeJob } from './manifests/probe-job.js';
export type { ProbeReport } from './manifests/probe-job.js';
export { rejectionOf } from './diagnosis/rejections.js';
export type { PendingReason, WaitLimit } from './diagnosis/rejections.js';
export { readerJob } from './manifests/reader-job.js';
export { advance, READ_FROM_START, READ_LINE, valuesAfter } from './manifests/reader-pages.js';
export type { ReadCursor, ReadLine, ReadRequest, ReadValue } from './manifests/reader-pages.js';
export { accessObjects, CONTROLLER_RULES } from './manifests/rbac.js';
export type { Rule } from './manifests/rbac.js';
export {
  keyIn,
  readRunConfig,
  recordFiles,
  RUN_CONFIG,
  RUN_KEY,
  runConfigMap,
} from './manifests/run-config.js';
export type { RunConfig } from './manifests/run-config.js';
export { cronJob, scheduledRunId } from './manifests/cron-job.js';
export { clusterSettings, DEFAULT_IMAGE, QUEUE_MARK, queueMarks } from './manifests/cluster-settings.js';
export type { ClusterSettings, DataVolume } from './manifests/cluster-settings.js';
export {
  readVersion,
  runConfigOf,
  versionConfigMaps,
  VERSION_FORMAT,
  versionOf,
} from './manifests/deployed-version.js';
export type { DeployedVersion, DeployTarget, VersionParts } from './manifests/deployed-version.js';
export { StartTimeout } from './diagnosis/start-timeout.js';
export type { StartObservation } from './diagnosis/start-timeout.js';
export { isTerminalJob } from './api/objects.js';
