/** Finds the pipelines that were named, and loads them with their functions. */
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { didYouMean, KtError, type KTPipelineInput, type Pipeline } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import { bundleCatalog, type BundleCatalog, type FunctionCatalog } from '@kube-transform/runtime/internal';
import { type Bundle, makeBundle } from '../bundle/make-bundle.js';
import { withDrivers } from '../bundle/with-drivers.js';
import { catalogOf, loadModule, pipelinesOf } from '../bundle/load-modules.js';
import { pipelineNames } from '../project/pipeline-names.js';
import { projectDir } from '../project/project-dir.js';
import { findFile } from './find-file.js';
import { readPipelineDocument } from './pipeline-document.js';

/** Modules that were loaded through a bundle. */
interface Loaded {
  bundle: Bundle;
  /** By name. */
  modules: Record<string, Record<string, unknown>>;
  catalog: FunctionCatalog;
}

/** A pipeline that can be run, with its functions. */
export interface LoadedPipeline extends Omit<Loaded, 'bundle'> {
  pipeline: Pipeline | KTPipelineInput;
  /** Null for a document without functions. */
  bundle: Bundle | null;
  source: RunRecord['source'];
}

/** Loads modules through a bundle; `pipelines` are those that the first module exports. */
export async function loadBundle(files: readonly string[]): Promise<Loaded & { pipelines: Pipeline[] }> {
  const bundle = await makeBundle({ entries: files, projectDir: projectDir(files[0] ?? process.cwd()) });
  const imports = await catalogOf(pathToFileURL(bundle.catalog).href);
  const { digest, functions } = (await import(pathToFileURL(join(bundle.dir, 'functions.mjs')).href)) as Omit<
    BundleCatalog,
    'modules'
  >;
  const modules: Loaded['modules'] = {};
  for (const name of bundle.entries) modules[name] = await loadModule(imports, name);
  const catalog = bundleCatalog({ digest, modules: imports, functions });
  return { bundle, modules, catalog, pipelines: pipelinesOf(modules[bundle.entries[0] ?? ''] ?? {}) };
}

/**
 * Loads every pipeline that is meant: each one that a module exports where only the module is named, and
 * those of all modules in `pipelines/` where nothing is named. None where there are none.
 *
 * @throws KtError where there is nothing of the kind, or it does not load.
 */
export async function loadPipelines(names: readonly string[]): Promise<LoadedPipeline[]> {
  const isWhole = names.length === 0;
  const pipelines: LoadedPipeline[][] = [];
  for (const name of isWhole ? await pipelineNames(process.cwd()) : names)
    pipelines.push(await loadAll(name, isWhole));
  return pipelines.flat();
}

/** @param mayBeNone the module was not named: one of helpers need not export a pipeline. */
async function loadAll(name: string, mayBeNone: boolean): Promise<LoadedPipeline[]> {
  if (name.includes('#')) return [await loadPipeline(name)];
  const file = await findFile(name);
  if (file.endsWith('.json')) return [await loadPipeline(name)];
  const path = fromHere(file);
  const { pipelines, ...loaded } = await loadBundle([file]);
  if (pipelines.length === 0 && !mayBeNone) throw noPipeline(path);
  const nameOf = (pipeline: Pipeline): string => (pipelines.length === 1 ? path : `${path}#${pipeline.name}`);
  return pipelines.map(pipeline => ({
    ...loaded,
    pipeline,
    source: { pipeline: nameOf(pipeline), functions: [], digest: loaded.bundle.digest },
  }));
}

/**
 * Loads the one pipeline that is meant: `flights`, `path/file.ts`, `path/file.ts#name`, or `spec.json` with
 * modules of functions.
 *
 * @throws KtError where there is nothing of the kind, or it does not load.
 */
export async function loadPipeline(
  name: string,
  functionFiles: readonly string[] = [],
): Promise<LoadedPipeline> {
  const [path = '', wanted] = name.split('#');
  const file = await findFile(path);
  if (file.endsWith('.json')) {
    const document = await readPipelineDocument(file);
    return { ...(await loadFunctions(functionFiles)), pipeline: document };
  }
  const functions = await findAll(functionFiles);
  const { pipelines, ...loaded } = await loadBundle([file, ...functions]);
  const source = {
    pipeline: fromHere(file) + (wanted === undefined ? '' : `#${wanted}`),
    functions: functions.map(fromHere),
    digest: loaded.bundle.digest,
  };
  return { ...loaded, pipeline: pick(pipelines, { file: path, wanted }), source };
}

/** The entry of workers that can open the store of a URL; undefined where there are no functions. */
export const workerOf = async ({ bundle }: LoadedPipeline, store: string): Promise<string | undefined> =>
  bundle === null ? undefined : (await withDrivers(bundle, store)).worker;

/** Only functions, for a document, or for a run whose document is stored with it. */
export async function loadFunctions(functionFiles: readonly string[]): Promise<LoadedPipeline> {
  const files = await findAll(functionFiles);
  const { bundle, modules, catalog } = files.length === 0 ? nothingLoaded() : await loadBundle(files);
  const source = { pipeline: null, functions: files.map(fromHere), digest: bundle?.digest ?? '' };
  return { pipeline: { name: '' }, bundle, modules, catalog, source };
}

const findAll = (names: readonly string[]): Promise<string[]> =>
  Promise.all(names.map(name => findFile(name)));

const fromHere = (file: string): string => relative(process.cwd(), file);

const nothingLoaded = (): Omit<Loaded, 'bundle'> & { bundle: null } => ({
  bundle: null,
  modules: {},
  catalog: bundleCatalog({ digest: '', modules: {}, functions: {} }),
});

const noPipeline = (file: string): KtError =>
  new KtError({
    code: 'NO_PIPELINE',
    path: file,
    message: `"${file}" exports no pipeline.`,
    hint: "Write: export default pipeline('name').job(…)",
  });

/** The pipeline that is wanted; the only one where none is. */
function pick(
  pipelines: readonly Pipeline[],
  { file, wanted }: { file: string; wanted: string | undefined },
): Pipeline {
  const [first, ...more] = pipelines;
  if (first === undefined) throw noPipeline(file);
  if (wanted === undefined && more.length === 0) return first;
  const found = pipelines.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = pipelines.map(({ name }) => name);
  const [message, hint] =
    wanted === undefined
      ? [
          `"${file}" exports ${names.length} pipelines.`,
          `Choose one: ${names.map(name => `${file}#${name}`).join(', ')}.`,
        ]
      : [
          `"${file}" exports no pipeline "${wanted}".`,
          didYouMean(wanted, names) ?? `It exports: ${names.join(', ')}.`,
        ];
  throw new KtError({ code: 'WHICH_PIPELINE', path: file, message, hint });
}
