/** The image of container steps that name none: that of the run, filled in once, before it is on record. */
import { KtError, type KTPipeline, type KTPipelineInput } from '@kube-transform/sdk';
import { isObject } from '../parse/stored-value.js';

const lacksImage = (job: unknown): boolean =>
  isObject(job) && isObject(job['container']) && (job['container']['image'] ?? null) === null;

/**
 * A document whose container steps have an image; what is no document stays what it is, to be told of when it
 * is checked. `image` is asked only where one is needed.
 */
export async function withImages(
  input: KTPipelineInput,
  image: (() => Promise<string | undefined>) | undefined,
): Promise<KTPipelineInput> {
  if (!Array.isArray(input.jobs) || !input.jobs.some(lacksImage)) return input;
  const found = await image?.();
  if (found === undefined) return input;
  return {
    ...input,
    jobs: input.jobs.map(job =>
      lacksImage(job) ? { ...job, container: { ...job.container, image: found } } : job,
    ),
  };
}

/** Refuses steps that have no image still. @throws KtError `NO_CONTAINER_IMAGE` for each of them. */
export function refuseNoImage({ jobs }: KTPipeline): void {
  const problems = jobs.flatMap(({ name, container }, i) =>
    container === null || container.image !== null
      ? []
      : [
          {
            code: 'NO_CONTAINER_IMAGE',
            path: `jobs[${i}].container.image`,
            message: `Step "${name}" names no image for its container, and nothing else does.`,
            hint: 'Give the step an image; or one for all steps without: --container-image IMAGE, the variable KT_CONTAINER_IMAGE (else TACLIB_IMAGE, else IMAGE), or containerImage in the context of kt.config.ts.',
          },
        ],
  );
  if (problems.length > 0) throw new KtError(problems);
}

/** Variables that name the image of container steps, the first that is set; the last two are of taclib. */
export const IMAGE_VARIABLES = ['KT_CONTAINER_IMAGE', 'TACLIB_IMAGE', 'IMAGE'] as const;

/** The image that variables name. */
export const imageByVariable = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  IMAGE_VARIABLES.map(name => env[name]).find(value => value !== undefined && value !== '');
