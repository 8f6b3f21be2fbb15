/**
 * A plugin of the bundler for the user's own modules: functions get names, files beside a module come along.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Loader, PartialMessage, Plugin } from 'esbuild';
import { projectDir as projectOf } from '../project/project-dir.js';
import { waysElsewhere } from './beside-the-code.js';
import { type NameInBundle, nameItself, rewriteFiles, rewriteZod, SELF } from './rewrite-module.js';

/** What the user's modules bring along. */
export interface FoundInModules {
  /** Paths of modules that mark functions. */
  functions: Set<string>;
  /** Modules that run in threads of their own: entries of the bundle, by name. */
  threads: Map<string, string>;
  /** Contents of other files, by the names that they have in the bundle. */
  assets: Map<string, Uint8Array>;
}

/** Nothing yet. */
export const nothingFound = (): FoundInModules => ({
  functions: new Set(),
  threads: new Map(),
  assets: new Map(),
});

const LOADERS: Record<string, Loader> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
};

/** A name that is not the one whose letters are given. */
const otherThan = ([letter, ...more]: readonly string[]): string =>
  letter === undefined ? '[^\\\\/]+' : `(?:[^\\\\/${letter}][^\\\\/]*|${letter}${otherThan(more)})?`;

/**
 * Modules that lie in no `node_modules`: the bundler looks itself, and does not ask for each file of a
 * package. Its expressions know no "unless".
 */
export const NO_PACKAGE = new RegExp(
  `^(?:[A-Za-z]:)?(?:[\\\\/]${otherThan(Array.from('node_modules'))})*[\\\\/][^\\\\/]*\\.[cm]?[jt]sx?$`,
);

/** Where a workspace links them, they are no packages of `node_modules`. */
const OWN = ['@kube-transform/sdk', '@kube-transform/runtime'].map(name =>
  join(fileURLToPath(import.meta.resolve(name)), '..', sep),
);

const hashOf = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 8);
const safe = (name: string): string => name.replaceAll(/[^\w.-]+/g, '-');

/** @param options.nameOf the dotted name of a module. */
export function userModulesPlugin({
  nameOf,
  projectDir,
  found,
}: {
  nameOf: (path: string) => string;
  projectDir: string;
  found: FoundInModules;
}): Plugin {
  return {
    name: 'kt-user-modules',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${SELF}$`) }, ({ importer }) => ({ path: importer }));
      build.onLoad({ filter: NO_PACKAGE }, async ({ path }) => {
        if (OWN.some(own => path.startsWith(own))) return undefined;
        const source = await readFile(path, 'utf8');
        const marks = /\bktFunction\b/.test(source) && /@kube-transform\/sdk/.test(source);
        const { text, problems } = rewriteFiles(rewriteZod(source), bringAlong(path, { projectDir, found }));
        for (const way of waysElsewhere(source, () => fileNamedIn(source, path))) problems.push(way);
        if (marks) found.functions.add(path);
        const contents = marks ? nameItself(text, nameOf(path)) : text;
        if (contents === source && problems.length === 0) return undefined;
        const lines = source.split('\n');
        const errors = problems.map(({ line, column, message }): PartialMessage => {
          const location = {
            file: relative(projectDir, path),
            line,
            column,
            lineText: lines[line - 1] ?? '',
          };
          return { text: message, location };
        });
        return { contents, loader: LOADERS[extname(path)] ?? 'ts', errors };
      });
    },
  };
}

/** The first file beside a module that a text in it names. */
function fileNamedIn(source: string, module: string): string | undefined {
  const names = [...source.matchAll(/(['"`])(?:\.\/)?([\w./-]+\.\w+)\1/g)].map(match => match[2] ?? '');
  const file = names.find(
    name => LOADERS[extname(name)] === undefined && existsSync(join(dirname(module), name)),
  );
  return file === undefined ? undefined : `./${file}`;
}

/** Puts what a module names beside itself into the bundle. */
function bringAlong(
  module: string,
  { projectDir, found }: { projectDir: string; found: FoundInModules },
): NameInBundle {
  return target => {
    const path = resolve(dirname(module), target);
    const file = existsSync(path) ? path : asTypeScript(path);
    if (file === undefined) return { problem: `There is no file "${target}" beside this module` };
    const homes = [projectDir, projectOf(module)];
    if (!homes.some(home => isWithin(file, home))) {
      const where = `outside of the project (${projectDir})`;
      return {
        problem: `"${target}" lies ${where}, so it does not come along unasked: copy it into the project`,
      };
    }
    if (statSync(file).isDirectory())
      return { problem: `"${target}" is a folder, and only files come along into a bundle: name each file` };
    if (LOADERS[extname(file)] === undefined) {
      const bytes = readFileSync(file);
      const name = safe(`asset-${hashOf(bytes)}-${basename(file)}`);
      found.assets.set(name, bytes);
      return { name };
    }
    const within = relative(projectDir, file).split(sep).join('/');
    const name = safe(`thread-${basename(file, extname(file))}-${hashOf(within)}`);
    found.threads.set(name, file);
    return { name: `${name}.mjs` };
  };
}

/** Whether a file lies in a folder, links followed. */
function isWithin(file: string, folder: string): boolean {
  const path = relative(realpathSync(folder), realpathSync(file));
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** The source of a module that is named as its output will be: `./work.js` for `./work.ts`. */
function asTypeScript(path: string): string | undefined {
  return ['.ts', '.mts', '.tsx']
    .map(extension => path.replace(/\.[cm]?jsx?$/, extension))
    .find(other => other !== path && existsSync(other));
}
