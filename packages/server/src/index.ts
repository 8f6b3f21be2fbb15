/** The job server: Jobs from templates, as a library and over HTTP. */
export { FileDefinitions, ListedDefinitions, openDefinitions } from './definitions/definitions.js';
export type {
  DefinitionList,
  DefinitionOptions,
  DefinitionPlaces,
  DefinitionSource,
} from './definitions/definitions.js';
export { readDefinitions } from './definitions/read-config.js';
export type { DefinitionPlace, JobDefinition, TemplateSource } from './definitions/read-config.js';
export { serverApp } from './http/app.js';
export type { AppOptions } from './http/app.js';
export type { Serving } from './http/handlers.js';
export type { TlsSettings } from './http/certificate.js';
export { listen } from './http/listen.js';
export type { ListeningServer, ListenOptions } from './http/listen.js';
export { serverMetrics } from './http/metrics.js';
export type { ServerMetrics } from './http/metrics.js';
export { openApi } from './http/openapi.js';
export { mayDo, readTokens } from './http/tokens.js';
export { anyOf, oidcCallers } from './http/oidc.js';
export type { OidcSettings } from './http/oidc.js';
export type { Caller, CallerOf, TokenScope } from './http/tokens.js';
export { MARK, wordFor } from './jobs/job-object.js';
export type { JobCondition, JobContainer, JobObject, JobPodSpec, JobWord } from './jobs/job-object.js';
export type { JobLimits } from './jobs/check-job.js';
export type { JobLogs, LogOptions } from './jobs/job-logs.js';
export { checkDefinitions, NoCluster } from './jobs/check-definitions.js';
export type { CheckDefinitionsOptions, DefinitionCheck } from './jobs/check-definitions.js';
export { JobTemplates } from './jobs/job-templates.js';
export type { GivenArguments, JobTemplatesOptions } from './jobs/job-templates.js';
export { jobApi, JobManager } from './jobs/managed-jobs.js';
export type { CreateOptions, JobManagerOptions, PreCreate } from './jobs/managed-jobs.js';
export { JobRetention } from './jobs/retention.js';
export type { RetentionOptions } from './jobs/retention.js';
export { JobUpkeep } from './upkeep/upkeep.js';
export type { UpkeepOptions } from './upkeep/upkeep.js';
export { isUntold } from './upkeep/webhooks.js';
export type { WebhookResult } from './upkeep/webhooks.js';
export type { WebhookSettings } from './upkeep/webhook-request.js';
export type { JobPlace, PlaceLimits } from './jobs/queues.js';
export { waitOf } from './jobs/waiting.js';
export type { JobWait } from './jobs/waiting.js';
export type { PlannedDefinition } from './manifests/definition-objects.js';
export { serverEnvironment, serverObjects } from './manifests/server-objects.js';
export type { ServerPlan } from './manifests/server-objects.js';
export type {
  ServedCollectOptions,
  ServedLogOptions,
  ServedPipeline,
  ServedRun,
  ServedRuns,
  ServedVersion,
  StartedServedRun,
  StartRequest,
} from './runs/served-runs.js';
export { readSettings } from './settings.js';
export type { ServerSettings } from './settings.js';
export { startServer } from './start-server.js';
export type { JobServer, StartOptions } from './start-server.js';
export { argumentsOf, readArguments, TemplateArguments } from './jinja/arguments.js';
export { renderTemplate, TemplateRenderer } from './rendering/render-template.js';
export { TemplateError } from './jinja/template-error.js';
