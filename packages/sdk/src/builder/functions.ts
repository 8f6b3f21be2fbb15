/*
 * ktFunction: one symbol, two forms, both decorator dialects.
 *
 * FN1 A function's definition lives on the function itself, under a global symbol: two copies of this package
 *     agree.
 * FN2 A name comes from `name`, else from module path + export (`nameExports`), never from `Function.name`,
 *     which minifying changes.
 */
import { KtError } from '../errors.js';
import type { KtContext } from '../context.js';
import type { Backoff, JobOptions, KTJob } from '../document/spec.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.js';

/** What a function is called with in the end, its types forgotten. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parameters are contravariant: only any
// accepts every function
export type AnyFunction = (...args: any[]) => unknown;

/** Options of a step that can also be given with the function, as its default. */
export type StepDefaults = Partial<
  Omit<JobOptions, 'backoff' | 'outputs'> & Pick<KTJob, 'memory' | 'cpu'> & { backoff: Partial<Backoff> }
>;

/** Options of {@link ktFunction}. */
export interface KtFunctionOptions<
  S extends StandardSchema = StandardSchema,
  O extends StandardSchema = StandardSchema,
> extends StepDefaults {
  /** The name under which documents find it. Default: module path and export, dotted. */
  name?: string;
  /** Checked before each call; any Standard Schema (zod, valibot, arktype). */
  input?: S;
  /** Checked after each call. */
  output?: O;
}

/** What is known of a marked function. */
export interface FunctionDefinition {
  readonly options: KtFunctionOptions;
  /** How its module offers it, once that is known. */
  exportName?: string;
  /** What `this` is for an instance method. */
  receiver?: () => unknown;
  receiverValue?: unknown;
}

declare const inputType: unique symbol;
declare const outputType: unique symbol;
declare const tolerance: unique symbol;

/**
 * A function made by the wrapper form: `In` is what its input schema accepts, `R` what its output schema
 * makes, `M` its `maxFailed`.
 */
export type KtFunction<In, Checked, Out, M = never, R = Awaited<Out>> = ((
  input: Checked,
  context: KtContext,
) => Out) & {
  readonly [inputType]?: In;
  readonly [outputType]?: R;
  readonly [tolerance]?: M;
};

/** The `maxFailed` that was given with a function of the wrapper form, else never. */
export type ToleranceOf<F> = F extends { readonly [tolerance]?: infer M } ? Exclude<M, undefined> : never;

/** What a function's call comes to in the end. */
export type OutputOf<F extends AnyFunction> = F extends { readonly [outputType]?: infer R }
  ? unknown extends R
    ? Awaited<ReturnType<F>>
    : R
  : Awaited<ReturnType<F>>;

/** What a step's arguments must be for a function. */
export type InputOf<F> = F extends { readonly [inputType]?: infer In }
  ? unknown extends In
    ? FirstParameter<F>
    : In
  : FirstParameter<F>;
type FirstParameter<F> = F extends (...args: infer P) => unknown
  ? P extends [infer I, ...unknown[]]
    ? I
    : Record<string, never>
  : never;

const DEFINITION = Symbol.for('kube-transform.function');

/** The definition of a marked function, or undefined. */
export function definitionOf(value: unknown): FunctionDefinition | undefined {
  return typeof value === 'function'
    ? (value as { [DEFINITION]?: FunctionDefinition })[DEFINITION]
    : undefined;
}

/**
 * The name of a marked function: explicit, else module path + export, else undefined while no one has named
 * its module.
 */
export function functionName(fn: unknown): string | undefined {
  const definition = definitionOf(fn);
  return definition?.options.name ?? definition?.exportName;
}

type Method<In, Out> = (this: never, input: In, context: KtContext) => Out;

type Tolerance = JobOptions['maxFailed'];
type Returns<O> = SchemaInput<O> | Promise<SchemaInput<O>>;

/** What later steps get: what the output schema makes of it. */
type Result<O, Out> = unknown extends SchemaOutput<O> ? Awaited<Out> : SchemaOutput<O>;

/** Both dialects; TypeScript picks by `experimentalDecorators`. */
interface Decorator<In, Out> {
  <F extends Method<In, Out | Promise<Out>>>(value: F, context: ClassMethodDecoratorContext): void;
  <F extends Method<In, Out | Promise<Out>>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): void;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- without a schema a method may take whatever
// it says
type Unchecked = any;

/**
 * Marks a function as callable from pipelines: a decorator for static and instance methods, a wrapper for
 * free functions.
 *
 * `@ktFunction({ input: schema })` above a method, in TC39 or legacy (`experimentalDecorators`) dialect, or
 * `export const load = ktFunction({ input: schema }, async (input, ctx) => …)`.
 *
 * @throws KtError `BAD_FUNCTION` where what is marked is no function or method.
 */
