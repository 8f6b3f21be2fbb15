/** Steps that run containers: what the builder is given, and the jobs that it becomes. */
import type { KTContainerResult, KTExitCodes } from '../document/spec.js';
import { KtError, PermanentError } from '../errors.js';
import { isObject, type Json } from '../json.js';
import { omitUndefined } from '../omit-undefined.js';
import { issuePath, type SchemaOutput, type StandardSchema } from '../standard-schema.js';
import { ktFunction } from './kt-function.js';
import { addStep, callWithRefs, checkEach, type PipelineState, type Step } from './pipeline-state.js';
import type { Arg } from './ref-types.js';
import { makeRef } from './refs.js';
import type { StepOptions } from './step-types.js';

/**
 * What a container step runs, with refs where it depends on parameters and earlier results; see
 * `KTContainer` for what each field means.
 *
 * @example
 * ```ts
 * const spec: ContainerSpec = {
 *   image: 'busybox:1.37',
 *   command: ['sh', '-c', 'sort raw.csv > "$DATA_DIR/out/sorted.csv"'],
 *   inputs: ['raw.csv'],
 *   outputs: ['out/sorted.csv'],
 * };
 * ```
 */
export interface ContainerSpec<
  R extends KTContainerResult = KTContainerResult,
  O extends StandardSchema = StandardSchema,
> {
  /**
   * Image, as a cluster or docker names it. Default: that of whoever begins or deploys the run, by
   * KT_CONTAINER_IMAGE or `containerImage` in `kt.config.ts`.
   */
  image?: Arg<string>;
  /** Program and first arguments. Default: those of the image. */
  command?: readonly Arg<string | number | boolean>[];
  /** Further arguments. Default none. */
  args?: readonly Arg<string | number | boolean>[];
  /** Environment variables. Default none. */
  env?: Readonly<Record<string, Arg<string | number | boolean>>>;
  /** Folder in which it begins. Default: that of the image. */
  workdir?: Arg<string>;
  /** Paths in the run's file store that it reads; see `JobOptions.inputs`. Default none. */
  inputs?: readonly Arg<string>[];
  /** Paths in the run's file store that it makes; see `JobOptions.outputs`. Default none. */
  outputs?: readonly Arg<string>[];
  /** What of its end is the result. Default `none`, or `json` where there is an `output`. */
  result?: R;
  /** Schema of the result: it is checked in a step of its own, `<name>.checked`. Default: it is not. */
  output?: O;
  /** What exit codes other than 0 mean. Default: all are failures. */
  exitCodes?: Partial<KTExitCodes>;
}

/**
 * Options of a container step, beside what it runs.
 *
 * @example
 * ```ts
 * const options: ContainerOptions = { memory: '4Gi', retries: 2, timeout: '1h' };
 * ```
 */
export type ContainerOptions<Names extends string = string> = Omit<
  StepOptions<Names>,
  'outputs' | 'inputs' | 'itemsPerPod' | 'concurrency' | 'placement' | 'reuse' | 'env'
>;

/**
 * The result of a container: null, text, or what its schema says of its JSON.
 *
 * @example
 * ```ts
 * const line: ContainerResult<'text', StandardSchema> = 'done';
 * ```
 */
export type ContainerResult<R, O extends StandardSchema> =
  unknown extends SchemaOutput<O>
    ? R extends 'none'
      ? null
      : R extends 'text'
        ? string
        : Json
    : SchemaOutput<O>;

/** Adds a step that runs a container, once or for each element of a list. */
export function addContainer(
  state: PipelineState,
  { name, isMap }: { name: string; isMap: boolean },
  { given, options }: { given: unknown; options: ContainerOptions },
): PipelineState {
  const said = typeof given === 'function' ? callWithRefs(state, name, given as () => unknown) : given;
  const { items, args: spec } = isMap ? checkEach(name, said) : { items: null, args: said };
  if (!isObject(spec) || Array.isArray(spec)) throw noContainer(name);
  const { inputs = [], outputs = [], output, ...container } = spec;
  const isChecked = output !== undefined;
  const step: Step = {
    type: 'container',
    name,
    fn: null,
    args: omitUndefined({ ...(isChecked ? { result: 'json' } : {}), ...container }),
    items,
    inputs,
    outputs,
    options,
  };
  const ref = makeRef(name, isMap ? '' : '/0');
  const added = addStep(state, step, ref);
  return isChecked ? addCheck(added, { name, isMap }, output as StandardSchema) : added;
}

/** Adds the step that checks results; what later steps get of the container's is its result. */
function addCheck(
  state: PipelineState,
  { name, isMap }: { name: string; isMap: boolean },
  schema: StandardSchema,
): PipelineState {
  const own = `${name}.checked`;
  const fn = ktFunction({ name: `${state.name}.${own}` }, async ({ value }: { value: Json }) => {
    // Of an item that was allowed to fail, or was skipped.
    if (value === null) return null;
    const checked = await schema['~standard'].validate(value);
    if (checked.issues === undefined) return checked.value as Json;
    const [first] = checked.issues;
    const where = first === undefined ? '' : `${issuePath(first, 'result')}: ${first.message}`;
    throw new PermanentError(`The result of container step "${name}" does not fit its schema: ${where}`);
  });
  const step: Step = {
    type: isMap ? 'map' : 'static',
    name: own,
    fn,
    isOwn: true,
    args: { value: isMap ? makeRef('item') : makeRef(name, '/0') },
    items: isMap ? { $ref: `${name}#` } : null,
    inputs: [],
    outputs: [],
    options: { placement: 'controller', cpu: '100m', memory: '256Mi' },
  };
  const ref = makeRef(own, isMap ? '' : '/0');
  const added = addStep(state, step, ref);
  return { ...added, refs: { ...added.refs, [name]: ref } };
}

function noContainer(name: string): KtError {
  return new KtError({
    code: 'BAD_CONTAINER',
    path: name,
    message: `Step "${name}" does not say which container it runs.`,
    hint: "Write { image: 'busybox:1.37', command: ['echo', 'hello'] }, or a callback that returns it.",
  });
}
