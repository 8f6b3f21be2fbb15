/** Runs the bundler over the user's modules, the worker's entry and the controller's. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  build,
  type BuildOptions,
  type BuildResult,
  type Metafile,
  type OutputFile,
  type Plugin,
} from 'esbuild';
import { CATALOG } from '@kube-transform/runtime/internal';
import { bundleError } from '../project/esbuild-error.js';
import {
  DRIVER_FILES,
  type Driver,
  driverEntry,
  driverFile,
  driversBeside,
  peerOfProject,
} from './drivers.js';

/** What every file of a bundle begins with: what modules of the older kind expect to be there. */
export const BANNER =
  'import { createRequire as __ktRequire } from "node:module";import { fileURLToPath as __ktPath } from "node:url";import { dirname as __ktDir } from "node:path";' +
  'const require = __ktRequire(import.meta.url);const __filename = __ktPath(import.meta.url);const __dirname = __ktDir(__filename);';
/** What the banner declares. */
const DECLARED = /\b(?:require|__filename|__dirname)\b/;
/** LGPL, or resolved at run time where it is installed. */
const EXTERNAL = ['@zenfs/core', './functions.mjs', ...DRIVER_FILES];
/** Where the controller's files are in this package. */
const CONTROLLER = 'dist/controller';
/** The one that holds all that a controller may need, and what it exports for the other. */
const MAIN = './controller.main.mjs';
/** What the catalog imports a module of the user by, with its name. */
const MODULE_IMPORT = 'kt:module/';
const THIS_FOLDER = dirname(fileURLToPath(import.meta.url));

const common = (projectDir: string): BuildOptions & { write: false } => ({
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  write: false,
  external: EXTERNAL,
  banner: { js: BANNER },
  logLevel: 'silent',
  legalComments: 'none',
  absWorkingDir: projectDir,
  nodePaths: [ownModules()],
});

