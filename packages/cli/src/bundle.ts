/*
 * From the user's modules to a bundle that worker processes and pods run.
 *
 * N1 A bundle is a folder named by the digest of its code; the same sources give the same digest.
 * N2 It appears whole: it is written beside its place and renamed.
 * N3 A worker loads only the module that it runs: each module is its own dynamic import.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type BuildFailure, type BuildResult, formatMessages, type Metafile, type OutputFile } from 'esbuild';
import { makeFolder } from '@kube-transform/runtime';
import { KtError } from '@kube-transform/sdk';
import { moduleNamer } from './module-names.js';
import { nameExportsPlugin } from './name-exports-plugin.js';

/** What a bundle is made of. */
export interface BundleOptions {
  /** Absolute paths of the modules given to the command: pipelines and function modules. */
  entries: readonly string[];
  /** The folder that holds `.kt/bundles`. */
  projectDir: string;
}

/** A bundle on disk. */
export interface Bundle {
  digest: string;
  dir: string;
  /** Entry of a worker process. */
  worker: string;
  /** Exports `modules`: the user's modules by name. */
  catalog: string;
  /** Names of the modules that were given, in their order. */
  entries: string[];
  /** Files by name with their bytes, without source maps. */
  files: Record<string, number>;
  /** What esbuild tells of the files: what each was made of and what it imports. */
  outputs: Metafile['outputs'];
}

const BANNER =
  'import { createRequire as __ktRequire } from "node:module";import { fileURLToPath as __ktPath } from "node:url";import { dirname as __ktDir } from "node:path";' +
  'const require = __ktRequire(import.meta.url);const __filename = __ktPath(import.meta.url);const __dirname = __ktDir(__filename);';
/** LGPL, or resolved at run time where it is installed. */
const EXTERNAL = ['@zenfs/core', './functions.mjs'];

/**
 * Bundles modules; nothing is written where the same bundle exists.
 *
 * @throws KtError `BUNDLE_FAILED` with a problem for each of esbuild's errors, with file and line.
 */
export async function makeBundle({ entries, projectDir }: BundleOptions): Promise<Bundle> {
  const nameOf = moduleNamer(entries);
  const modules = new Map<string, string>();
  const add = (path: string): void => {
    const name = nameOf(path);
    const other = modules.get(name);
    if (other !== undefined && other !== path) {
      const files = `${relative(projectDir, other)} and ${relative(projectDir, path)}`;
      throw new KtError({
        code: 'DUPLICATE_MODULE',
        path: name,
        message: `The modules ${files} have the same name "${name}".`,
        hint: 'Rename one of them.',
      });
    }
    modules.set(name, path);
  };
  entries.forEach(add);
  const found = new Set<string>();
  await run(entryOf(modules), { nameOf, projectDir, found, minify: false });
  found.forEach(add);
  const result = await run(entryOf(modules), { nameOf, projectDir, found, minify: true });
  const controller = await controllerOf(projectDir);
  const outputs = [...(result.outputFiles ?? []), ...controller].map(file => ({ name: basename(file.path), file }));
  const code = outputs.filter(({ name }) => !name.endsWith('.map')).sort((a, b) => (a.name < b.name ? -1 : 1));
  const hash = createHash('sha256');
  for (const { name, file } of code) hash.update(`${name}\0${file.contents.length}\0`).update(file.contents);
  const digest = hash.digest('hex').slice(0, 16);
  const dir = join(projectDir, '.kt', 'bundles', digest);
  if (!existsSync(dir)) await write(dir, outputs, digest);
  return {
    digest,
    dir,
    worker: join(dir, 'worker.mjs'),
    catalog: join(dir, 'catalog.mjs'),
    entries: entries.map(nameOf),
    files: Object.fromEntries(code.map(({ name, file }) => [name, file.contents.length])),
    outputs: Object.fromEntries(Object.entries(result.metafile?.outputs ?? {}).map(([path, output]) => [basename(path), output])),
  };
}

/** The controller of a run in a cluster: no user code, and one file of its own, so that workers load nothing of it. */
async function controllerOf(projectDir: string): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    stdin: {
      contents:
        'import { startController } from "@kube-transform/runtime/controller";\nimport { digest } from "./functions.mjs";\nawait startController(digest);\n',
      resolveDir: dirname(fileURLToPath(import.meta.url)),
    },
    outfile: join(projectDir, '.kt', 'bundles', 'out', 'controller.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    minify: true,
    external: EXTERNAL,
    banner: { js: BANNER },
    logLevel: 'silent',
    legalComments: 'none',
    nodePaths: [ownModules()],
  });
  return outputFiles;
}

