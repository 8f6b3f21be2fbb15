// Programmatic access to the bundler and to runs in clusters.
export { makeBundle } from './bundle/make-bundle.js';
export type { Bundle, BundleOptions } from './bundle/make-bundle.js';
export { publishBundle } from './cluster/publish.js';
export { resumeRun, submitRun } from './cluster/submit.js';
export { kubeConnection } from './kube-connection.js';
export { followRun } from './cluster/follow-run.js';
export { openRun, submitPipeline } from './cluster/run-handle.js';
export type { LogsOptions, RunHandle, SubmitOptions } from './cluster/run-handle.js';
export type { ClusterOptions } from './cluster/place.js';
export type { ClusterStatusJson } from './cluster/cluster-status.js';
export type { Cancelled } from './cluster/cancel-run.js';