export function ktFunction<Out>(fn: () => Out): KtFunction<Record<string, never>, Record<string, never>, Out>;
export function ktFunction<In, Out>(fn: (input: In, context: KtContext) => Out): KtFunction<In, In, Out>;
export function ktFunction(): Decorator<Unchecked, unknown>;
export function ktFunction<S extends StandardSchema, O extends StandardSchema = StandardSchema>(
  options: KtFunctionOptions<S, O> & { input: S },
): Decorator<SchemaOutput<S>, SchemaInput<O>>;
export function ktFunction<O extends StandardSchema = StandardSchema>(
  options: KtFunctionOptions<StandardSchema, O> & { input?: undefined },
): Decorator<Unchecked, SchemaInput<O>>;
export function ktFunction<
  S extends StandardSchema,
  Out extends Returns<O>,
  O extends StandardSchema = StandardSchema,
  M extends Tolerance = never,
>(
  options: KtFunctionOptions<S, O> & { input: S; maxFailed?: M },
  fn: (input: SchemaOutput<S>, context: KtContext) => Out,
): KtFunction<SchemaInput<S>, SchemaOutput<S>, Out, M, Result<O, Out>>;
export function ktFunction<
  In,
  Out extends Returns<O>,
  O extends StandardSchema = StandardSchema,
  M extends Tolerance = never,
>(
  options: KtFunctionOptions<StandardSchema, O> & { input?: undefined; maxFailed?: M },
  fn: (input: In, context: KtContext) => Out,
): KtFunction<In, In, Out, M, Result<O, Out>>;
export function ktFunction(first: KtFunctionOptions | AnyFunction = {}, fn?: AnyFunction): unknown {
  if (typeof first === 'function') return wrap({}, first);
  if (fn !== undefined) return wrap(first, fn);
  return (target: unknown, contextOrKey: unknown, descriptor?: PropertyDescriptor) => {
    if (typeof contextOrKey === 'object' && contextOrKey !== null)
      decorate(first, target, contextOrKey as ClassMethodDecoratorContext);
    else decorateLegacy(first, target, { key: contextOrKey as string | symbol, descriptor });
  };
}

function wrap(options: KtFunctionOptions, fn: AnyFunction): AnyFunction {
  if (typeof fn !== 'function') throw badFunction(typeof fn);
  const wrapped: AnyFunction = (...args: unknown[]) => fn(...args);
  mark(wrapped, { options });
  return wrapped;
}

function decorate(options: KtFunctionOptions, method: unknown, context: ClassMethodDecoratorContext): void {
  const kind: string = context.kind;
  if (kind !== 'method' || typeof method !== 'function') throw badFunction(kind);
  const definition = mark(method as AnyFunction, { options });
  context.addInitializer(function (this: unknown) {
    const owner = context.static ? (this as object) : ((this as object).constructor.prototype as object);
    mirror(options, owner, context.name);
    definition.receiver ??= () => this;
  });
}

interface LegacyMember {
  key: string | symbol;
  descriptor: PropertyDescriptor | undefined;
}
function decorateLegacy(
  options: KtFunctionOptions,
  target: unknown,
  { key, descriptor }: LegacyMember,
): void {
  const method: unknown = descriptor?.value;
  if (typeof method !== 'function') throw badFunction(descriptor === undefined ? typeof target : 'accessor');
  const owner = target as object;
  const receiver =
    typeof owner === 'function' ? () => owner : () => new (owner.constructor as new () => unknown)();
  mark(method as AnyFunction, { options, receiver });
  mirror(options, owner, key);
}

function mark(fn: AnyFunction, definition: FunctionDefinition): FunctionDefinition {
  Object.defineProperty(fn, DEFINITION, { value: definition, configurable: true });
  return definition;
}

/** Tells reflect-metadata, where it is loaded: `Reflect.getMetadata('kt:function', owner, key)`. */
function mirror(options: KtFunctionOptions, owner: object, key: string | symbol): void {
  const reflect = Reflect as {
    defineMetadata?: (
      ...args: [key: string, value: unknown, target: object, property: string | symbol]
    ) => void;
  };
  reflect.defineMetadata?.('kt:function', options, owner, key);
}

function badFunction(kind: string): KtError {
  return new KtError({
    code: 'BAD_FUNCTION',
    path: '',
    message: `ktFunction marks functions and methods, but was given a ${kind}.`,
    hint: 'Write @ktFunction() above a method, or export const f = ktFunction({ … }, async input => …).',
  });
}

/** What `this` must be when a marked function is called: its class, one instance of it, or undefined. */
export function receiverOf(fn: AnyFunction): unknown {
  const definition = definitionOf(fn);
  if (definition?.receiver === undefined) return undefined;
  return (definition.receiverValue ??= definition.receiver());
}
