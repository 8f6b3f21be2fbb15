/** The Standard Schema interface, which zod, valibot, arktype and others speak. */

/**
 * A schema of any library that speaks Standard Schema, version 1 (https://standardschema.dev).
 *
 * `Input` is what it accepts, `Output` what it hands on, after defaults and transforms.
 *
 * @example
 * ```ts
 * const year: StandardSchema<{ year: number }> = z.object({ year: z.number() });
 * ```
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the standard asks for. */
  readonly '~standard': {
    /** Version of the standard. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Only for the compiler. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Standard JSON Schema, where the library offers it: flags of `kt run` are made from it. */
    readonly jsonSchema?:
      | {
          /** The JSON Schema of what it accepts. */
          readonly input: (options: JsonSchemaOptions) => Record<string, unknown>;
          /** The JSON Schema of what it hands on. */
          readonly output?: (options: JsonSchemaOptions) => Record<string, unknown>;
        }
      | undefined;
  };
}

/**
 * How a Standard Schema is told as JSON Schema.
 *
 * @example
 * ```ts
 * const options: JsonSchemaOptions = { target: 'draft-2020-12' };
 * z.object({ n: z.number() })['~standard'].jsonSchema.input(options)['type']; // → 'object'
 * ```
 */
export interface JsonSchemaOptions {
  /** Which draft of JSON Schema. */
  readonly target: string;
  /** What only one library knows. */
  readonly libraryOptions?: Record<string, unknown> | undefined;
}

/**
 * What a Standard Schema answers: the value it hands on, or what is wrong with the one it was given.
 *
 * @example
 * ```ts
 * const result: SchemaResult<number> = { issues: [{ message: 'Expected a number' }] };
 * ```
 */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/**
 * One thing that a Standard Schema finds wrong, with the keys that lead to it.
 *
 * @example
 * ```ts
 * const issue: SchemaIssue = { message: 'Expected a number', path: ['years', 0] };
 * ```
 */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Keys from the outside in; absent for the value as a whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What a schema accepts.
 *
 * @example
 * ```ts
 * const params = z.object({ dir: z.string().default('data') });
 * const given: SchemaInput<typeof params> = {};
 * ```
 */
export type SchemaInput<S> = S extends StandardSchema<infer I, unknown> ? I : never;

/**
 * What a schema hands on, with defaults filled in and values transformed.
 *
 * @example
 * ```ts
 * const params = z.object({ dir: z.string().default('data') });
 * const checked: SchemaOutput<typeof params> = { dir: 'data' };
 * ```
 */
export type SchemaOutput<S> = S extends StandardSchema<unknown, infer O> ? O : never;

/**
 * Writes the path of an issue as code does.
 *
 * @param root what the path begins with.
 *
 * @example
 * ```ts
 * issuePath({ message: 'Expected a number', path: ['years', 0, 'from'] }); // → 'years[0].from'
 * ```
 */
export function issuePath(issue: SchemaIssue, root = ''): string {
  let path = root;
  for (const part of issue.path ?? []) {
    const key = typeof part === 'object' ? part.key : part;
    path += typeof key === 'number' ? `[${key}]` : path === '' ? String(key) : `.${String(key)}`;
  }
  return path;
}