interface Entry {
  catalog: string;
  worker: string;
}

/** The generated entries. The catalog names modules; which function is in which is written once they have been loaded. */
function entryOf(modules: Map<string, string>): Entry {
  const lines = [...modules]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, path]) => `  ${JSON.stringify(name)}: () => import(${JSON.stringify(path)}),`);
  return {
    catalog: `export const modules = {\n${lines.join('\n')}\n};\n`,
    worker:
      'import { startWorker } from "@kube-transform/runtime/worker";\nimport { modules } from "kt:catalog";\nimport { digest, functions } from "./functions.mjs";\n' +
      'await startWorker({ digest, modules, functions });\n',
  };
}

async function run(
  entry: Entry,
  options: { nameOf: (path: string) => string; projectDir: string; found: Set<string>; minify: boolean },
): Promise<BuildResult> {
  const { nameOf, projectDir, found, minify } = options;
  try {
    return await build({
      entryPoints: { catalog: 'kt:catalog', worker: 'kt:worker' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      write: false,
      minify,
      outdir: join(projectDir, '.kt', 'bundles', 'out'),
      outExtension: { '.js': '.mjs' },
      sourcemap: minify ? 'linked' : false,
      sourcesContent: false,
      metafile: minify,
      external: EXTERNAL,
      banner: { js: BANNER },
      logLevel: 'silent',
      legalComments: 'none',
      charset: 'utf8',
      absWorkingDir: projectDir,
      nodePaths: [ownModules()],
      plugins: [
        {
          name: 'kt-entries',
          setup(b) {
            b.onResolve({ filter: /^kt:(catalog|worker)$/ }, ({ path }) => ({ path, namespace: 'kt' }));
            b.onLoad({ filter: /.*/, namespace: 'kt' }, ({ path }) => ({
              contents: path === 'kt:catalog' ? entry.catalog : entry.worker,
              resolveDir: dirname(fileURLToPath(import.meta.url)),
            }));
          },
        },
        nameExportsPlugin(nameOf, found),
      ],
    });
  } catch (error) {
    throw await bundleError(error as BuildFailure);
  }
}

/** The `node_modules` that holds this package's own dependencies, for projects whose layout hides them. */
function ownModules(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'node_modules', '@kube-transform')) && dirname(at) !== at) at = dirname(at);
  return join(at, 'node_modules');
}

async function bundleError(failure: BuildFailure): Promise<unknown> {
  if (!Array.isArray(failure.errors)) return failure;
  const texts = await formatMessages(failure.errors, { kind: 'error', color: false });
  return new KtError(
    failure.errors.map((error, i) => ({
      code: 'BUNDLE_FAILED',
      path: error.location === null ? '' : `${error.location.file}:${error.location.line}:${error.location.column + 1}`,
      message: error.location === null ? (texts[i] ?? error.text).trim() : `${error.text}.`,
      ...(error.text.startsWith('Could not resolve') ? { hint: 'Is the path right, and the package installed?' } : {}),
    })),
    { cause: failure },
  );
}

async function write(dir: string, outputs: { name: string; file: OutputFile }[], digest: string): Promise<void> {
  const bundles = dirname(dir);
  await makeFolder(bundles);
  await writeFile(join(bundles, '..', '.gitignore'), '*\n');
  const temp = await mkdtemp(join(bundles, '.new-'));
  await Promise.all(outputs.map(({ name, file }) => writeFile(join(temp, name), file.contents)));
  await writeFile(join(temp, 'functions.mjs'), await functionIndex(temp, digest));
  await rename(temp, dir).catch(async (error: unknown) => {
    await rm(temp, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  });
}

/** Loads every module once to learn which functions it has. @throws KtError `DUPLICATE_FUNCTION`, `MODULE_FAILED`. */
async function functionIndex(dir: string, digest: string): Promise<string> {
  const { functionModules } = await import('./load-modules.js');
  const functions = await functionModules(pathToFileURL(join(dir, 'catalog.mjs')).href);
  return `export const digest = ${JSON.stringify(digest)};\nexport const functions = ${JSON.stringify(functions, null, 1)};\n`;
}
