/** Makes flags of a pipeline's parameters, from their JSON Schema, and reads values from them. */
import { Command, type CommanderError, Option } from 'commander';
import { fits, json, tryJson } from '@kube-transform/runtime/internal';
import { didYouMean, type Json, type JsonObject, KtError, type Pipeline } from '@kube-transform/sdk';
import { usageProblem } from '../terminal/usage-problem.js';
import { shellWord } from '../terminal/plain-text.js';

interface Property {
  type?: string | string[];
  enum?: Json[];
  default?: Json;
  description?: string;
  items?: Property;
}
interface Param {
  name: string;
  property: Property;
  required: boolean;
}

const kebab = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();

interface Schema {
  properties?: Record<string, Property>;
  required?: string[];
  additionalProperties?: unknown;
}

/** The JSON Schema of the parameters; undefined where their schema library gives none. */
export function paramSchema({ params }: Pick<Pipeline, 'params'>): Schema | undefined {
  return params?.['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
}

/** Whether there may be parameters beyond those that are listed, or what there is cannot be told. */
function takesOthers(pipeline: Pick<Pipeline, 'params'>): boolean {
  if (pipeline.params === undefined) return false;
  const schema = paramSchema(pipeline);
  return schema?.properties === undefined || (schema.additionalProperties ?? false) !== false;
}

function flagsOf(pipeline: Pick<Pipeline, 'params'>): Param[] {
  const schema = paramSchema(pipeline) ?? {};
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    property,
    required: schema.required?.includes(name) ?? false,
  }));
}

function optionOf({ name, property, required }: Param): Option {
  const kind = [property.type ?? 'json'].flat().join('|');
  const value =
    kind === 'boolean'
      ? '[true|false]'
      : kind === 'array'
        ? '<value...>'
        : `<${kind === 'object' ? 'json' : kind}>`;
  const notes = [
    property.description ?? '',
    property.enum === undefined ? '' : `(one of: ${property.enum.map(String).join(', ')})`,
    required ? '(required)' : '',
    property.default === undefined ? '' : `(default: ${JSON.stringify(property.default)})`,
  ];
  const option = new Option(`--${kebab(name)} ${value}`, notes.filter(note => note !== '').join(' '));
  option.attributeName = () => name;
  return option;
}

/**
 * Text typed for a parameter, as the value that its schema means; text that does not fit is left to the
 * schema's own words.
 */
function valueOf(text: unknown, property: Property): Json {
  if (Array.isArray(text)) {
    const [only] = text as string[];
    if (text.length === 1 && only?.startsWith('[') === true) return jsonOrText(only);
    return text.map(entry => valueOf(entry, property.items ?? {}));
  }
  if (text === true) return true;
  const typed = String(text);
  switch (property.type) {
    case 'string':
      return typed;
    case 'number':
    case 'integer':
      return typed.trim() !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed;
    case 'boolean':
      return typed === 'true' ? true : typed === 'false' ? false : typed;
    case undefined:
    default:
      return jsonOrText(typed);
  }
}

function jsonOrText(text: string): Json {
  const value = fits(json, tryJson(text));
  return value === undefined ? text : value;
}

/** A parameter as it is listed. */
export interface ParamFlag {
  name: string;
  flag: string;
  /** What it means, its default, whether it is required. */
  note: string;
  required: boolean;
}

/** The parameters of a pipeline, as flags. */
export function paramFlags(pipeline: Pick<Pipeline, 'params'>): ParamFlag[] {
  return flagsOf(pipeline).map(flag => {
    const option = optionOf(flag);
    return { name: flag.name, flag: option.flags, note: option.description, required: flag.required };
  });
}

/** A command whose options are a pipeline's parameters; for help and for parsing. */
export function paramCommand(pipeline: Pick<Pipeline, 'name' | 'params'>): Command {
  const command = new Command(pipeline.name)
    .helpOption(false)
    .exitOverride()
    .allowExcessArguments()
    .configureOutput({ writeErr: () => undefined });
  for (const flag of flagsOf(pipeline)) command.addOption(optionOf(flag));
  return command;
}

/**
 * Reads parameters from `--name value` flags and `key=value` pairs; what the schema says of them is checked
 * when the run is made.
 *
 * @throws KtError `UNKNOWN_OPTION` with "did you mean", `BAD_PARAM`.
 */
export function readParams(
  pipeline: Pick<Pipeline, 'name' | 'params'>,
  flags: readonly string[],
  pairs: readonly string[],
): JsonObject {
  const properties = new Map(flagsOf(pipeline).map(flag => [flag.name, flag.property]));
  const command = paramCommand(pipeline);
  try {
    command.parse([...flags], { from: 'user' });
  } catch (error) {
    const problem = usageProblem(error as CommanderError, `kt run ${shellWord(pipeline.name)}`);
    const known = [...properties.keys()].map(name => `--${kebab(name)}`).join(', ');
    throw new KtError({ ...problem, hint: `${problem.hint ?? ''} Its parameters: ${known || 'none'}.` });
  }
  const [extra] = command.args;
  if (extra !== undefined)
    throw new KtError({
      code: 'UNKNOWN_OPTION',
      path: 'params',
      message: `The word "${extra}" is not expected here.`,
      hint: 'Parameters are written --name value.',
    });
  const values = new Map<string, Json>();
  for (const [name, text] of Object.entries(command.opts()))
    if (text !== undefined) values.set(name, valueOf(text, properties.get(name) ?? {}));
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new KtError({
        code: 'BAD_PARAM',
        path: '--param',
        message: `--param takes key=value, but got "${pair}".`,
      });
    const name = pair.slice(0, at);
    if (!properties.has(name) && !takesOthers(pipeline)) {
      const hint =
        didYouMean(name, properties.keys()) ??
        `Its parameters: ${[...properties.keys()].join(', ') || 'none'}.`;
      throw new KtError({
        code: 'UNKNOWN_PARAM',
        path: `params.${name}`,
        message: `Pipeline "${pipeline.name}" has no parameter "${name}".`,
        hint,
      });
    }
    values.set(name, valueOf(pair.slice(at + 1), properties.get(name) ?? {}));
  }
  return Object.fromEntries(values);
}
