import { KtError } from '../errors.js';
import type { JsonObject } from '../json.js';
import { asRef, makeRef, parseRef, replaceRefs } from './refs.js';
import type { KTJobInput, KTPipelineInput } from '../document/spec.js';
import { issuePath, type StandardSchema } from '../standard-schema.js';

/** How refs are moved when the steps of a pipeline are taken into another. */
export interface Move {
  /** What `params#/…` refs are replaced from. */
  params: object;
  /** Put before the names of `steps`; without it only parameters are replaced. */
  prefix?: string;
  /** The names of the steps that are moved; a `$ref` to anything else is the user's data. */
  steps?: ReadonlySet<string>;
  /** Make live refs, for callbacks, not their JSON. */
  live?: boolean;
}

/** Moves refs under a prefix and replaces `params#/…` by what the values hold there. */
export function moveRefs(value: unknown, { params, prefix, steps, live }: Move): unknown {
  return replaceRefs(value, ref => {
    const { source, pointer } = parseRef(ref);
    if (source === 'params') return pointer.reduce<unknown>(open, params) ?? null;
    if (prefix === undefined || steps?.has(source) !== true) return ref;
    const path = ref.$ref.slice(source.length + 1);
    return live === true ? makeRef(`${prefix}.${source}`, path) : { $ref: `${prefix}.${source}#${path}` };
  });
}

/** A document whose refs to parameters (`params#/…`) are replaced by values, which were checked before. */
export const bindSpec = (spec: KTPipelineInput, params: JsonObject): KTPipelineInput => ({
  ...spec,
  jobs: moveRefs(spec.jobs ?? [], { params }) as KTJobInput[],
});

/** One step of a JSON pointer into a value that may itself be a ref. */
function open(value: unknown, key: string): unknown {
  const ref = asRef(value);
  if (ref !== undefined) return { $ref: `${ref.$ref}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` };
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/**
 * The parameters of a sub-pipeline: what is given, over the schema's defaults.
 *
 * Plain values are checked here; where a ref is among them, that is left to the functions that use it.
 *
 * @throws KtError `BAD_PARAM`.
 */
export function subParams(schema: StandardSchema | undefined, given: object, prefix: string): object {
  if (schema === undefined || asRef(given) !== undefined) return given;
  const plain = !hasRefs(given);
  const result = schema['~standard'].validate(plain ? given : {});
  if (result instanceof Promise) return given;
  if (result.issues === undefined)
    return plain ? (result.value as object) : { ...(result.value as object), ...given };
  if (!plain) return { ...declaredDefaults(schema), ...given };
  throw new KtError(
    result.issues.map(issue => ({
      code: 'BAD_PARAM',
      path: issuePath(issue, `${prefix}.params`),
      message: `${issue.message}.`,
    })),
  );
}

function hasRefs(value: unknown): boolean {
  let found = false;
  replaceRefs(value, ref => {
    found = true;
    return ref;
  });
  return found;
}

/** Defaults that the schema tells as JSON Schema, where its library can. */
function declaredDefaults(schema: StandardSchema): object {
  const json = schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) as
    { properties?: Record<string, { default?: unknown }> } | undefined;
  return Object.fromEntries(
    Object.entries(json?.properties ?? {}).flatMap(([key, property]) =>
      'default' in property ? [[key, property.default]] : [],
    ),
  );
}
