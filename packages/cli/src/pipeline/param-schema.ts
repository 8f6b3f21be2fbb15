/** What the parameters of a pipeline are, as JSON Schema, and why some cannot be those of a run. */
import { findNonJson, KtError, type Json, type Pipeline, type Problem } from '@kube-transform/sdk';

/** The JSON Schema of a parameter, as far as it is looked at. */
export interface Property {
  type?: string | string[];
  enum?: Json[];
  const?: Json;
  default?: Json;
  description?: string;
  items?: Property;
  anyOf?: Property[];
  'x-kt-made-of'?: string;
}

/** The JSON Schema of all parameters. */
export interface ParamSchema {
  properties?: Record<string, Property>;
  required?: string[];
  additionalProperties?: unknown;
}

type WithParams = Pick<Pipeline, 'name' | 'params'>;

/** What zod marks that JSON cannot hold. */
const MADE_OF = 'x-kt-made-of';
const INSTEAD: Readonly<Record<string, string>> = {
  date: 'z.iso.date() or z.iso.datetime(), and make the Date in the step',
  bigint: 'z.int() or z.string(), and make the bigint in the step',
  map: 'z.record(…), and make the Map in the step',
  set: 'z.array(…), and make the Set in the step',
  nan: 'z.number().nullable()',
  file: 'z.string() for its path',
  symbol: 'z.enum([…])',
  function: 'z.enum([…]) for which one, and choose it in the step',
  promise: 'what it promises',
};
const TARGET = { target: 'draft-2020-12' } as const;

/** The JSON Schema of what a run may be given; undefined where the schema library has none. */
export function paramSchema({ params }: Pick<Pipeline, 'params'>): ParamSchema | undefined {
  return params?.['~standard'].jsonSchema?.input({
    ...TARGET,
    libraryOptions: { unrepresentable: 'any' },
  });
}

/**
 * Parameters that no run can have, because what is made of them is not JSON: told alike by `kt check`,
 * `kt run`, `kt submit` and `kt deploy`.
 */
export function paramProblems(pipeline: WithParams): Problem[] {
  const path = `${pipeline.name}.params`;
  try {
    paramSchema(pipeline);
  } catch (error) {
    return [
      {
        code: 'BAD_PARAM_SCHEMA',
        path,
        message: `The parameters of pipeline "${pipeline.name}" cannot be told as JSON Schema: ${(error as Error).message}.`,
        hint: 'Use types that JSON has.',
      },
    ];
  }
  const problems = Object.entries(madeProperties(pipeline)).flatMap(([name, property]) => {
    const made = madeOf(property);
    if (made === undefined) return [];
    const hint = `Write ${INSTEAD[made] ?? 'a type that JSON has'}.`;
    const message = `Parameter "${name}" of pipeline "${pipeline.name}" is read as a ${made}, which a run cannot keep: parameters are JSON.`;
    return [{ code: 'BAD_PARAM_SCHEMA', path: `${path}.${name}`, message, hint }];
  });
  return problems.length > 0 ? problems : defaultProblems(pipeline);
}

/** Defaults that no run can have, where that shows before a value is given. */
function defaultProblems({ name, params }: WithParams): Problem[] {
  try {
    const result = params?.['~standard'].validate({});
    if (result === undefined || result instanceof Promise || result.issues !== undefined) return [];
    const bad = findNonJson(result.value, `${name}.params`);
    if (bad === undefined) return [];
    const message = `A default of the parameters of pipeline "${name}" is no JSON: ${bad.reason}.`;
    const hint = 'Give it as text, a number or the like, and make the rest in the step.';
    return [{ code: 'BAD_PARAM_SCHEMA', path: bad.path, message, hint }];
  } catch {
    return [];
  }
}

/** @throws KtError with all {@link paramProblems}. */
export function checkParams(pipeline: WithParams): void {
  const problems = paramProblems(pipeline);
  if (problems.length > 0) throw new KtError(problems);
}

/** What the schema makes of what it is given; nothing where its library cannot tell, as of a transform. */
function madeProperties({ params }: WithParams): Record<string, Property> {
  const mark = ({ zodSchema, jsonSchema }: ZodNode): void => {
    const { type } = zodSchema._zod.def;
    if (type in INSTEAD) jsonSchema[MADE_OF] = type;
  };
  try {
    const schema: ParamSchema | undefined = params?.['~standard'].jsonSchema?.output?.({
      ...TARGET,
      libraryOptions: { unrepresentable: 'any', override: mark },
    });
    return schema?.properties ?? {};
  } catch {
    return {};
  }
}

/** Member of the JSON Schema of a deployed version: names of parameters that {@link changedParams} names. */
export const CHANGED = 'x-kt-changed';
/** Kinds of zod, and of its checks, that make another value of the one that they are given. */
const CHANGES: ReadonlySet<string | undefined> = new Set(['transform', 'pipe', 'catch', 'overwrite']);

/** Parameters of which the schema makes something else than was given, defaults aside; undefined: none. */
export function changedParams({ params }: WithParams): string[] | undefined {
  const mark = ({ zodSchema, jsonSchema }: ZodNode): void => {
    const { type, checks = [] } = zodSchema._zod.def;
    if (CHANGES.has(type) || checks.some(({ _zod: { def } }) => CHANGES.has(def.check)))
      jsonSchema[MADE_OF] = type;
  };
  const schema: ParamSchema | undefined = params?.['~standard'].jsonSchema?.input({
    ...TARGET,
    libraryOptions: { unrepresentable: 'any', override: mark },
  });
  const names = Object.entries(schema?.properties ?? {}).filter(([, property]) =>
    JSON.stringify(property).includes(MADE_OF),
  );
  return names.length === 0 ? undefined : names.map(([name]) => name);
}

/** A schema of zod while it becomes JSON Schema. */
interface ZodNode {
  zodSchema: {
    _zod: { def: { type: string; checks?: readonly { _zod: { def: { check?: string } } }[] } };
  };
  jsonSchema: Property;
}

/** What a value is always made of that is not JSON. */
function madeOf(property: Property): string | undefined {
  const { items, anyOf } = property;
  if (property[MADE_OF] !== undefined) return property[MADE_OF];
  if (items !== undefined) return madeOf(items);
  const kinds = anyOf?.filter(({ type }) => type !== 'null').map(madeOf) ?? [];
  return kinds.every(kind => kind !== undefined) ? kinds[0] : undefined;
}
