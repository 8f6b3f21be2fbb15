// Programmatic access to the bundler and to runs in clusters.
export { makeBundle } from './bundle/make-bundle.js';
export type { Bundle, BundleOptions } from './bundle/make-bundle.js';
export { publishBundle } from './delivery/config-maps.js';
export { resumeRun } from './backends/cluster/resume-run.js';
export { submitRun } from './backends/cluster/submit-run.js';
export { kubeConnection } from './cluster/kube-connection.js';
export { followRun } from './backends/cluster/follow-run.js';
export { openRun, submitPipeline } from './backends/cluster/run-handle.js';
export type { LogsOptions, RunHandle, SubmitOptions } from './backends/cluster/run-handle.js';
export type { ClusterOptions } from './project/resolve-context.js';
export type { StatusJson, StatusJson as ClusterStatusJson } from './backends/status-json.js';
export type { Cancelled } from './backends/backend.js';
