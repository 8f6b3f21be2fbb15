/** From a definition and arguments to the Job that would be made. */
import { type Json, KtError } from '@kube-transform/sdk';
import type { DefinitionSource } from '../definitions/definitions.js';
import { argumentsOf, TemplateArguments } from '../jinja/arguments.js';
import { TemplateError } from '../jinja/template-error.js';
import { renderTemplate } from '../rendering/render-template.js';
import { checkJob, type JobLimits } from './check-job.js';
import { type JobObject, MARK } from './job-object.js';

/** Arguments of a template: from code, or as they were read from JSON. */
export type GivenArguments = Readonly<Record<string, Json>> | TemplateArguments;

/** Whose Jobs they are, and what they may be. */
export interface JobTemplatesOptions {
  definitions: DefinitionSource;
  /** The value of the label by which the Jobs are known. */
  signature: string;
  limits: JobLimits;
}

/** Renders Jobs; asks the cluster for templates in ConfigMaps only. */
export class JobTemplates {
  readonly #options: JobTemplatesOptions;

  constructor(options: JobTemplatesOptions) {
    this.#options = options;
  }

  /**
   * The Job that a definition gives, with the labels of the server, named as the template says.
   * @throws KtError `BAD_TEMPLATE`, `NOT_A_JOB`, `JOB_NOT_ALLOWED` and those of the definitions; KubeError
   */
  async render(definition: string, args: GivenArguments): Promise<JobObject> {
    const { definitions, signature, limits } = this.#options;
    const job = checkJob(rendered(definition, await definitions.templateOf(definition), args), limits);
    const labels = { ...job.metadata.labels, [MARK.signature]: signature, [MARK.definition]: definition };
    return { ...job, metadata: { ...job.metadata, labels } };
  }
}

function rendered(definition: string, template: string, args: GivenArguments): unknown {
  try {
    return renderTemplate(template, args instanceof TemplateArguments ? args : argumentsOf(args));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new KtError({ code: 'BAD_TEMPLATE', path: definition, message: error.message }, { cause: error });
  }
}
