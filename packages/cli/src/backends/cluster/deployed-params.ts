/**
 * The parameters of a run of a deployed version: checked by their JSON Schema, for their own schema is code
 * that stays where it was deployed.
 *
 * - What that code makes of a value nobody can make here: a parameter that it changes keeps its default, and
 *   is refused where it is typed.
 */
import { type JsonObject, KtError, type StandardSchema } from '@kube-transform/sdk';
import { fits, list, text } from '@kube-transform/runtime/internal';
import type { DeployedVersion } from '@kube-transform/runtime/kubernetes';
import * as z from 'zod';
import { readParams } from '../../pipeline/param-flags.js';
import { CHANGED } from '../../pipeline/param-schema.js';
import { shellWord } from '../../terminal/plain-text.js';

type Version = Pick<DeployedVersion, 'pipeline' | 'params' | 'defaults'>;

/** The parameters of a run, and the schema that checks them and fills in the others. */
interface Bound {
  params: JsonObject;
  schema: StandardSchema | undefined;
}

/** Those that were typed. */
export function deployedParams(version: Version, rest: readonly string[], pairs: readonly string[]): Bound {
  const { pipeline: name } = version;
  return boundTo(version, readParams({ name, params: typedSchema(version) }, rest, pairs));
}

/** The schema by which what is typed is read; undefined where there are no parameters. */
export function typedSchema({ params }: Pick<Version, 'params'>): StandardSchema | undefined {
  if (params === null) return undefined;
  const { [CHANGED]: _, ...schema } = params;
  return z.fromJSONSchema(schema);
}

/** Those that were given as values. */
export function boundTo(version: Version, params: JsonObject): Bound {
  const { pipeline, params: told, defaults } = version;
  if (told === null) return { params, schema: undefined };
  const { [CHANGED]: marked, ...schema } = told;
  const changed = fits(list(text), marked) ?? [];
  const typed = changed.find(
    name => Object.hasOwn(params, name) || (defaults === null && hasDefault(schema, name)),
  );
  if (typed !== undefined) throw isChanged(pipeline, typed);
  const inner = z.fromJSONSchema(without(schema, changed))['~standard'];
  const made = Object.fromEntries(
    changed.flatMap(name => (name in (defaults ?? {}) ? [[name, defaults?.[name]]] : [])),
  );
  const validate: StandardSchema['~standard']['validate'] = async values => {
    const result = await inner.validate(values);
    return result.issues === undefined ? { value: { ...made, ...(result.value as object) } } : result;
  };
  return { params, schema: { '~standard': { version: 1, vendor: 'kt', validate } } };
}

const propertiesOf = ({ properties }: JsonObject): Record<string, unknown> =>
  (properties ?? {}) as Record<string, unknown>;

function hasDefault(schema: JsonObject, name: string): boolean {
  const property = propertiesOf(schema)[name];
  return typeof property === 'object' && property !== null && 'default' in property;
}

const without = (schema: JsonObject, names: readonly string[]): JsonObject => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(propertiesOf(schema)).filter(([name]) => !names.includes(name)),
  ) as JsonObject,
  required: (fits(list(text), schema['required']) ?? []).filter(name => !names.includes(name)),
});

const isChanged = (pipeline: string, name: string): KtError =>
  new KtError({
    code: 'BAD_PARAM',
    path: `params.${name}`,
    message: `Parameter "${name}" of pipeline "${pipeline}" is changed by code when it is read, and a deployed version is begun without that code.`,
    hint: `Submit it from its source: kt submit ${shellWord(pipeline)} --source.`,
  });