/** A driver of stores, in one file. @throws KtError `PACKAGE_MISSING`, `BUNDLE_FAILED`. */
export async function buildDriver(driver: Driver, projectDir: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...common(projectDir),
    stdin: driverEntry(driver),
    outfile: join(outdir(projectDir), driverFile(driver.kind)),
    minify: true,
    plugins: [peerOfProject(driver, projectDir)],
  }).catch(async (error: unknown) => {
    throw await bundleError(error);
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

const outdir = (projectDir: string): string => join(projectDir, '.kt', 'bundles', 'out');

/** What is built. */
export interface Entries {
  /** The user's modules by name. */
  modules: ReadonlyMap<string, string>;
  /** Modules that run in threads, by the name of their file in the bundle. */
  threads: ReadonlyMap<string, string>;
}

/** What the bundler gives back. */
export type Built = BuildResult & { outputFiles: OutputFile[]; metafile: Metafile };

/** Bundles; nothing is written. @throws KtError `BUNDLE_FAILED`. */
export async function buildBundle(
  entries: Entries,
  { projectDir, plugins }: { projectDir: string; plugins: Plugin[] },
): Promise<Built> {
  const generated = generatedEntries(entries.modules);
  try {
    return await build({
      ...common(projectDir),
      entryPoints: { worker: 'kt:worker', ...Object.fromEntries(entries.threads) },
      splitting: true,
      minify: true,
      outdir: outdir(projectDir),
      outExtension: { '.js': '.mjs' },
      sourcemap: 'linked',
      sourcesContent: false,
      metafile: true,
      charset: 'utf8',
      plugins: [
        {
          name: 'kt-entries',
          setup(b) {
            b.onResolve({ filter: /^kt:(catalog|worker)$/ }, ({ path }) => ({ path, namespace: 'kt' }));
            // Paths would be different on every machine, and so would the columns of source maps.
            b.onResolve({ filter: /^kt:module\// }, ({ path }) => ({
              path: entries.modules.get(path.slice(MODULE_IMPORT.length)) ?? '',
            }));
            b.onLoad({ filter: /.*/, namespace: 'kt' }, ({ path }) => ({
              contents: path === 'kt:catalog' ? generated.catalog : generated.worker,
              resolveDir: THIS_FOLDER,
            }));
          },
        },
        driversBeside,
        ...plugins,
      ],
    });
  } catch (error) {
    throw await bundleError(error);
  }
}

/**
 * The bytes of a file, without what only takes time to load: the banner where nothing needs it, and imports
 * of `helpers` that take nothing from them. Lines and columns stay where they are.
 */
export function withoutIdleImports(
  { path, text, contents }: OutputFile,
  helpers: ReadonlySet<string> = new Set(),
): Uint8Array {
  if (!path.endsWith('.mjs')) return contents;
  const isIdle = text.startsWith(BANNER) && !DECLARED.test(text.slice(BANNER.length));
  return Buffer.from(
    (isIdle ? text.slice(BANNER.length) : text).replace(
      /(?<=^|;)import"\.\/([\w.-]+)";/gm,
      (found, name: string) => (helpers.has(name) ? ' '.repeat(found.length) : found),
    ),
  );
}

/** Files that hold nothing but the bundler's own helpers: to load one does nothing. */
export const helpersIn = ({ outputs }: Metafile): Set<string> =>
  new Set(
    Object.entries(outputs)
      .filter(([path, { inputs }]) => path.endsWith('.mjs') && Object.keys(inputs).length === 0)
      .map(([path]) => basename(path)),
  );

/** The modules by name, as the worker has them, for who wants them without starting a worker. */
export function catalogFile({ inputs, outputs }: Metafile): string {
  const files = new Map(
    Object.entries(outputs).map(([path, { entryPoint }]) => [entryPoint, basename(path)]),
  );
  const imports = inputs['kt:kt:catalog']?.imports ?? [];
  return catalogText(
    imports.map(({ path, original = path }) => [
      original.slice(MODULE_IMPORT.length),
      `./${files.get(path) ?? ''}`,
    ]),
  );
}

/** A catalog, of names and what each is imported from. */
const catalogText = (modules: readonly (readonly [name: string, from: string])[]): string =>
  `export const modules = {\n${modules.map(([name, from]) => `  ${JSON.stringify(name)}: () => import(${JSON.stringify(from)}),`).join('\n')}\n};\n`;

/**
 * The generated entries. The catalog names modules; which function is in which is written once they have been
 * loaded.
 */
function generatedEntries(modules: ReadonlyMap<string, string>): { catalog: string; worker: string } {
  const names = [...modules.keys()].sort((a, b) => (a < b ? -1 : 1));
  return {
    catalog: catalogText(names.map(name => [name, MODULE_IMPORT + name])),
    worker:
      'import { startWorker } from "@kube-transform/runtime/worker";\nimport { modules } from "kt:catalog";\nimport { digest, functions, sums } from "./functions.mjs";\n' +
      `await startWorker({ format: ${CATALOG.latest}, digest, modules, functions, sums });\n`,
  };
}

/**
 * The controller of a run in a cluster, built together with this package: no user code, and files of its own,
 * so that workers load nothing of it, nor does the container beside a controller.
 */
export const buildController = async (packageDir: string): Promise<Built[]> => {
  const file = (name: string, contents: string): Promise<Built> =>
    build({
      ...common(packageDir),
      external: [...EXTERNAL, './controller.*.mjs'],
      stdin: { contents, resolveDir: packageDir },
      outfile: join(packageDir, CONTROLLER, name),
      minify: true,
      metafile: true,
      plugins: [driversBeside, ...(name === 'controller.beside.mjs' ? [checksInMain] : [])],
    });
  return Promise.all([
    file(
      'controller.mjs',
      'import { digest, sums } from "./functions.mjs";\n' +
        'if (process.env.KT_BESIDE !== undefined) await (await import("./controller.beside.mjs")).startBeside({ digest, sums });\n' +
        `else await (await import("${MAIN}")).startController(digest);\n`,
    ),
    file(
      'controller.main.mjs',
      'export { startController } from "@kube-transform/runtime/controller";\nexport { parseSpawn } from "@kube-transform/sdk";\n',
    ),
    file('controller.beside.mjs', 'export { startBeside } from "@kube-transform/runtime/beside";\n'),
  ]);
};

/** What checks documents, which few runs need beside their controller, is that of the controller. */
const checksInMain: Plugin = {
  name: 'checks-in-main',
  setup(b) {
    b.onResolve({ filter: /^@kube-transform\/sdk$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: MAIN, external: true } : undefined,
    );
  },
};

/** The files that it has become, by name. @throws Error where this package has not been built. */
export async function controllerFiles(): Promise<Map<string, Uint8Array>> {
  const dir = join(packageAround(THIS_FOLDER), CONTROLLER);
  const names = (await readdir(dir)).sort();
  return new Map(
    await Promise.all(names.map(async name => [name, await readFile(join(dir, name))] as const)),
  );
}

/** The folder of the package that a folder is in: its files are elsewhere once they are built. */
const packageAround = (dir: string): string =>
  existsSync(join(dir, 'package.json')) || dirname(dir) === dir ? dir : packageAround(dirname(dir));

/** The `node_modules` that holds this package's own dependencies, for projects whose layout hides them. */
function ownModules(): string {
  let at = THIS_FOLDER;
  while (!existsSync(join(at, 'node_modules', '@kube-transform')) && dirname(at) !== at) at = dirname(at);
  return join(at, 'node_modules');
}
