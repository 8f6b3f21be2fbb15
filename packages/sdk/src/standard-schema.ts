/**
 * The Standard Schema interface, version 1: what zod, valibot, arktype and others share. Source:
 * standardschema.dev.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Standard JSON Schema, where the library offers it. */
    readonly jsonSchema?:
      { readonly input: (options: { target: string }) => Record<string, unknown> } | undefined;
  };
}

/** What a Standard Schema answers. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One complaint of a Standard Schema. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema accepts. */
export type SchemaInput<S> = S extends StandardSchema<infer I, unknown> ? I : never;
/** What a schema hands on. */
export type SchemaOutput<S> = S extends StandardSchema<unknown, infer O> ? O : never;

/** `a[0].b`, from a Standard Schema path. */
export function issuePath(issue: SchemaIssue, root = ''): string {
  let path = root;
  for (const part of issue.path ?? []) {
    const key = typeof part === 'object' ? part.key : part;
    path += typeof key === 'number' ? `[${key}]` : path === '' ? String(key) : `.${String(key)}`;
  }
  return path;
}
