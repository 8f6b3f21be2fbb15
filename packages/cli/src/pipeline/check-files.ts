/** Checks modules and documents, each on its own, and tells everything that is wrong. */
import 'reflect-metadata';
import { type AnyFunction, definitionOf, functionName, isKtError, type Problem } from '@kube-transform/sdk';
import { reflectFunctions } from '@kube-transform/sdk/reflect';
import { relative } from 'node:path';
import { type CheckedSpec, checkPipeline, checkSpec } from './check-pipeline.js';
import type { ParamFlag } from './param-flags.js';
import { findFile } from './find-file.js';
import { loadBundle } from './load-pipeline.js';
import { readRawDocument } from './pipeline-document.js';

/** A function that documents and dynamic jobs can call. */
export interface OfferedFunction {
  name: string;
  kind: 'function' | 'static method' | 'method';
  /** Whether its input is checked by a schema. */
  checked: boolean;
}

/** A pipeline of a file. */
export interface CheckedPipeline {
  name: string;
  jobs: { name: string; type: string; dependencies: string[] }[];
  params: ParamFlag[];
}

/** A file that was looked at. */
export interface CheckedFile {
  file: string;
  pipelines: CheckedPipeline[];
  functions: OfferedFunction[];
  problems: Problem[];
}

/** Checks a module or a document. Problems are values: it rejects only where a bug of ours shows. */
export async function checkFile(typed: string, functions: readonly string[]): Promise<CheckedFile> {
  const [path = '', wanted] = typed.split('#');
  try {
    const file = await findFile(path);
    const extra = await Promise.all(functions.map(name => findFile(name)));
    const checked = file.endsWith('.json')
      ? await checkDocument(file, extra)
      : await checkModule([file, ...extra], wanted);
    return { file: relative(process.cwd(), file), ...checked };
  } catch (error) {
    if (!isKtError(error)) throw error;
    return { file: typed, pipelines: [], functions: [], problems: [...error.problems] };
  }
}

async function checkDocument(file: string, extra: readonly string[]): Promise<Omit<CheckedFile, 'file'>> {
  const document = await readRawDocument(file);
  const loaded = extra.length === 0 ? null : await loadBundle(extra);
  const checked = checkSpec(document, loaded?.catalog.names() ?? null);
  return {
    pipelines: checkedPipelines(checked),
    functions: loaded === null ? [] : await offered(loaded),
    problems: checked.problems,
  };
}

async function checkModule(
  files: readonly string[],
  wanted: string | undefined,
): Promise<Omit<CheckedFile, 'file'>> {
  const loaded = await loadBundle(files);
  const pipelines = loaded.pipelines.filter(({ name }) => wanted === undefined || name === wanted);
  const functions = await offered(loaded);
  const checked = pipelines.map(pipeline => checkPipeline(pipeline, loaded.catalog.names()));
  const problems = checked.flatMap(entry => entry.problems);
  if (pipelines.length === 0 && (wanted !== undefined || functions.length === 0)) {
    const what = wanted === undefined ? 'no pipeline and no function' : `no pipeline "${wanted}"`;
    problems.push({
      code: 'NO_PIPELINE',
      path: '',
      message: `The module exports ${what}.`,
      hint: "Write: export default pipeline('name').job(…)",
    });
  }
  return { pipelines: checked.flatMap(entry => checkedPipelines(entry)), functions, problems };
}

function checkedPipelines({ spec, params = [] }: CheckedSpec): CheckedPipeline[] {
  if (spec === null) return [];
  return [
    {
      name: spec.name,
      params,
      jobs: spec.jobs.map(({ name, type, dependencies }) => ({ name, type, dependencies })),
    },
  ];
}

type LoadedModules = Awaited<ReturnType<typeof loadBundle>>;

async function offered({ catalog, modules }: LoadedModules): Promise<OfferedFunction[]> {
  const methods = new Map<string, OfferedFunction['kind']>();
  for (const exports of Object.values(modules)) {
    for (const value of Object.values(exports))
      if (typeof value === 'function') addMethods(value as Class, methods);
  }
  return Promise.all(
    catalog.names().map(async name => {
      const definition = definitionOf(await catalog.load(name));
      return {
        name,
        kind: methods.get(name) ?? 'function',
        checked: definition?.options.input !== undefined,
      };
    }),
  );
}

type Class = AnyFunction & { prototype?: object };

function addMethods(owner: Class, into: Map<string, OfferedFunction['kind']>): void {
  for (const { member, static: isStatic } of reflectFunctions(owner)) {
    const method = (isStatic ? owner : owner.prototype) as Record<string, unknown> | undefined;
    const name = functionName(method?.[member]);
    if (name !== undefined) into.set(name, isStatic ? 'static method' : 'method');
  }
}
