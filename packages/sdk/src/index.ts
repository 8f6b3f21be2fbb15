/**
 * Typed batch pipelines.
 *
 * - To write them: {@link ktFunction}, {@link pipeline}, {@link each}, {@link KtContext},
 *   {@link PermanentError}.
 * - To configure a project: {@link defineConfig}.
 * - Documents: {@link KTPipelineInput}, {@link parsePipeline}, {@link parseDurationMs},
 *   {@link parseQuantity}, {@link cronProblem}.
 * - What goes wrong: {@link KtError}, {@link isKtError}, {@link Problem}, {@link FailureCause}.
 * - For whoever runs pipelines: {@link nameExports}, {@link definitionOf}, {@link replaceRefs},
 *   {@link bindSpec}.
 *
 * @module
 */
export { definitionOf, functionName, receiverOf } from './builder/function-definition.js';
export type {
  AnyFunction,
  FunctionDefinition,
  KtFunctionOptions,
  StepDefaults,
} from './builder/function-definition.js';
export type { InputOf, KtFunction, OutputOf } from './builder/function-types.js';
export { ktFunction } from './builder/kt-function.js';
export type { KtDecorator } from './builder/kt-function.js';
export type { ContainerOptions, ContainerResult, ContainerSpec } from './builder/container-step.js';
export type { PythonResult, PythonResultOf, PythonSpec } from './builder/python-step.js';
export { nameExports } from './builder/name-exports.js';
export { isPipeline, Pipeline, pipeline } from './builder/pipeline.js';
export type { PipelineOptions } from './builder/pipeline-state.js';
export type { Arg, Each, Ref, RefArray, RefBase } from './builder/ref-types.js';
export { each } from './builder/refs.js';
export type {
  CallResult,
  MapResult,
  Nested,
  Nothing,
  Nullable,
  ResultOf,
  Spawning,
  SpawnResult,
  StepName,
  StepOptions,
  StepRefs,
  StepResult,
  Steps,
  UseOptions,
} from './builder/step-types.js';
export { bindSpec } from './builder/sub-pipeline.js';
export { text } from './builder/text.js';
export type { KtContext, KtLog, KtStoreOptions } from './context.js';
export { graphProblems } from './document/check-graph.js';
export { dataSources, refProblems } from './document/check-refs.js';
export { cronProblem } from './document/cron.js';
export { closest, didYouMean } from './document/did-you-mean.js';
export { circleProblem, circleText } from './document/find-circle.js';
export type { GraphJob } from './document/find-circle.js';
export type { Backoff, JobOptions, KubernetesOptions } from './document/job-options.js';
export { mustParsePipeline, parsePipeline, parseSpawn } from './document/parse-pipeline.js';
export type { Parsed } from './document/parse-pipeline.js';
export { defineConfig } from './document/project-config.js';
export type {
  ClaimConfig,
  ContextConfig,
  ContextDefaults,
  Delivery,
  JobDefinitionConfig,
  ProjectConfig,
  ServerConfig,
  StoreDriver,
} from './document/project-config.js';
export { parseDurationMs, parseQuantity } from './document/quantity.js';
export { asRef, missText, openPointer, parseRef, refSources, replaceRefs } from './document/read-refs.js';
export type { Opened } from './document/read-refs.js';
export type {
  KTContainer,
  KTContainerResult,
  KTExitCodes,
  KTJob,
  KTPipeline,
  KTSchedule,
  KTTask,
  RefJson,
  ScheduleOptions,
} from './document/spec.js';
export type { KTContainerInput, KTJobInput, KTPipelineInput, KTTaskInput } from './document/spec-input.js';
export { assertNever, formatProblem, isKtError, isPermanent, KtError, PermanentError } from './errors.js';
export type { Problem } from './errors.js';
export { RETRIED } from './failure-cause.js';
export type { FailureCause } from './failure-cause.js';
export type { KtFileHandle, KtFiles, KtFileStat, KtFs, KtFsOptions, KtFsStats } from './files.js';
export { addKey, copyJson, findNonJson } from './json.js';
export type { IsJson, Json, JsonObject } from './json.js';
export { omitUndefined } from './omit-undefined.js';
export type { WithoutUndefined } from './omit-undefined.js';
export { JOB_STATUSES, RUN_STATUSES } from './statuses.js';
export type { JobStatus } from './statuses.js';
export { issuePath } from './standard-schema.js';
export type {
  JsonSchemaOptions,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from './standard-schema.js';
