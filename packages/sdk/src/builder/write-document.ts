/** From the builder to the document: each step becomes a job, its dependencies are read from its refs. */
import type { JsonObject } from '../json.js';
import { omitUndefined } from '../omit-undefined.js';
import type { KTJobInput } from '../document/spec-input.js';
import { type AnyFunction, definitionOf, functionName } from './function-definition.js';
import { duplicateFunction } from './name-exports.js';
import type { PipelineState, Step } from './pipeline-state.js';
import { refSources } from '../document/read-refs.js';
import { serialised } from './refs.js';

/** The jobs of a pipeline. Functions are named now, not when steps are added: modules are named late. */
export function jobsOf({ name, steps }: PipelineState): KTJobInput[] {
  const names = new Set(steps.map(step => step.name));
  return steps.map(step => jobOf(step, names, nameOf(name, step)));
}

/** The functions of all steps, by the names that the document has. @throws KtError `DUPLICATE_FUNCTION`. */
export function functionsOf(state: PipelineState): Map<string, AnyFunction> {
  const found = new Map<string, AnyFunction>();
  for (const step of state.steps) {
    if (step.fn === null) continue;
    const name = nameOf(state.name, step);
    if ((found.get(name) ?? step.fn) !== step.fn) throw duplicateFunction(name, `Pipeline "${state.name}"`);
    found.set(name, step.fn);
  }
  return found;
}

/** The functions that the builder has made: no module exports them by themselves. */
export const ownFunctionsOf = ({ steps }: PipelineState): AnyFunction[] =>
  steps.flatMap(({ fn, isOwn }) => (isOwn === true && fn !== null ? [fn] : []));

function nameOf(pipeline: string, { fn, name }: Step): string {
  return (fn === null ? undefined : functionName(fn)) ?? `${pipeline}.${name}`;
}

function jobOf(step: Step, names: ReadonlySet<string>, name: string): KTJobInput {
  // An option that is set to undefined is not given: the function's own holds.
  const ofPipeline = step.type === 'container' ? {} : omitUndefined({ reuse: step.reuse });
  const own = { ...stepDefaults(step.fn), ...omitUndefined(step.options) };
  const { after = [], ...options } = { ...ofPipeline, ...own };
  const { args, items, inputs, outputs } = step;
  const sources = refSources({ args, items, inputs, outputs });
  // `after` may name a sub-pipeline: all its steps are meant.
  const before = after.flatMap(other =>
    names.has(other) ? [other] : [...names].filter(inner => inner.startsWith(`${other}.`)),
  );
  const dependencies = [...new Set([...[...sources].filter(source => names.has(source)), ...before])];
  const job: KTJobInput = { type: step.type, name: step.name, dependencies, ...options };
  const paths = { outputs: serialised(outputs), inputs: serialised(inputs) };
  if (Array.isArray(paths.outputs) && paths.outputs.length > 0) job.outputs = paths.outputs;
  if (Array.isArray(paths.inputs) && paths.inputs.length > 0) job.inputs = paths.inputs;
  const over = items === null ? {} : { items: serialised(items) };
  if (step.type === 'container') return { ...job, ...over, container: serialised(args) as never };
  const call = { function: name, args: serialised(args) as JsonObject };
  return step.type === 'static' ? { ...job, tasks: [call] } : { ...job, ...call, ...over };
}

/** The options of a function that are defaults of its steps. */
function stepDefaults(fn: AnyFunction | null): Step['options'] {
  if (fn === null) return {};
  const { name, input, output, ...defaults } = definitionOf(fn)?.options ?? {};
  return defaults;
}
