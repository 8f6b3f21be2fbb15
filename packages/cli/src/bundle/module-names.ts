/** Names modules by their path, with dots. */
import { dirname, relative, sep } from 'node:path';

/**
 * The dotted name of a module: its path below the folder of the file that was given to the command, without
 * extension.
 *
 * `kt_functions/my_module.ts` given as such is `my_module`; `lib/clean.ts` beside it is `lib.clean`; what
 * lies above loses its `..`.
 */
function moduleName(file: string, root: string): string {
  const path = relative(root, file)
    .split(sep)
    .filter(part => part !== '..');
  return path
    .join('.')
    .replace(/\.[cm]?[jt]sx?$/, '')
    .replace(/\.index$/, '');
}

/**
 * Names modules for one bundle: the files given to the command by their own names, other files by their path
 * below the closest folder that holds one of those.
 */
export function moduleNamer(entries: readonly string[]): (file: string) => string {
  const roots = entries.map(entry => dirname(entry)).sort((a, b) => b.length - a.length);
  return file => {
    const root = entries.includes(file)
      ? dirname(file)
      : (roots.find(dir => file.startsWith(dir + sep)) ?? roots[0] ?? dirname(file));
    return moduleName(file, root);
  };
}
