/** Pipelines within pipelines: steps get a prefix, parameters are replaced by what is given. */
import { addKey, isObject, type Json, type JsonObject } from '../json.js';
import { KtError } from '../errors.js';
import type { KTJobInput, KTPipelineInput } from '../document/spec-input.js';
import { issuePath, type StandardSchema } from '../standard-schema.js';
import { checkName, checkRefs, type PipelineState } from './pipeline-state.js';
import { asRef, escapeKey, missText, openPointer, parseRef, replaceRefs } from '../document/read-refs.js';
import type { RefJson } from '../document/spec.js';
import { makeRef } from './refs.js';

interface TakeIn {
  prefix: string;
  /** What the callback of `use` returned. */
  params: unknown;
  /** Steps that come before all that are taken in. */
  after: readonly string[];
}

/**
 * The state with the steps of another pipeline, as `<prefix>.<step>`.
 *
 * @throws KtError `BAD_NAME`, `DUPLICATE_NAME`, `BAD_PARAM`.
 */
export function takeIn(
  state: PipelineState,
  other: PipelineState,
  { prefix, params, after }: TakeIn,
): PipelineState {
  checkName(state, prefix);
  checkRefs(state, { name: prefix, isMap: false }, { params });
  const names = new Set(other.steps.map(step => step.name));
  const move: Move = { params: subParams(other.params, params, prefix), prefix, steps: names };
  const inner = other.steps.map(step => ({
    ...step,
    name: `${prefix}.${step.name}`,
    args: moveRefs(step.args, move),
    items: moveRefs(step.items, move),
    inputs: moveRefs(step.inputs, move),
    outputs: moveRefs(step.outputs, move),
    reuse: step.reuse ?? state.reuse,
    options: {
      ...step.options,
      after: [...(step.options.after ?? []).map(name => `${prefix}.${name}`), ...after],
    },
  }));
  return {
    ...state,
    steps: [...state.steps, ...inner],
    refs: { ...state.refs, [prefix]: moveRefs(other.refs, { ...move, live: true }) },
  };
}

/** How refs are moved. */
interface Move {
  /** What `params#/…` refs are replaced from. */
  params: unknown;
  /** Put before the names of `steps`; without it only parameters are replaced. */
  prefix?: string;
  /** The names of the steps that are moved; a `$ref` to anything else is the user's data. */
  steps?: ReadonlySet<string>;
  /** Make live refs, for callbacks, not their JSON. */
  live?: boolean;
}

/** Moves refs under a prefix and replaces `params#/…` by what the values hold there. */
function moveRefs(value: unknown, { params, prefix, steps, live }: Move): unknown {
  return replaceRefs(value, ref => {
    const { source, pointer } = parseRef(ref);
    if (source === 'params') return openParams(params, pointer, ref);
    if (prefix === undefined || steps?.has(source) !== true) return ref;
    const path = ref.$ref.slice(source.length + 1);
    return live === true ? makeRef(`${prefix}.${source}`, path) : { $ref: `${prefix}.${source}#${path}` };
  });
}

/**
 * Fills parameters into a document: refs to them (`params#/…`) are replaced by values, which were checked
 * before.
 *
 * A field that is not given is left out.
 *
 * @throws KtError `MISSING_PARAM` for a place beyond a list, or a field of nothing.
 *
 * @example
 * ```ts
 * const task = { function: 'm.list', args: { dir: { $ref: 'params#/dir' } } };
 * const spec: KTPipelineInput = { name: 'etl', jobs: [{ type: 'static', tasks: [task] }] };
 * bindSpec(spec, { dir: 'data' }).jobs?.[0]?.tasks?.[0]?.args; // → { dir: 'data' }
 * ```
 */
export const bindSpec = (spec: KTPipelineInput, params: JsonObject): KTPipelineInput => ({
  ...spec,
  jobs: moveRefs(spec.jobs ?? [], { params }) as KTJobInput[],
});

/**
 * What a ref to parameters stands for: a part of the values, or, where that is a ref, what lies below it.
 * Undefined for a field that is not given; it is left out.
 *
 * @throws KtError `MISSING_PARAM` where there is nothing to be opened.
 */
function openParams(params: unknown, pointer: readonly string[], ref: RefJson): unknown {
  let at = params;
  for (const [i, key] of pointer.entries()) {
    const inner = asRef(at);
    if (inner !== undefined) return { $ref: [inner.$ref, ...pointer.slice(i).map(escapeKey)].join('/') };
    const opened = openPointer(at as Json, [key]);
    if (opened.found) at = opened.value;
    else if (i === pointer.length - 1 && isObject(at) && !Array.isArray(at)) return undefined;
    else
      throw new KtError({
        code: 'MISSING_PARAM',
        path: ['params', ...pointer].reduce(addKey),
        message: missText(ref, { ...opened, key: i }),
      });
  }
  return at;
}

/**
 * The parameters of a sub-pipeline: what is given, over the schema's defaults.
 *
 * Plain values are checked here; where a ref is among them, that is left to the functions that use it.
 */
function subParams(schema: StandardSchema | undefined, given: unknown, prefix: string): unknown {
  if (schema === undefined || asRef(given) !== undefined) return given;
  const plain = !hasRefs(given);
  const result = schema['~standard'].validate(plain ? given : {});
  if (result instanceof Promise) return given;
  if (result.issues === undefined) return plain ? result.value : over(result.value, given);
  if (!plain) return over(declaredDefaults(schema), given);
  throw new KtError(
    result.issues.map(issue => ({
      code: 'BAD_PARAM',
      path: issuePath(issue, `${prefix}.params`),
      message: `${issue.message}.`,
    })),
  );
}

const over = (defaults: unknown, given: unknown): object => ({
  ...(isObject(defaults) ? defaults : {}),
  ...(isObject(given) ? given : {}),
});

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
  const { properties } =
    schema['~standard'].jsonSchema?.input({
      target: 'draft-2020-12',
      // Of what JSON Schema cannot describe there may be a default as well.
      libraryOptions: { unrepresentable: 'any' },
    }) ?? {};
  return Object.fromEntries(
    Object.entries(isObject(properties) ? properties : {}).flatMap(([key, property]) =>
      isObject(property) && 'default' in property ? [[key, property['default']]] : [],
    ),
  );
}
