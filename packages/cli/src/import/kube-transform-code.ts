/** A document of kube-transform as a file of TypeScript. Pure. */
import type { KTJob, KTPipeline, KTTask } from '@kube-transform/sdk';
import {
  Code,
  importCode,
  literal,
  Names,
  pipelineCode,
  quoted,
  type StepCode,
  stepLines,
  type Value,
  WIDTH,
} from './source-text.js';

/** What is written, and what is left to do by hand. */
export interface ImportedCode {
  text: string;
  /** Functions of Python that are to be written in TypeScript. */
  stubs: string[];
}

/** Where the functions are: in an image, or nowhere yet. */
export interface ImportFrom {
  /** Name of the document, for people. */
  file: string;
  image: string | null;
  interpreter: string | null;
}

/** A step, written when it is known how far it is set in. */
type Step = (indent: number) => string;

const DEFAULT = { memory: '1Gi', cpu: '500m' };

/** The code of a document whose steps are static or dynamic. */
export function kubeTransformCode(pipeline: KTPipeline, from: ImportFrom): ImportedCode {
  const writer = new Writer(from);
  const steps = inOrder(pipeline.jobs).flatMap(job => writer.stepsOf(job));
  return writer.file(pipeline.name, steps);
}

class Writer {
  readonly #from: ImportFrom;
  readonly #names = new Names();
  readonly #imports = new Set(['pipeline']);
  readonly #constants: string[] = [];
  readonly #functions = new Map<string, { name: string; code: string }>();
  /** The steps that a job became. */
  readonly #steps = new Map<string, string[]>();

  constructor(from: ImportFrom) {
    this.#from = from;
  }

  stepsOf(job: KTJob): Step[] {
    const tasks = job.tasks.filter(({ function: name }) => name !== null);
    const first = tasks[0];
    const groups =
      job.type === 'dynamic' || first === undefined || this.#from.image !== null
        ? [{ name: job.name, tasks }]
        : byFunction(job.name, tasks);
    this.#steps.set(
      job.name,
      groups.map(({ name }) => name),
    );
    return groups.map(({ name, tasks: own }) => this.#step(job, { name, tasks: own }));
  }

  #step(job: KTJob, { name, tasks }: { name: string; tasks: readonly KTTask[] }): Step {
    const options = this.#options(job);
    const [only, ...more] = tasks;
    if (job.type === 'dynamic' && job.function !== null) {
      const fn = new Code(this.#stub(job.function, 'KTJobInput[]'));
      const args = this.#args(job.name, job.args);
      return written({ method: 'dynamic', name, given: [fn, args], options });
    }
    if (only === undefined) return written({ method: 'job', name, given: this.#nothing(options), options });
    const { image } = this.#from;
    if (image === null) {
      const fn = new Code(this.#stub(only.function ?? '', 'Json'));
      if (more.length === 0)
        return written({ method: 'job', name, given: [fn, this.#args(name, only.args)], options });
      const list = this.#list(
        name,
        tasks.map(({ args }) => args),
        'JsonObject[]',
      );
      const given = [fn, new Code(`() => each(${list}, args => args)`)];
      return written({ method: 'map', name, given, options });
    }
    const ran = this.#inImage();
    if (more.length === 0) {
      const call = { ...ran, function: only.function, args: only.args, result: 'none' };
      return written({ method: 'python', name, given: [call], options });
    }
    const calls = tasks.map(({ function: called, args }) => ({ function: called, args }));
    const list = this.#list(name, calls, '{ function: string; args: JsonObject }[]');
    const call = { ...ran, function: new Code('task.function'), args: new Code('task.args'), result: 'none' };
    this.#imports.add('each');
    return indent => {
      const pad = indent + (Object.keys(options).length > 0 ? 4 : 2);
      const over = `() =>\n${' '.repeat(pad)}each(${list}, task => (${literal(call, pad)}))`;
      // Without options the callback is the last argument, which stands beside the name.
      if (pad === indent + 2) return `.pythons(${quoted(name)}, ${over},\n${' '.repeat(indent)})`;
      return stepLines({ method: 'pythons', name, given: [new Code(over)], options }, indent);
    };
  }

  #inImage(): { [key: string]: Value } {
    const { interpreter } = this.#from;
    return { image: new Code('image'), ...(interpreter === null ? {} : { interpreter }) };
  }

  #options({ memory, cpu, dependencies }: KTJob): { [key: string]: Value } {
    const after = dependencies.flatMap(name => this.#steps.get(name) ?? [name]);
    return {
      ...(memory === DEFAULT.memory ? {} : { memory }),
      ...(cpu === DEFAULT.cpu ? {} : { cpu }),
      ...(after.length === 0 ? {} : { after }),
    };
  }

  /** The callback that gives arguments; they are a constant, so that lines do not grow long. */
  #args(name: string, args: { [key: string]: Value }): Code {
    if (Object.keys(args).length === 0) return new Code('() => ({})');
    return new Code(`() => ${this.#constant(`${name} args`, args, 'JsonObject')}`);
  }

  #list(name: string, values: readonly Value[], type: string): string {
    this.#imports.add('each');
    return this.#constant(`${name} tasks`, values, type);
  }

  #constant(name: string, value: Value, type: string): string {
    const constant = this.#names.of(name);
    this.#imports.add('type JsonObject');
    const head = `const ${constant}: ${type} = `;
    this.#constants.push(`${head}${literal(value, 0, head.length)};\n`);
    return constant;
  }

  #nothing(options: object): Value[] {
    this.#imports.add('ktFunction');
    const code =
      '/** Only holds others together. */\nexport const nothing = ktFunction(async (_: object) => null);\n';
    this.#functions.set('', { name: 'nothing', code });
    return Object.keys(options).length === 0
      ? [new Code('nothing')]
      : [new Code('nothing'), new Code('() => ({})')];
  }

