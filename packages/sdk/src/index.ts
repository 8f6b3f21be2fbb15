// Public API of @kube-transform/sdk.
export { defineConfig } from './config.js';
export type { ClaimConfig, ContextConfig, ContextDefaults, Delivery, ProjectConfig } from './config.js';
export type { KtContext, KtFileHandle, KtFiles, KtFileStat, KtFs, KtLog } from './context.js';
export { assertNever, formatProblem, isKtError, isPermanent, KtError, PermanentError, RETRIED } from './errors.js';
export type { FailureCause, Problem } from './errors.js';
export { definitionOf, functionName, ktFunction, receiverOf } from './functions.js';
export type { AnyFunction, FunctionDefinition, InputOf, KtFunction, KtFunctionOptions, OutputOf, StepDefaults } from './functions.js';
export { findNonJson } from './json.js';
export type { IsJson, Json, JsonObject } from './json.js';
export { nameExports } from './name-exports.js';
export { closest, didYouMean } from './names.js';
export { mustParsePipeline, parsePipeline, parseSpawn } from './parse-pipeline.js';
export type { Parsed } from './parse-pipeline.js';
export { isPipeline, Pipeline, pipeline } from './pipeline.js';
export type { PipelineOptions } from './pipeline.js';
export { parseDurationMs, parseQuantity } from './quantity.js';
export { asRef, each, parseRef, refSources, replaceRefs } from './refs.js';
export type { Arg, Each, Ref, RefJson } from './refs.js';
export type {
  Backoff,
  JobOptions,
  JobStatus,
  KTJob,
  KTJobInput,
  KTPipeline,
  KTPipelineInput,
  KTSchedule,
  KTTask,
  KTTaskInput,
  KubernetesOptions,
  ScheduleOptions,
} from './spec.js';
export { bindSpec } from './sub-pipeline.js';
export { issuePath } from './standard-schema.js';
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './standard-schema.js';
export type { MapResult, ResultOf, SpawnResult, StepOptions, StepRefs, Steps } from './step-types.js';
