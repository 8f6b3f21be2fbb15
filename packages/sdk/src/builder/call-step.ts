/** Steps that call functions: what the builder is given, as steps of its state. */
import { addStep, callWithRefs, checkEach, type PipelineState, type Step } from './pipeline-state.js';
import type { Arg } from './ref-types.js';
import { makeRef } from './refs.js';
import type { StepOptions } from './step-types.js';

/** Adds a step that calls a function once. */
export function addCall(
  state: PipelineState,
  step: Pick<Step, 'type' | 'name' | 'fn'>,
  [callback, options = {}]: [((steps: never) => unknown)?, StepOptions?],
): PipelineState {
  const args = callWithRefs(state, step.name, callback);
  const { inputs, outputs, ...rest } = options;
  const paths = { inputs: ofItem(inputs), outputs: ofItem(outputs) };
  const added = { ...step, args, items: null, ...paths, options: rest };
  return addStep(state, added, makeRef(step.name, '/0'));
}

/** Adds a step that calls a function for each element of a list. */
export function addMap<E>(
  state: PipelineState,
  { name, fn }: Pick<Step, 'name' | 'fn'>,
  { over, options }: { over: (steps: never) => unknown; options: StepOptions<string, E> },
): PipelineState {
  const { items, args } = checkEach(name, callWithRefs(state, name, over));
  const { inputs, outputs, ...rest } = options;
  const paths = { inputs: ofItem(inputs), outputs: ofItem(outputs) };
  const step: Step = { type: 'map', name, fn, args, items, ...paths, options: rest };
  return addStep(state, step, makeRef(name));
}

/** Paths with refs to the item; none by default. */
function ofItem<E>(paths: StepOptions<string, E>['outputs'] = []): readonly Arg<string>[] {
  return typeof paths === 'function' ? paths(makeRef('item')) : paths;
}
