/** What a pipeline knows while it is built: its steps in order, and the refs to their results. */
import { didYouMean } from '../document/did-you-mean.js';
import { parseRef, walkRefs } from '../document/read-refs.js';
import type { KTJob, KTSchedule } from '../document/spec.js';
import { KtError } from '../errors.js';
import { isObject } from '../json.js';
import { omitUndefined } from '../omit-undefined.js';
import type { StandardSchema } from '../standard-schema.js';
import { type AnyFunction, isMarked, type StepDefaults } from './function-definition.js';
import type { Ref } from './ref-types.js';
import { makeRef } from './refs.js';

/** A step as it was added; refs in it are live. Functions are kept as values: their names come late. */
export interface Step {
  type: KTJob['type'];
  name: string;
  /** Null: a container, and `args` are what it runs. */
  fn: AnyFunction | null;
  /** The builder has made the function. */
  isOwn?: true;
  args: unknown;
  items: unknown;
  inputs: unknown;
  outputs: unknown;
  options: StepDefaults & { after?: readonly string[] };
  /** What its pipeline says of all steps. */
  reuse?: KTJob['reuse'] | undefined;
}

/**
 * Options of `pipeline`.
 *
 * @example
 * ```ts
 * const params = z.object({ dir: z.string().default('data') });
 * const options: PipelineOptions<typeof params> = { params };
 * ```
 */
export interface PipelineOptions<S extends StandardSchema> {
  /** Schema of a run's parameters; they become flags of `kt run`. Default: no parameters. */
  params?: S;
  /** Whose pods run its steps, where neither they nor their functions say. Default: what the context says. */
  reuse?: KTJob['reuse'];
}

/** A pipeline's state; it is never changed, only followed by another. */
export interface PipelineState {
  readonly name: string;
  readonly params: StandardSchema | undefined;
  readonly reuse: KTJob['reuse'] | undefined;
  readonly steps: readonly Step[];
  /** Refs to results by the names of steps, nested where a sub-pipeline is used. */
  readonly refs: Readonly<Record<string, unknown>>;
  readonly schedules: readonly KTSchedule[];
}

/**
 * The state with one more step.
 *
 * @throws KtError `BAD_NAME`, `DUPLICATE_NAME`, `NOT_A_KT_FUNCTION`, `UNKNOWN_STEP`.
 */
export function addStep(state: PipelineState, step: Step, result: Ref<unknown>): PipelineState {
  checkName(state, step.name);
  if (step.fn !== null && !isMarked(step.fn)) throw notMarked(step.name, step.fn);
  const { args, items, inputs, outputs } = step;
  checkRefs(state, { name: step.name, isMap: items !== null }, { args, items, inputs, outputs });
  const steps = [...state.steps, { ...step, reuse: state.reuse }];
  return { ...state, steps, refs: { ...state.refs, [step.name]: result } };
}

/** Refuses a name that is none or is taken. */
export function checkName(state: PipelineState, name: string): void {
  if (typeof name !== 'string' || name === '' || name.includes('#')) {
    throw new KtError({
      code: 'BAD_NAME',
      path: state.name,
      message: `A step's name must be text without "#", but is ${JSON.stringify(name)}.`,
    });
  }
  if (Object.hasOwn(state.refs, name) || ['params', 'item', 'index'].includes(name)) {
    throw new KtError({
      code: 'DUPLICATE_NAME',
      path: name,
      message: `Pipeline "${state.name}" already has a step "${name}".`,
    });
  }
}

/**
 * What the callback of a step returns when it is given the refs; an empty object where there is none.
 *
 * @throws KtError `BAD_ARGS` for what is no function; `UNKNOWN_STEP` where it asks for a step that is not
 * before it.
 */
export function callWithRefs(
  state: PipelineState,
  name: string,
  callback: ((steps: never) => unknown) | undefined,
): unknown {
  if (callback === undefined) return {};
  if (typeof callback !== 'function') {
    throw new KtError({
      code: 'BAD_ARGS',
      path: name,
      message: `Step "${name}" was given ${kindOf(callback)} where a callback makes the arguments of its function.`,
      hint: 'Write steps => ({ … }), or undefined where there are none; options come after it.',
    });
  }
  const refs: Record<PropertyKey, unknown> = { ...state.refs, params: makeRef('params') };
  const steps = new Proxy(refs, {
    get: (target, key) => {
      if (typeof key === 'symbol' || Object.hasOwn(target, key)) return target[key];
      const names = Object.keys(target);
      const message = `Step "${name}" uses "${key}", which is not among the steps before it: ${names.join(', ')}.`;
      const hint = didYouMean(key, names);
      throw new KtError(omitUndefined({ code: 'UNKNOWN_STEP', path: name, message, hint }));
    },
  });
  return callback(steps as never);
}

/**
 * Refuses refs that were taken from elsewhere: from another pipeline, or from the callback of a map's items.
 *
 * @throws KtError `UNKNOWN_STEP`.
 */
export function checkRefs(
  state: PipelineState,
  { name, isMap }: { name: string; isMap: boolean },
  given: object,
): void {
  const known = new Set(['params', ...state.steps.map(step => step.name)]);
  walkRefs(given, ({ ref, isLive, keys: [field] }) => {
    if (ref === undefined || !isLive) return;
    const { source } = parseRef(ref);
    const isItem = source === 'item' || source === 'index';
    if (isItem ? OF_ITEM.has(String(field)) || (isMap && field === 'args') : known.has(source)) return;
    const of = isItem ? "the items of another step's list" : `a step "${source}" that is not before it`;
    throw new KtError({
      code: 'UNKNOWN_STEP',
      path: name,
      message: `Step "${name}" was given the ref "${ref.$ref}", which belongs to ${of}.`,
      hint: 'Take refs from the argument of its own callback only.',
    });
  });
}

/** Fields that are told of an item in any step. */
const OF_ITEM = new Set(['inputs', 'outputs']);

/** Checks what the callback of a map returned. @throws KtError `BAD_MAP`. */
export function checkEach(name: string, over: unknown): { items: unknown; args: unknown } {
  if (isObject(over) && 'items' in over && 'args' in over) return { items: over.items, args: over.args };
  throw new KtError({
    code: 'BAD_MAP',
    path: name,
    message: `The callback of map "${name}" does not say over what it maps.`,
    hint: 'Return list.each(item => ({ … })) or each([…], item => ({ … })).',
  });
}

function notMarked(name: string, fn: unknown): KtError {
  const what = typeof fn === 'function' ? `the unmarked function "${fn.name}"` : kindOf(fn);
  return new KtError({
    code: 'NOT_A_KT_FUNCTION',
    path: name,
    message: `Step "${name}" was given ${what}.`,
    hint: 'Mark it: @ktFunction() above the method, or ktFunction({ … }, fn).',
  });
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
