/** Values and steps as TypeScript, in the layout that Prettier gives them in 110 columns. Pure. */
import type { Json } from '@kube-transform/sdk';

/** Columns of a line. */
export const WIDTH = 110;
const NAME = /^[A-Za-z_$][\w$]*$/;
/** Words that cannot be the name of a constant in a module, or have a meaning there. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export ' +
    'extends false finally for function if implements import in instanceof interface let new null package ' +
    'private protected public return static super switch this throw true try typeof var void while with ' +
    'yield undefined NaN Infinity each image ktFunction pipeline notWritten nothing Json JsonObject KTJobInput ' +
    'PermanentError Promise text z'
  ).split(' '),
);

/** Text as a literal, in single quotes where it has not more of them than of others. */
export function quoted(text: string): string {
  const body = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/\\(.)/gs, (whole, sign) => (sign === '"' ? '"' : whole));
  const [single, double] = [text.split("'").length, text.split('"').length];
  return single > double ? `"${body.replaceAll('"', '\\"')}"` : `'${body.replaceAll("'", "\\'")}'`;
}

/** Code that stands for itself among values. */
export class Code {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value that may hold code. */
export type Value = Json | Code | readonly Value[] | { readonly [key: string]: Value };

/** A value as code whose first line begins at `column`, and whose further lines are set in by `indent`. */
export function literal(value: Value, indent = 0, column = indent): string {
  if (value instanceof Code) return value.text;
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return numberText(value);
  const pad = ' '.repeat(indent + 2);
  const end = ' '.repeat(indent);
  if (isList(value)) {
    const parts = value.map(entry => literal(entry, indent + 2));
    const line = `[${parts.join(', ')}]`;
    const isTable = value.length > 1 && value.every(entry => isList(entry) && entry.length > 1);
    if (!isTable && !line.includes('\n') && column + line.length < WIDTH) return line;
    if (value.every(entry => typeof entry === 'number')) return `[\n${filled(parts, pad)}\n${end}]`;
    return `[\n${parts.map(part => `${pad}${part},\n`).join('')}${end}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, entry]) => {
    const name = NAME.test(key) && key !== '__proto__' ? key : quoted(key);
    if (entry instanceof Code && entry.text === key) return `${pad}${key},\n`;
    // A plain one would be the object's prototype.
    const shown = key === '__proto__' ? `[${name}]` : name;
    return `${pad}${shown}: ${literal(entry, indent + 2, indent + 4 + shown.length)},\n`;
  });
  return `{\n${lines.join('')}${end}}`;
}

/** Numbers as many to a line as there is room for. */
function filled(parts: readonly string[], pad: string): string {
  const lines: string[] = [];
  let line = pad;
  for (const part of parts) {
    const more = line === pad ? `${part},` : ` ${part},`;
    if (line !== pad && line.length + more.length > WIDTH) {
      lines.push(line);
      line = `${pad}${part},`;
    } else line += more;
  }
  return [...lines, line].join('\n');
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** As Prettier writes numbers: `1e21`, not `1e+21`. */
const numberText = (value: number | boolean | null): string => String(value).replace('e+', 'e');

/** Names of constants, each given once. */
export class Names {
  readonly #taken = new Set(RESERVED);

  /** A name like this text: `raw-data.load` is `rawDataLoad`. */
  of(text: string): string {
    const [first = '', ...rest] = text.split(/[^A-Za-z0-9]+/).filter(part => part !== '');
    const joined = [
      first.replace(/^[A-Z]+/, start => start.toLowerCase()),
      ...rest.map(part => part.slice(0, 1).toUpperCase() + part.slice(1)),
    ].join('');
    const base = NAME.test(joined) ? joined : `step${joined}`;
    let name = base;
    for (let n = 2; this.#taken.has(name); n++) name = `${base}${n}`;
    this.#taken.add(name);
    return name;
  }
}

/** A step as the builder is told of it: `.python('load', { … }, { … })`. */
export interface StepCode {
  method: string;
  name: string;
  /** Arguments between the name and the options: each is code, or an object that is written out. */
  given: readonly Value[];
  options: { readonly [key: string]: Value };
}

/** The call that adds a step, set in by `indent`. */
export function stepLines({ method, name, given, options }: StepCode, indent: number): string {
  const last = Object.keys(options).length > 0 ? [options] : [];
  const args: Value[] = [name, ...given, ...last];
  const before = args.slice(0, -1).map(arg => literal(arg, indent + 2));
  if (!before.some(text => text.includes('\n')))
    return `.${method}(${[...before, literal(args.at(-1) ?? null, indent)].join(', ')})`;
  const pad = ' '.repeat(indent + 2);
  const lines = args.map(arg => `${pad}${literal(arg, indent + 2)},\n`).join('');
  return `.${method}(\n${lines}${' '.repeat(indent)})`;
}

/**
 * A pipeline with its steps: one goes on in its line, more have lines of their own. `options`: its second
 * argument.
 */
export function pipelineCode(
  name: string,
  steps: readonly ((indent: number) => string)[],
  options?: string,
): string {
  const [only, ...more] = steps;
  const head = `pipeline(${[quoted(name), ...(options === undefined ? [] : [options])].join(', ')})`;
  const calls = only === undefined || more.length > 0 ? steps.map(step => `\n  ${step(2)}`) : [only(0)];
  return `${head}${calls.join('')}`;
}

/** An import of names, on lines of their own where they are many. */
export function importCode(names: Iterable<string>, from: string): string {
  const bare = (name: string): string => name.replace('type ', '').toLowerCase();
  const sorted = [...names].sort((a, b) => (bare(a) < bare(b) ? -1 : 1));
  const line = `import { ${sorted.join(', ')} } from '${from}';\n`;
  return line.length <= WIDTH + 1
    ? line
    : `import {\n${sorted.map(name => `  ${name},\n`).join('')}} from '${from}';\n`;
}