  /** The name of a function that stands for one of Python. */
  #stub(called: string, result: string): string {
    const key = `${result} ${called}`;
    const found = this.#functions.get(key);
    if (found !== undefined) return found.name;
    for (const name of [
      'ktFunction',
      'PermanentError',
      'type JsonObject',
      `type ${result.replace('[]', '')}`,
    ])
      this.#imports.add(name);
    const name = this.#names.of(called);
    const code = stubCode(
      name,
      `async (_: JsonObject): Promise<${result}> =>`,
      `notWritten(${quoted(called)})`,
    );
    this.#functions.set(key, { name, code });
    return name;
  }

  file(name: string, steps: readonly Step[]): ImportedCode {
    const { file, image } = this.#from;
    const stubs = [...this.#functions].flatMap(([key]) =>
      key === '' ? [] : [key.slice(key.indexOf(' ') + 1)],
    );
    const parts = [
      `/** Imported from ${file.replaceAll(/[\r\n]+|\*\//g, ' ')} by kt import kube-transform. */\n` +
        importCode(this.#imports, '@kube-transform/sdk'),
      ...(image === null
        ? []
        : [`/** Has the functions, in /app/kt_functions. */\nconst image = ${quoted(image)};\n`]),
      ...(stubs.length === 0 ? [] : [NOT_WRITTEN]),
      ...[...this.#functions.values()].map(({ code }) => code),
      ...this.#constants,
      `export default ${pipelineCode(name, steps)};\n`,
    ];
    return { text: parts.join('\n'), stubs };
  }
}

/** A function that has no more than a body that is one call: on one line, or as Prettier breaks it. */
function stubCode(name: string, head: string, body: string): string {
  const open = `export const ${name} = ktFunction(`;
  if (`${open}${head} ${body});`.length <= WIDTH) return `${open}${head} ${body});\n`;
  if (`${open}${head}`.length <= WIDTH) return `${open}${head}\n  ${body},\n);\n`;
  const inner = `  ${head} ${body},`;
  return `${open}\n${inner.length <= WIDTH ? inner : `  ${head}\n    ${body},`}\n);\n`;
}

const NOT_WRITTEN = `/** Ends an item whose function is still to be written. */
function notWritten(name: string): never {
  throw new PermanentError(\`Write in TypeScript what \${name} does in Python.\`);
}
`;

const written =
  (step: StepCode): Step =>
  indent =>
    stepLines(step, indent);

/** The tasks of a job by their functions: a step of TypeScript calls one. */
function byFunction(job: string, tasks: readonly KTTask[]): { name: string; tasks: KTTask[] }[] {
  const groups = new Map<string, KTTask[]>();
  for (const task of tasks) {
    const called = task.function ?? '';
    groups.set(called, [...(groups.get(called) ?? []), task]);
  }
  const all = [...groups];
  return all.map(([called, own]) => ({ name: all.length === 1 ? job : `${job}.${called}`, tasks: own }));
}

/** Jobs so that each comes after those that it depends on; otherwise as they stand. */
function inOrder(jobs: readonly KTJob[]): KTJob[] {
  const left = new Map(jobs.map(job => [job.name, job]));
  const order: KTJob[] = [];
  while (left.size > 0) {
    const before = left.size;
    for (const job of jobs) {
      if (!left.has(job.name) || job.dependencies.some(name => left.has(name))) continue;
      left.delete(job.name);
      order.push(job);
    }
    if (left.size === before) throw new TypeError('Bug: a document with a circle was let through');
  }
  return order;
}
