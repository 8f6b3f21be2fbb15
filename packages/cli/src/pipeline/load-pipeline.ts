/** From what was typed to what is run: a pipeline of a module, or a document. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { didYouMean, KtError, type KTPipelineInput, parsePipeline, type Pipeline } from '@kube-transform/sdk';
import {
  type BundleCatalog,
  bundleCatalog,
  type FunctionCatalog,
  type RunRecord,
} from '@kube-transform/runtime';
import { type Bundle, makeBundle } from '../bundle/make-bundle.js';
import { catalogOf, loadModule, pipelinesOf } from '../bundle/load-modules.js';
import { pipelineNames } from '../project/pipeline-names.js';
import { projectDir } from '../project/project-dir.js';

/** Something that can be run, with its functions. */
export interface Target {
  pipeline: Pipeline | KTPipelineInput;
  /** Modules that the bundle was made of, loaded. */
  modules: Record<string, Record<string, unknown>>;
  bundle: Bundle | null;
  catalog: FunctionCatalog;
  source: RunRecord['source'];
}

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];
const FOLDERS = ['.', 'pipelines', 'src/pipelines', 'src'];
const EMPTY: BundleCatalog = { digest: '', modules: {}, functions: {} };

/** The file that a name or path means. @throws KtError `UNKNOWN_PIPELINE` with what there is. */
export async function findFile(typed: string, cwd = process.cwd()): Promise<string> {
  const direct = isAbsolute(typed) ? typed : resolve(cwd, typed);
  if (/\.(json|[cm]?[jt]sx?)$/.test(typed)) {
    if (existsSync(direct)) return direct;
    throw new KtError({
      code: 'UNKNOWN_PIPELINE',
      path: typed,
      message: `There is no file "${typed}".`,
      hint: didYouMean(typed, await pipelineNames(cwd)) ?? 'Is the path right?',
    });
  }
  for (const folder of FOLDERS) {
    for (const extension of EXTENSIONS) {
      const file = resolve(cwd, folder, typed + extension);
      if (existsSync(file)) return file;
    }
  }
  const names = await pipelineNames(cwd);
  const hint =
    didYouMean(typed, names) ??
    (names.length > 0
      ? `There are: ${names.join(', ')}.`
      : 'Give the path of a file, or make a project with `kt init`.');
  throw new KtError({
    code: 'UNKNOWN_PIPELINE',
    path: typed,
    message: `There is no pipeline "${typed}": no such file here or in pipelines/.`,
    hint,
  });
}

/** Reads a file of JSON. @throws KtError `BAD_DOCUMENT`. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, '');
    const message = `The file cannot be read as JSON: ${reason}.`;
    throw new KtError(
      {
        code: 'BAD_DOCUMENT',
        path: relative(process.cwd(), file),
        message,
        hint: 'A document is {"name": …, "jobs": […]}.',
      },
      { cause: error },
    );
  }
}

/** Reads a document. @throws KtError with every problem. */
export async function readDocument(file: string): Promise<KTPipelineInput> {
  const document = await readJson(file);
  const parsed = parsePipeline(document);
  if (!parsed.ok)
    throw new KtError(
      parsed.problems.map(problem => ({
        ...problem,
        path: `${relative(process.cwd(), file)}: ${problem.path}`.replace(/: $/, ''),
      })),
    );
  return document as KTPipelineInput;
}

/** Loads modules through a bundle. */
export async function loadBundle(
  files: readonly string[],
  project: string,
): Promise<{ bundle: Bundle; modules: Target['modules']; catalog: FunctionCatalog }> {
  const bundle = await makeBundle({ entries: files, projectDir: project });
  const catalog = await catalogOf(pathToFileURL(bundle.catalog).href);
  const { digest, functions } = (await import(pathToFileURL(join(bundle.dir, 'functions.mjs')).href)) as Omit<
    BundleCatalog,
    'modules'
  >;
  const modules: Target['modules'] = {};
  for (const name of bundle.entries) modules[name] = await loadModule(catalog, name);
  return { bundle, modules, catalog: bundleCatalog({ digest, modules: catalog, functions }) };
}

/**
 * Finds and loads what a command was given: `flights`, `path/file.ts`, `path/file.ts#name`, or `spec.json`
 * with modules of functions.
 *
 * @throws KtError where there is nothing of the kind, or it does not load.
 */
export async function loadTarget(typed: string, functionFiles: readonly string[] = []): Promise<Target> {
  const [path = '', wanted] = typed.split('#');
  const file = await findFile(path);
  const extra = await Promise.all(functionFiles.map(name => findFile(name)));
  const cwd = process.cwd();
  const document = file.endsWith('.json') ? await readDocument(file) : undefined;
  const files = document === undefined ? [file, ...extra] : extra;
  const source = (digest: string): RunRecord['source'] => ({
    pipeline:
      document === undefined ? relative(cwd, file) + (wanted === undefined ? '' : `#${wanted}`) : null,
    functions: extra.map(name => relative(cwd, name)),
    digest,
  });
  if (files.length === 0)
    return {
      pipeline: document as KTPipelineInput,
      modules: {},
      bundle: null,
      catalog: bundleCatalog(EMPTY),
      source: source(''),
    };
  const { bundle, modules, catalog } = await loadBundle(files, projectDir(files[0] ?? file));
  const pipeline =
    document ?? pick(pipelinesOf(modules[bundle.entries[0] ?? ''] ?? {}), { file: path, wanted });
  return { pipeline, modules, bundle, catalog, source: source(bundle.digest) };
}

function pick(
  pipelines: Pipeline[],
  { file, wanted }: { file: string; wanted: string | undefined },
): Pipeline {
  const names = pipelines.map(({ name }) => name);
  const found =
    wanted === undefined
      ? pipelines.length === 1
        ? pipelines[0]
        : undefined
      : pipelines.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  if (pipelines.length === 0) {
    throw new KtError({
      code: 'NO_PIPELINE',
      path: file,
      message: `"${file}" exports no pipeline.`,
      hint: "Write: export default pipeline('name').job(…)",
    });
  }
  const hint =
    wanted === undefined
      ? `Choose one: ${names.map(name => `${file}#${name}`).join(', ')}.`
      : (didYouMean(wanted, names) ?? `It exports: ${names.join(', ')}.`);
  throw new KtError({
    code: 'WHICH_PIPELINE',
    path: file,
    message:
      wanted === undefined
        ? `"${file}" exports ${names.length} pipelines.`
        : `"${file}" exports no pipeline "${wanted}".`,
    hint,
  });
}

/** Only functions, for a run whose document is stored with it. */
export async function functionsTarget(functionFiles: readonly string[]): Promise<Target> {
  const files = await Promise.all(functionFiles.map(name => findFile(name)));
  const { bundle, modules, catalog } = await loadBundle(files, projectDir(files[0] ?? process.cwd()));
  const source = {
    pipeline: null,
    functions: files.map(name => relative(process.cwd(), name)),
    digest: bundle.digest,
  };
  return { pipeline: { name: '' }, modules, bundle, catalog, source };
}
