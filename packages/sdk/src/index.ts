// Public API of @kube-transform/sdk.
export { defineConfig } from './document/project-config.js';
export type {
  ClaimConfig,
  ContextConfig,
  ContextDefaults,
  Delivery,
  ProjectConfig,
} from './document/project-config.js';
export type { KtContext, KtFileHandle, KtFiles, KtFileStat, KtFs, KtLog } from './context.js';
export {
  assertNever,
  formatProblem,
  isKtError,
  isPermanent,
  KtError,
  PermanentError,
  RETRIED,
} from './errors.js';
export type { FailureCause, Problem } from './errors.js';
export { definitionOf, functionName, ktFunction, receiverOf } from './builder/functions.js';
export type {
  AnyFunction,
  FunctionDefinition,
  InputOf,
  KtFunction,
  KtFunctionOptions,
  OutputOf,
  StepDefaults,
} from './builder/functions.js';
export { addKey, findNonJson } from './json.js';
export type { IsJson, Json, JsonObject } from './json.js';
export { graphProblems } from './document/check-graph.js';
export { nameExports } from './builder/name-exports.js';
export { closest, didYouMean } from './document/names.js';
export { mustParsePipeline, parsePipeline, parseSpawn } from './document/parse-pipeline.js';
export type { Parsed } from './document/parse-pipeline.js';
export { isPipeline, Pipeline, pipeline } from './builder/pipeline.js';
export type { PipelineOptions } from './builder/pipeline.js';
export { omitUndefined } from './omit-undefined.js';
export type { WithoutUndefined } from './omit-undefined.js';
export { parseDurationMs, parseQuantity } from './document/quantity.js';
export { asRef, each, parseRef, refSources, replaceRefs } from './builder/refs.js';
export type { Arg, Each, Ref, RefJson } from './builder/refs.js';
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
} from './document/spec.js';
export { bindSpec } from './builder/sub-pipeline.js';
export { issuePath } from './standard-schema.js';
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from './standard-schema.js';
export type { MapResult, ResultOf, SpawnResult, StepOptions, StepRefs, Steps } from './builder/step-types.js';
