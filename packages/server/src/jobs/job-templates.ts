/** From a definition and arguments to the Job that would be made. */
import { type Json, KtError } from '@kube-transform/sdk';
import type { DefinitionSource } from '../definitions/definitions.js';
import { argumentsOf, TemplateArguments } from '../jinja/arguments.js';
import { TemplateError } from '../jinja/template-error.js';
import { TemplateRenderer } from '../rendering/render-template.js';
import { checkJob, checkLimits, type JobLimits } from './check-job.js';
import { type JobObject, MARK } from './job-object.js';
import { type JobPlace, placeIn } from './queues.js';

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
  readonly #renderer = new TemplateRenderer();

  constructor(options: JobTemplatesOptions) {
    this.#options = options;
  }

  /**
   * The Job that a definition gives, with the labels of the server, named as the template says. `place`: in
   * front of what the definition says of it.
   * @throws KtError `BAD_TEMPLATE`, `NOT_A_JOB`, `JOB_NOT_ALLOWED`, `BAD_PLACE` and those of the definitions;
   * KubeError
   */
  async render(definition: string, args: GivenArguments, place: JobPlace = {}): Promise<JobObject> {
    const { definitions, signature, limits } = this.#options;
    const job = checkJob(this.#rendered(definition, await definitions.templateOf(definition), args), limits);
    const labels = { ...job.metadata.labels, [MARK.signature]: signature, [MARK.definition]: definition };
    const placed = { ...job, metadata: { ...job.metadata, labels } };
    const usual = await definitions.placeOf?.(definition);
    placeIn(placed, {
      queue: place.queue ?? usual?.queue,
      priority: place.priority ?? usual?.priority,
    });
    checkLimits(placed, limits);
    return placed;
  }

  #rendered(definition: string, template: string, args: GivenArguments): unknown {
    try {
      return this.#renderer.render(template, args instanceof TemplateArguments ? args : argumentsOf(args));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new KtError({ code: 'BAD_TEMPLATE', path: definition, message: error.message }, { cause: error });
    }
  }
}
