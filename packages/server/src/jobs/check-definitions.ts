/** Whether Jobs of all definitions can be made: each is rendered, and shown to the API server. */
import { isKubeError, type KubeApi, paths } from '@kube-transform/runtime/kubernetes';
import { isKtError } from '@kube-transform/sdk';
import type { DefinitionSource } from '../definitions/definitions.js';
import { MissingValue } from '../jinja/template-error.js';
import { asArray, itemsIn } from './array-jobs.js';
import { newName, randomHex } from './job-names.js';
import type { GivenArguments, JobTemplates } from './job-templates.js';

/** What is known of a definition. */
export interface DefinitionCheck {
  definition: string;
  /**
   * `taken`: the API server would make its Job; `rendered`: it gives a Job, which no API server was shown;
   * `read`: it needs an argument that was not given; `unread`: it is in the cluster, which was not asked.
   */
  result: 'taken' | 'rendered' | 'read' | 'unread' | 'wrong';
  /** Why it is no more than that. */
  message?: string;
}

/** What is checked, and with what. */
export interface CheckDefinitionsOptions {
  definitions: DefinitionSource;
  templates: JobTemplates;
  /** For all templates. */
  args: GivenArguments;
  /** Each as an array job with so many items. Default: as it is. */
  arraySize?: number | undefined;
  /** Is shown the Jobs, and makes none. Default: no cluster is asked. */
  api?: KubeApi | undefined;
}

/** Thrown by who would have to ask a cluster and may not. */
export class NoCluster extends Error {}

/**
 * Checks each definition. Rejects with KtError where their list cannot be read, with KubeError where the
 * cluster cannot be reached.
 */
export async function checkDefinitions(options: CheckDefinitionsOptions): Promise<DefinitionCheck[]> {
  const checks: DefinitionCheck[] = [];
  for (const definition of await options.definitions.names())
    checks.push({ definition, ...(await check(definition, options)) });
  return checks;
}

async function check(
  definition: string,
  { templates, args, arraySize, api }: CheckDefinitionsOptions,
): Promise<Omit<DefinitionCheck, 'definition'>> {
  try {
    const job = await templates.render(definition, args);
    if (arraySize !== undefined) asArray(job, arraySize);
    job.metadata.name = newName(job.metadata.name, randomHex(), itemsIn(job));
    if (api === undefined) return { result: 'rendered' };
    const query = { dryRun: 'All', fieldValidation: 'Strict' };
    await api.create(paths.jobs(api.namespace), job, { query });
    return { result: 'taken' };
  } catch (error) {
    if (error instanceof NoCluster) return { result: 'unread', message: error.message };
    // What the API server refuses is wrong; that it cannot be asked is not the definition's doing.
    if (!isKtError(error) || (isKubeError(error) && ![400, 403, 422].includes(error.status))) throw error;
    if (isKubeError(error) && error.code === 'CLUSTER_FORBIDDEN') throw error;
    const result = error.cause instanceof MissingValue ? 'read' : 'wrong';
    return { result, message: error.problems.map(problem => problem.message).join('; ') };
  }
}
