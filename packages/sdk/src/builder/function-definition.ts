/**
 * What is known of a marked function: its options, its name and its `this`.
 *
 * A definition lives on the function itself, under a global symbol, so two copies of this package agree.
 */
import type { Backoff, JobOptions } from '../document/job-options.js';
import type { KTJob } from '../document/spec.js';
import type { StandardSchema } from '../standard-schema.js';

/**
 * A function of any type: what is called in the end.
 *
 * @example
 * ```ts
 * const functions = new Map<string, AnyFunction>([['m.add', (a: number, b: number) => a + b]]);
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters of only this type accept all
export type AnyFunction = (...args: any[]) => unknown;

/**
 * Options of a step that can also be given with its function, as defaults.
 *
 * @example
 * ```ts
 * const defaults: StepDefaults = { retries: 2, backoff: { initial: '5s' }, timeout: '5m', memory: '2Gi' };
 * ```
 */
export type StepDefaults = Partial<
  Omit<JobOptions, 'backoff' | 'outputs' | 'inputs'> &
    Pick<KTJob, 'memory' | 'cpu'> & { backoff: Partial<Backoff> }
>;

/**
 * Options of `ktFunction`: a name, schemas, and defaults for the steps that call the function.
 *
 * @example
 * ```ts
 * const input = z.object({ year: z.number() });
 * const options: KtFunctionOptions = { name: 'flights.load', input, retries: 2 };
 * ```
 */
export interface KtFunctionOptions<
  S extends StandardSchema = StandardSchema,
  O extends StandardSchema = StandardSchema,
> extends StepDefaults {
  /** The name under which documents find it. Default: module path and export, dotted. */
  name?: string;
  /** Checked before each call; any Standard Schema (zod, valibot, arktype). */
  input?: S;
  /** Checked after each call; later steps get what it makes of the result. */
  output?: O;
}

/**
 * What is known of a marked function.
 *
 * @example
 * ```ts
 * const retries = (definition: FunctionDefinition): number => definition.options.retries ?? 0;
 * ```
 */
export interface FunctionDefinition {
  /** As given with `ktFunction`. */
  readonly options: KtFunctionOptions;
  /** How its module offers it, once that is known. */
  exportName?: string;
  /** What no other function has, made when it is first asked for. */
  identity?: string;
  /** Makes what `this` is, for a method. */
  receiver?: () => unknown;
  /** What `receiver` has made. */
  receiverValue?: unknown;
}

/** Where a function keeps its definition. */
export const DEFINITION = Symbol.for('kube-transform.function');

/** Where a pipeline keeps the functions that its builder has made. */
export const OWN_FUNCTIONS = Symbol.for('kube-transform.own-functions');

/** True for a function that `ktFunction` marked, whichever copy of this package did. */
export function isMarked(
  value: unknown,
): value is AnyFunction & { readonly [DEFINITION]: FunctionDefinition } {
  return typeof value === 'function' && DEFINITION in value;
}

/** Marks a function. */
export function mark(fn: object, definition: FunctionDefinition): FunctionDefinition {
  Object.defineProperty(fn, DEFINITION, { value: definition, configurable: true });
  return definition;
}

/**
 * Reads the definition of a marked function.
 *
 * @returns undefined for anything else.
 *
 * @example
 * ```ts
 * const load = ktFunction({ retries: 2 }, () => ['a.csv']);
 * definitionOf(load)?.options.retries; // → 2
 * ```
 */
export function definitionOf(value: unknown): FunctionDefinition | undefined {
  return isMarked(value) ? value[DEFINITION] : undefined;
}

/**
 * Reads the name of a marked function: its `name`, else module path and export, never `Function.name`, which
 * minifying changes.
 *
 * @returns undefined while it has no `name` and nobody has named its module.
 *
 * @example
 * ```ts
 * functionName(ktFunction({ name: 'flights.load' }, () => ['a.csv'])); // → 'flights.load'
 * ```
 */
export function functionName(fn: unknown): string | undefined {
  const definition = definitionOf(fn);
  return definition?.options.name ?? definition?.exportName;
}

/**
 * Reads what `this` must be when a marked function is called: its class, one instance of it, or undefined.
 *
 * The instance is made at the first call, without arguments, and kept.
 *
 * @example
 * ```ts
 * const list = ktFunction(() => ['a.csv']);
 * receiverOf(list); // → undefined
 * ```
 */
export function receiverOf(fn: AnyFunction): unknown {
  const definition = definitionOf(fn);
  if (definition?.receiver === undefined) return undefined;
  return (definition.receiverValue ??= definition.receiver());
}
