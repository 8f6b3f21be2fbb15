/** `kt files ls`, `tree` and `du`: what a store holds, as it is listed, in the order of names. */
import type { FileStore, ObjectInfo } from '@kube-transform/runtime';
import { lastName } from '@kube-transform/runtime/internal';
import { bytes, coloured, type Output, plural } from '../terminal/output.js';
import { inline } from '../terminal/plain-text.js';
import { meantBy, notFound, objectsBelow } from './selection.js';

/** Where and how it is printed. */
export interface Listing {
  output: Output;
  json: boolean;
  signal: AbortSignal;
}

/** Prints files and directories, a line each. */
export async function listFiles(
  store: FileStore,
  { path, long }: { path: string; long: boolean },
  { output, json, signal }: Listing,
): Promise<void> {
  const meant = await meantBy(store, path);
  let count = 0;
  const print = (name: string, info: ObjectInfo | null): void => {
    count++;
    if (json) output.out(JSON.stringify(info === null ? { type: 'directory', path: name } : fileJson(info)));
    else output.out(long ? `${figures(info)}  ${inline(name)}` : inline(name));
  };
  if (meant.kind === 'file') return print(meant.info.key, meant.info);
  if (meant.kind === 'pattern') {
    for await (const info of meant.objects) {
      signal.throwIfAborted();
      print(info.key, info);
    }
  } else {
    const { prefix } = meant;
    for await (const entry of store.list(prefix, { delimiter: '/' })) {
      signal.throwIfAborted();
      const name = entry.type === 'object' ? entry.object.key : entry.prefix;
      print(json ? name : name.slice(prefix.length), entry.type === 'object' ? entry.object : null);
    }
  }
  if (count > 0) return;
  if (meant.kind === 'pattern') throw notFound(path);
  if (!json) output.err('Nothing is there.');
}

/** Prints what is below a path, each directory before what is in it. */
export async function printTree(
  store: FileStore,
  { path, depth }: { path: string; depth: number },
  { output, json, signal }: Listing,
): Promise<void> {
  let open: string[] = [];
  const sum = { directories: 0, files: 0 };
  for await (const { info, name } of below(store, path)) {
    signal.throwIfAborted();
    const names = name.split('/');
    const dirs = names.slice(0, -1);
    const same = open.findIndex((dir, at) => dir !== dirs[at]);
    for (let at = same < 0 ? open.length : same; at < dirs.length; at++) {
      sum.directories++;
      if (at >= depth) continue;
      const dir = info.key.slice(0, info.key.length - name.length) + dirs.slice(0, at + 1).join('/');
      if (json) output.out(JSON.stringify({ type: 'directory', path: `${dir}/` }));
      else output.out(`${'  '.repeat(at)}${inline(dirs[at] ?? '')}/`);
    }
    open = dirs;
    sum.files++;
    if (dirs.length >= depth) continue;
    if (json) output.out(JSON.stringify(fileJson(info)));
    else
      output.out(
        `${'  '.repeat(dirs.length)}${inline(lastName(name))}  ${coloured('Pending', bytes(info.size))}`,
      );
  }
  if (!json)
    output.out(
      `${plural(sum.directories, 'directory').replace(/ys$/, 'ies')}, ${plural(sum.files, 'file')}.`,
    );
}

/** Prints how much is below a path: of each directory in it, of its files, and all. */
export async function printUsage(
  store: FileStore,
  { path }: { path: string },
  { output, json, signal }: Listing,
): Promise<void> {
  const all = { files: 0, bytes: 0 };
  let dir: { name: string; files: number; bytes: number } | undefined;
  let start = '';
  const print = (name: string, figure: { files: number; bytes: number }): void => {
    if (json) output.out(JSON.stringify({ path: name, files: figure.files, bytes: figure.bytes }));
    else
      output.out(
        `${bytes(figure.bytes).padStart(9)}  ${plural(figure.files, 'file').padStart(13)}  ${inline(name)}`,
      );
  };
  // What is in a directory comes together, in the order of names.
  for await (const { info, name } of below(store, path)) {
    signal.throwIfAborted();
    start = info.key.slice(0, info.key.length - name.length);
    const slash = name.indexOf('/');
    const first = slash < 0 ? undefined : start + name.slice(0, slash + 1);
    if (dir !== undefined && dir.name !== first) print(dir.name, dir);
    if (first === undefined) dir = undefined;
    else if (dir?.name !== first) dir = { name: first, files: 0, bytes: 0 };
    for (const figure of dir === undefined ? [all] : [all, dir]) {
      figure.files++;
      figure.bytes += info.size;
    }
  }
  if (dir !== undefined) print(dir.name, dir);
  print(start === '' ? '.' : start, all);
}

/** Files that a path means, with their names below it. */
async function* below(
  store: FileStore,
  path: string,
): AsyncGenerator<{ info: ObjectInfo; name: string }, void> {
  const meant = await meantBy(store, path);
  if (meant.kind === 'file') {
    yield { info: meant.info, name: lastName(meant.info.key) };
    return;
  }
  const { prefix } = meant;
  let count = 0;
  for await (const info of meant.kind === 'pattern' ? meant.objects : objectsBelow(store, prefix)) {
    count++;
    yield { info, name: info.key.slice(prefix.length) };
  }
  if (count === 0 && meant.kind === 'pattern') throw notFound(path);
}

const fileJson = ({ key, size, modifiedMs, etag }: ObjectInfo): object => ({
  type: 'file',
  path: key,
  bytes: size,
  modifiedAtMs: modifiedMs,
  etag,
});

/** `  12.3 kB  2026-01-02T03:04:05Z`. */
const figures = (info: ObjectInfo | null): string =>
  info === null
    ? ' '.repeat(31)
    : `${bytes(info.size).padStart(9)}  ${new Date(info.modifiedMs).toISOString().replace(/\.\d+Z/, 'Z')}`;
