/** Measures how large a bundle is, and what makes it so. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Bundle } from './make-bundle.js';

/** Sizes in bytes. */
export interface BundleSizes {
  total: number;
  gzip: number;
  /** What a worker loads before it knows which function it runs: its entry, and what that imports. */
  worker: number;
  files: Record<string, number>;
  /** Bytes in the bundle by package; the user's files by path. The largest first. */
  inputs: Record<string, number>;
}

/** Measures a bundle. */
export async function measureBundle({
  dir,
  files,
  outputs,
}: Pick<Bundle, 'dir' | 'files' | 'outputs'>): Promise<BundleSizes> {
  const names = Object.keys(files);
  const packed = await Promise.all(
    names.map(async name => (await promisify(gzip)(await readFile(join(dir, name)))).length),
  );
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);
  return {
    total: sum(Object.values(files)),
    gzip: sum(packed),
    worker: sum([...loadedAtStart('worker.mjs', outputs)].map(name => files[name] ?? 0)),
    files,
    inputs: inputsOf(outputs),
  };
}

/** The files that an entry loads at once. */
function loadedAtStart(entry: string, outputs: Bundle['outputs']): Set<string> {
  const found = new Set([entry]);
  for (const name of found) {
    for (const { path, kind } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement' && outputs[basename(path)] !== undefined) found.add(basename(path));
  }
  return found;
}

function inputsOf(outputs: Bundle['outputs']): Record<string, number> {
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs))
      bytes.set(packageOf(path), (bytes.get(packageOf(path)) ?? 0) + bytesInOutput);
  }
  return Object.fromEntries(
    [...bytes].filter(([, size]) => size > 0).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)),
  );
}

/** The package that a source belongs to, or its path where it is the user's own. */
function packageOf(path: string): string {
  const within =
    /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ??
    /(?:^|\/)packages\/(sdk|runtime|cli)\/(?:dist|src)\//.exec(path);
  const name = within?.[1];
  if (name === undefined) return path.startsWith('kt:') ? 'generated entries' : path;
  return ['sdk', 'runtime', 'cli'].includes(name) ? `@kube-transform/${name}` : name;
}
