/** `ktFunction`: one name, two forms (decorator and wrapper), both decorator dialects. */
import type { KtContext } from '../context.js';
import type { JobOptions } from '../document/job-options.js';
import { KtError } from '../errors.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.js';
import { type AnyFunction, type KtFunctionOptions, mark } from './function-definition.js';
import type { KtFunction } from './function-types.js';

type Method<In, Out> = (this: never, input: In, context: KtContext) => Out;

type Tolerance = JobOptions['maxFailed'];
type Returns<O> = SchemaInput<O> | Promise<SchemaInput<O>>;

/** What later steps get: what the output schema makes of it. */
type Result<O, Out> = unknown extends SchemaOutput<O> ? Awaited<Out> : SchemaOutput<O>;

/**
 * The decorator form of `ktFunction`, in both dialects; TypeScript picks by `experimentalDecorators`.
 *
 * @example
 * ```ts
 * const retried: KtDecorator<{ file: string }, number> = ktFunction({
 *   input: z.object({ file: z.string() }),
 *   output: z.number(),
 *   retries: 2,
 * });
 * ```
 */
export interface KtDecorator<In, Out> {
  /** TC39 decorators. */
  <F extends Method<In, Out | Promise<Out>>>(value: F, context: ClassMethodDecoratorContext): void;
  /** Legacy decorators (`experimentalDecorators`). */
  <F extends Method<In, Out | Promise<Out>>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): void;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- without a schema a method takes what it says
type Unchecked = any;

/**
 * Marks a function as callable from pipelines: a decorator for static and instance methods, a wrapper for
 * free functions.
 *
 * A marked function takes its input, one object that JSON can hold, and a {@link KtContext}; it returns what
 * JSON can hold, or a promise of that. It is called once for each item of a step. What it throws costs the
 * item an attempt; a `PermanentError` fails the item at once. Without an `input` schema, the type of its
 * first parameter is trusted.
 *
 * As a decorator, write `@ktFunction({ input: schema })` above a method, in the TC39 or the legacy
 * (`experimentalDecorators`) dialect; for instance methods one instance is made, without arguments.
 *
 * @throws KtError `BAD_FUNCTION` where what is marked is no function or method.
 *
 * @example
 * ```ts
 * import { type KtContext, ktFunction } from '@kube-transform/sdk';
 * import * as z from 'zod';
 *
 * export const count = ktFunction(
 *   { input: z.object({ file: z.string() }), retries: 2 },
 *   async ({ file }, { files }: KtContext) => ({ file, bytes: (await files.stat(file)).size }),
 * );
 * ```
 */
export function ktFunction<Out>(fn: () => Out): KtFunction<Record<string, never>, Record<string, never>, Out>;
/**
 * Marks a free function as callable from pipelines; the type of its input is trusted.
 *
 * @example
 * ```ts
 * export const double = ktFunction(({ n }: { n: number }) => 2 * n);
 * ```
 */
export function ktFunction<In, Out>(fn: (input: In, context: KtContext) => Out): KtFunction<In, In, Out>;
/** Marks the method below: `@ktFunction()`; the type of its input is trusted. */
export function ktFunction(): KtDecorator<Unchecked, unknown>;
/** Marks the method below, with options: its input, and its result where there is `output`, are checked. */
export function ktFunction<S extends StandardSchema, O extends StandardSchema = StandardSchema>(
  options: KtFunctionOptions<S, O> & { input: S },
): KtDecorator<SchemaOutput<S>, SchemaInput<O>>;
/** Marks the method below, with options; the type of its input is trusted. */
export function ktFunction<O extends StandardSchema = StandardSchema>(
  options: KtFunctionOptions<StandardSchema, O> & { input?: undefined },
): KtDecorator<Unchecked, SchemaInput<O>>;
/**
 * Marks a free function as callable from pipelines, with options: its input, and its result where there is
 * `output`, are checked.
 *
 * @example
 * ```ts
 * const input = z.object({ year: z.number(), limit: z.number().default(10) });
 * export const load = ktFunction({ input, retries: 2 }, ({ year, limit }) => ({ year, rows: limit }));
 * ```
 */
export function ktFunction<
  S extends StandardSchema,
  Out extends Returns<O>,
  O extends StandardSchema = StandardSchema,
  M extends Tolerance = never,
>(
  options: KtFunctionOptions<S, O> & { input: S; maxFailed?: M },
  fn: (input: SchemaOutput<S>, context: KtContext) => Out,
): KtFunction<SchemaInput<S>, SchemaOutput<S>, Out, M, Result<O, Out>>;
/**
 * Marks a free function as callable from pipelines, with options; the type of its input is trusted.
 *
 * @example
 * ```ts
 * export const read = ktFunction({ retries: 2 }, ({ file }: { file: string }, { files }: KtContext) =>
 *   files.readText(file),
 * );
 * ```
 */
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
  return (
    target: object,
    context: ClassMethodDecoratorContext<object> | string | symbol,
    descriptor?: PropertyDescriptor,
  ) => {
    if (typeof context === 'object') decorate(first, target, context);
    else decorateLegacy(first, target, { key: context, descriptor });
  };
}

function wrap(options: KtFunctionOptions, fn: AnyFunction): AnyFunction {
  if (typeof fn !== 'function') throw badFunction(typeof fn);
  // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
  const wrapped: AnyFunction = (...args: unknown[]) => fn(...args);
  mark(wrapped, { options });
  return wrapped;
}

function decorate(
  options: KtFunctionOptions,
  method: unknown,
  context: ClassMethodDecoratorContext<object>,
): void {
  const kind: string = context.kind;
  if (kind !== 'method' || typeof method !== 'function') throw badFunction(kind);
  const definition = mark(method, { options });
  context.addInitializer(function () {
    const owner = context.static ? this : (Reflect.getPrototypeOf(this) ?? this);
    mirror(options, owner, context.name);
    definition.receiver ??= () => this;
  });
}

interface LegacyMember {
  key: string | symbol;
  descriptor: PropertyDescriptor | undefined;
}
function decorateLegacy(options: KtFunctionOptions, owner: object, { key, descriptor }: LegacyMember): void {
  const method: unknown = descriptor?.value;
  if (typeof method !== 'function') throw badFunction(descriptor === undefined ? typeof owner : 'accessor');
  const receiver = (): unknown =>
    typeof owner === 'function' ? owner : Reflect.construct(owner.constructor, []);
  mark(method, { options, receiver });
  mirror(options, owner, key);
}

/** Tells reflect-metadata, where it is loaded: `Reflect.getMetadata('kt:function', owner, key)`. */
function mirror(options: KtFunctionOptions, owner: object, key: string | symbol): void {
  const reflect: { defineMetadata?: typeof Reflect.defineMetadata } = Reflect;
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
