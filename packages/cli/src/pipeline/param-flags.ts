/**
 * Parameters of a pipeline as flags, made from their JSON Schema, and values read from them.
 *
 * - A flag means one parameter, the same for `kt run` and `kt submit`: names that give one flag have their
 *   own spelling as a flag, and names that are options of these commands, or no flag, go by `--param`.
 */
import { Command, type CommanderError, Option } from 'commander';
import { didYouMean, type Json, type JsonObject, KtError, type Pipeline } from '@kube-transform/sdk';
import { table } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';
import { usageProblem } from '../terminal/usage-problem.js';
import { checkParams, paramSchema, type Property } from './param-schema.js';
import { typesOf, valueOf } from './param-values.js';

interface Param {
  name: string;
  /** As `--fooBar`; null where only `--param` reaches it. */
  flag: string | null;
  property: Property;
  required: boolean;
}

/** Options of `kt run` and `kt submit`, which a parameter does not hide. Held by a test. */
export const RESERVED: ReadonlySet<string> = new Set(
  (
    'container-image context delivery executor follow force functions help image image-pull-policy ' +
    'insecure-registry jobs json ' +
    'keep-finished kubeconfig max-pods namespace param platform repository resume run-id ' +
    'server service-account source steal store store-secret version volume'
  ).split(' '),
);
const FLAG = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

const kebab = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();

/** Whether there may be parameters beyond those that are listed, or what there is cannot be told. */
function takesOthers(pipeline: Pick<Pipeline, 'params'>): boolean {
  if (pipeline.params === undefined) return false;
  const schema = paramSchema(pipeline);
  return schema?.properties === undefined || (schema.additionalProperties ?? false) !== false;
}

function paramsOf(pipeline: Pick<Pipeline, 'params'>): Param[] {
  const { properties = {}, required = [] } = paramSchema(pipeline) ?? {};
  const names = Object.keys(properties);
  const isShared = (name: string): boolean =>
    names.some(other => other !== name && kebab(other) === kebab(name));
  return Object.entries(properties).map(([name, property]) => {
    const flag = isShared(name) ? name : kebab(name);
    return {
      name,
      flag: FLAG.test(flag) && !RESERVED.has(flag) ? `--${flag}` : null,
      property,
      required: required.includes(name),
    };
  });
}

/** How a parameter is typed, with what follows it, and what is said of it. */
function describe({ name, flag, property, required }: Param): { typed: string; note: string } {
  const kind = typesOf(property)?.join('|') ?? 'json';
  const notes = [
    property.description ?? '',
    property.enum === undefined ? '' : `(one of: ${property.enum.map(String).join(', ')})`,
    required ? '(required)' : '',
    property.default === undefined ? '' : `(default: ${JSON.stringify(property.default)})`,
  ];
  const note = notes.filter(part => part !== '').join(' ');
  const value = `<${kind === 'object' || kind === 'array' ? 'json' : kind}>`;
  if (flag === null) return { typed: `--param ${shellWord(`${name}=`)}${value}`, note };
  if (kind === 'boolean') return { typed: `${flag} [true|false]`, note };
  return { typed: `${flag} ${kind === 'array' ? '<value...>' : value}`, note };
}

/** A parameter as it is listed. */
export interface ParamFlag {
  name: string;
  /** How it is typed. */
  flag: string;
  /** What it means, its default, whether it is required. */
  note: string;
  required: boolean;
}

/** The parameters of a pipeline, as flags. @throws KtError `BAD_PARAM_SCHEMA`. */
export function paramFlags(pipeline: Pick<Pipeline, 'name' | 'params'>): ParamFlag[] {
  checkParams(pipeline);
  return paramsOf(pipeline).map(param => {
    const { typed, note } = describe(param);
    return { name: param.name, flag: typed, note, required: param.required };
  });
}

/** A command whose options are the parameters, each as `#` and its place. */
function commandOf(name: string, params: readonly Param[]): Command {
  const command = new Command(name)
    .helpOption(false)
    .exitOverride()
    .allowExcessArguments()
    .configureOutput({ writeErr: () => undefined });
  params.forEach((param, i) => {
    if (param.flag === null) return;
    const option = new Option(describe(param).typed);
    // A parameter noCache has the flag --no-cache, and that is no denial.
    option.negate = false;
    option.attributeName = () => `#${i}`;
    command.addOption(option);
  });
  return command;
}

/**
 * Reads parameters from `--name value` flags and `key=value` pairs; what the schema says of them is checked
 * when the run is made.
 *
 * @throws KtError `BAD_PARAM_SCHEMA`, `UNKNOWN_OPTION` with "did you mean", `BAD_PARAM`.
 */
export function readParams(
  pipeline: Pick<Pipeline, 'name' | 'params'>,
  flags: readonly string[],
  pairs: readonly string[],
): JsonObject {
  checkParams(pipeline);
  const params = paramsOf(pipeline);
  const command = commandOf(pipeline.name, params);
  try {
    command.parse([...flags], { from: 'user' });
  } catch (error) {
    const problem = usageProblem(error as CommanderError, `kt run ${shellWord(pipeline.name)}`);
    const known = params.map(param => param.flag ?? `--param ${shellWord(param.name)}=…`).join(', ');
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
  const typed = command.opts();
  const values = new Map<string, Json>();
  params.forEach(({ name, property }, i) => {
    const text: unknown = typed[`#${i}`];
    if (text !== undefined) values.set(name, valueOf(text, property));
  });
  for (const pair of pairs) {
    const { name, text, property } = readPair(pipeline, params, pair);
    values.set(name, valueOf(property.type === 'array' ? [text] : text, property));
  }
  return Object.fromEntries(values);
}

/** A pair as it is meant: names may hold `=`, too. */
function readPair(
  pipeline: Pick<Pipeline, 'name' | 'params'>,
  params: readonly Param[],
  pair: string,
): { name: string; text: string; property: Property } {
  const [known] = params
    .filter(({ name }) => pair.startsWith(`${name}=`))
    .sort((a, b) => b.name.length - a.name.length);
  const at = known?.name.length ?? pair.indexOf('=');
  if (known === undefined && at < 1)
    throw new KtError({
      code: 'BAD_PARAM',
      path: '--param',
      message: `--param takes key=value, but got "${pair}".`,
    });
  const name = pair.slice(0, at);
  const text = pair.slice(at + 1);
  if (known !== undefined || takesOthers(pipeline)) return { name, text, property: known?.property ?? {} };
  const names = params.map(param => param.name);
  throw new KtError({
    code: 'UNKNOWN_PARAM',
    path: `params.${name}`,
    message: `Pipeline "${pipeline.name}" has no parameter "${name}".`,
    hint: didYouMean(name, names) ?? `Its parameters: ${names.join(', ') || 'none'}.`,
  });
}

/** The parameters as the help shows them. */
export function paramText(pipeline: Pick<Pipeline, 'name' | 'params'>): string {
  const rows = paramFlags(pipeline).map(({ flag, note }) => [`  ${flag}`, ...(note === '' ? [] : [note])]);
  return `\nParameters of "${pipeline.name}":${rows.length > 0 ? `\n${table(rows)}` : ' none'}`;
}
