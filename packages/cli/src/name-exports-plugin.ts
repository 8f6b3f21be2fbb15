/** The part of the bundler that gives functions their names. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Loader, Plugin } from 'esbuild';

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

/**
 * Appends to each of the user's modules that marks functions a call that names its exports; collects those modules in `found`.
 *
 * The line is added at the end, so positions in source maps stay as they are.
 */
export function nameExportsPlugin(nameOf: (path: string) => string, found: Set<string>): Plugin {
  return {
    name: 'kt-name-exports',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (/[\\/]node_modules[\\/]/.test(path)) return undefined;
        const text = await readFile(path, 'utf8');
        if (!/\bktFunction\b/.test(text) || !/@kube-transform\/sdk/.test(text)) return undefined;
        const module = nameOf(path);
        found.add(path);
        const self = JSON.stringify(path);
        const name = `\n;import * as __kt_self from ${self};import { nameExports as __kt_name } from "@kube-transform/sdk";__kt_name(${JSON.stringify(module)}, __kt_self);\n`;
        return { contents: text + name, loader: LOADERS[extname(path)] ?? 'ts' };
      });
    },
  };
}
