/*
 * Makes the user's modules into a bundle that worker processes and pods run.
 *
 * N1 A bundle is a folder named by the digest of its code; the same sources give the same digest.
 * N2 It appears whole: it is written into a folder beside it, which is renamed.
 * N3 A worker loads only the module that it runs: each module is its own dynamic import.
 */
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Metafile } from 'esbuild';
import {
  digestOf,
  INDEX,
  indexText,
  OUTSIDE,
  type OutsideContents,
  sumsOf,
} from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';
import {
  buildBundle,
  type Built,
  catalogFile,
  controllerFiles,
  helpersIn,
  withoutIdleImports,
} from './build-bundle.js';
import { installedSum } from './installed-sum.js';
import { newFolder, ownFolder } from '../project/own-folder.js';
import { projectAround } from '../project/project-dir.js';
import { moduleNamer } from './module-names.js';
import { type OutsidePackage, OutsidePackages } from './external-packages.js';
import { type FoundInModules, nothingFound, userModulesPlugin } from './user-modules-plugin.js';

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
  /** The folder of the project that it was made for. */
  projectDir: string;
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
  /** Packages that are not in it: pods find them in `node_modules` beside it. */
  outside: OutsidePackage[];
}

/** More rounds than threads can be nested. */
const ROUNDS = 8;

/**
 * Bundles modules; nothing is written where the same bundle exists.
 *
 * @throws KtError `BUNDLE_FAILED` with a problem for each of esbuild's errors, with file and line;
 * `DUPLICATE_MODULE`, `DUPLICATE_FUNCTION`, `MODULE_FAILED`.
 */
export async function makeBundle({ entries, projectDir }: BundleOptions): Promise<Bundle> {
  const outside = new OutsidePackages(projectDir);
  const [{ result, found }, controller] = await Promise.all([
    buildAll(entries, { projectDir, outside }),
    controllerFiles(),
  ]);
  const outputs = new Map<string, Uint8Array>();
  const helpers = helpersIn(result.metafile);
  for (const [name, bytes] of controller) outputs.set(name, bytes);
  for (const file of result.outputFiles) outputs.set(basename(file.path), withoutIdleImports(file, helpers));
  outputs.set('catalog.mjs', Buffer.from(catalogFile(result.metafile)));
  for (const [name, bytes] of found.assets) outputs.set(name, bytes);
  const left = [...outside.found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (left.length > 0) outputs.set(OUTSIDE, Buffer.from(JSON.stringify(asInstalled(left))));
  const digest = digestOf(outputs.keys(), name => outputs.get(name) ?? new Uint8Array());
  const dir = join(projectDir, '.kt', 'bundles', digest);
  if (!existsSync(dir)) await write(projectDir, dir, { outputs, digest });
  return {
    digest,
    dir,
    projectDir,
    worker: join(dir, 'worker.mjs'),
    catalog: join(dir, 'catalog.mjs'),
    entries: entries.map(moduleNamer(entries)),
    files: sizesOf(outputs),
    outputs: Object.fromEntries(
      Object.entries(result.metafile.outputs).map(([path, output]) => [basename(path), output]),
    ),
    outside: left,
  };
}

/** A bundle without modules: it runs documents that call no function. */
export const emptyBundle = (): Promise<Bundle> => makeBundle({ entries: [], projectDir: projectAround() });

/** Packages as they are installed here. A delivery tells their files for the platform of its pods instead. */
const asInstalled = (packages: readonly OutsidePackage[]): OutsideContents => ({
  packages: packages.map(({ name, version }) => ({ name, version })),
  platform: '',
  installed: installedSum(packages),
  files: {},
  links: {},
});

/** Bytes of its files by name, in the order of the names. */
export const sizesOf = (outputs: ReadonlyMap<string, Uint8Array>): Record<string, number> =>
  Object.fromEntries(
    [...outputs]
      .filter(([name]) => !name.endsWith('.map'))
      .map(([name, bytes]): [string, number] => [name, bytes.length])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/**
 * Builds until nothing new is found: further modules of functions, threads, packages that have to stay
 * outside. Most often that is once.
 */
async function buildAll(
  entries: readonly string[],
  { projectDir, outside }: { projectDir: string; outside: OutsidePackages },
): Promise<{ result: Built; found: FoundInModules }> {
  const nameOf = moduleNamer(entries);
  const modules = new Map<string, string>();
  const threads = new Map<string, string>();
  const add = (path: string): boolean => {
    const name = nameOf(path);
    const other = modules.get(name);
    if (other !== undefined && other !== path)
      throw duplicateModule(name, [relative(projectDir, other), relative(projectDir, path)]);
    modules.set(name, path);
    return other === undefined;
  };
  entries.forEach(add);
  for (let round = 0; ; round++) {
    const found = nothingFound();
    const result = await buildBundle(
      { modules, threads },
      { projectDir, plugins: [userModulesPlugin({ nameOf, projectDir, found }), outside.plugin()] },
    );
    const isNew = [
      ...[...found.functions].sort().map(add),
      ...[...found.threads.keys()].map(name => !threads.has(name)),
      await outside.findIn(result.metafile),
    ];
    for (const [name, path] of found.threads) threads.set(name, path);
    if (!isNew.includes(true) || round === ROUNDS) return { result, found };
  }
}

const duplicateModule = (name: string, files: readonly string[]): KtError =>
  new KtError({
    code: 'DUPLICATE_MODULE',
    path: name,
    message: `The modules ${files.join(' and ')} have the same name "${name}".`,
    hint: 'Rename one of them.',
  });

async function write(
  projectDir: string,
  dir: string,
  { outputs, digest }: { outputs: ReadonlyMap<string, Uint8Array>; digest: string },
): Promise<void> {
  await putBundle(projectDir, dir, async temp => {
    await Promise.all([...outputs].map(([name, bytes]) => writeFile(join(temp, name), bytes)));
    await writeFile(join(temp, INDEX), await functionIndex(temp, { outputs, digest }));
  });
}

/** Makes the folder of a bundle whole: what fills it has a folder beside it, which is renamed. */
export async function putBundle(
  projectDir: string,
  dir: string,
  fill: (temp: string) => Promise<void>,
): Promise<void> {
  const temp = await newFolder(await ownFolder(projectDir, 'bundles'), '.new');
  await fill(temp);
  await rename(temp, dir).catch(async (error: unknown) => {
    await rm(temp, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  });
}

/**
 * Loads every module once to learn which functions it has. @throws KtError `DUPLICATE_FUNCTION`,
 * `MODULE_FAILED`.
 */
async function functionIndex(
  dir: string,
  { outputs, digest }: { outputs: ReadonlyMap<string, Uint8Array>; digest: string },
): Promise<string> {
  const { functionModules } = await import('./load-modules.js');
  const functions = await functionModules(pathToFileURL(join(dir, 'catalog.mjs')).href);
  const sums = sumsOf(outputs.keys(), name => outputs.get(name) ?? new Uint8Array());
  return indexText({ digest, functions, sums });
}
