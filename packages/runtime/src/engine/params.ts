/** The parameters of a run: checked once, when the run is made. */
import {
  copyJson,
  type JsonObject,
  issuePath,
  KtError,
  type Pipeline,
  type SchemaIssue,
  type SchemaResult,
  type StandardSchema,
} from '@kube-transform/sdk';
import { fits } from '../parse/parse-json.js';
import { object } from '../parse/shapes.js';
import { shown } from '../parse/stored-value.js';
import { messageOf } from '../parse/thrown.js';

/**
 * Checks parameters against a pipeline's schema and fills in defaults.
 *
 * @throws KtError `BAD_PARAM`, one problem for each that is wrong, and `UNKNOWN_PARAM` where a pipeline takes
 * none.
 */
export async function bindParams(
  pipeline: Pick<Pipeline, 'name' | 'params'>,
  values: JsonObject,
): Promise<JsonObject> {
  if (pipeline.params === undefined) {
    const [name] = Object.keys(values);
    if (name === undefined) return {};
    throw new KtError({
      code: 'UNKNOWN_PARAM',
      path: `params.${name}`,
      message: `Pipeline "${pipeline.name}" takes no parameters, but got "${name}".`,
    });
  }
  const result = await validate(pipeline.params, values);
  if (result.issues !== undefined) {
    throw new KtError(
      result.issues.map(issue => ({
        code: 'BAD_PARAM',
        path: issuePath(issue, 'params'),
        message: `${issue.message}; got ${seen(values, issue)}.`,
      })),
    );
  }
  const made = copyJson(result.value, 'params');
  if (!made.ok)
    throw new KtError({
      code: 'BAD_PARAM',
      path: made.path,
      message: `What the schema makes of it cannot be kept, for it is not JSON: ${made.reason}.`,
      hint: 'Keep the text or number that it is made of, and make it in the step.',
    });
  const bound = fits(object, made.value);
  if (bound !== undefined) return bound;
  throw new KtError({
    code: 'BAD_PARAM',
    path: 'params',
    message: `The schema of the parameters of pipeline "${pipeline.name}" gives no object.`,
  });
}

/** What a schema throws, such as a transform that cannot read what it is given, is a mistake in the value. */
async function validate(schema: StandardSchema, values: JsonObject): Promise<SchemaResult<unknown>> {
  try {
    return await schema['~standard'].validate(values);
  } catch (error) {
    const message = messageOf(error);
    return { issues: [{ message: `The schema of the parameters threw: ${message}` }] };
  }
}

/** What was given where a schema complains. */
function seen(values: JsonObject, issue: SchemaIssue): string {
  let value: unknown = values;
  for (const part of issue.path ?? [])
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[
      typeof part === 'object' ? part.key : part
    ];
  return shown(value, 80);
}
