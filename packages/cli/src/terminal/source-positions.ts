/** Turns positions in a bundle into the user's files and lines, where a failure is shown. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fits, list, number, orElse, record, text, tryJson } from '@kube-transform/runtime/internal';

const FRAME = /(file:\/\/[^\s()]+?\.mjs):(\d+):(\d+)/g;
/** A file of a bundle where pods have it: below a folder with the time of the mount, or unpacked. */
const IN_POD = /^file:\/\/\/(?:kt\/bundle\/(?:\.\.[^/]+\/)?|tmp\/kt-bundle\/)([^/]+)$/;
/** A frame that is not the user's. */
const OTHERS = /^\s+at .*(node:|node_modules\/|packages\/(runtime|sdk)\/|store-\w+\.mjs:)/;

const SOURCE_MAP = record<ConstructorParameters<typeof SourceMap>[0]>({
  version: number,
  file: orElse(text, ''),
  sources: list(text),
  sourcesContent: () => [],
  names: orElse(list(text), []),
  mappings: text,
  sourceRoot: orElse(text, ''),
});

/** Source maps that were read, by the file they are for; null where there is none. */
type Maps = Map<string, SourceMap | null>;

function mapOf(file: string, maps: Maps): SourceMap | null {
  let map = maps.get(file);
  if (map === undefined) {
    try {
      const payload = fits(SOURCE_MAP, tryJson(readFileSync(`${file}.map`, 'utf8')));
      map = payload === undefined ? null : new SourceMap(payload);
    } catch {
      map = null;
    }
    maps.set(file, map);
  }
  return map;
}

/** How a stack is made readable. */
export interface ReadableOptions {
  /** Files are shown relative to this folder. */
  cwd?: string;
  /** The folder here of the bundle that pods of a cluster ran; null where it is not here. */
  bundleDir?: string | null;
}

/**
 * Makes stack traces readable: positions that have a source map are replaced, and frames of libraries and of
 * Node itself are left out. Each source map is read once.
 */
export function stackReader({ cwd = process.cwd(), bundleDir = null }: ReadableOptions = {}): (
  stack: string,
) => string {
  const maps: Maps = new Map();
  const positionOf = (whole: string, ...[url, row, column]: [url: string, row: string, column: string]) => {
    const inPod = IN_POD.exec(url)?.[1];
    if (inPod !== undefined && bundleDir === null) return `${inPod}:${row}:${column}`;
    const file = inPod === undefined ? fileURLToPath(url) : join(bundleDir ?? '', inPod);
    const entry = mapOf(file, maps)?.findEntry(Number(row) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry))
      return inPod === undefined ? whole : `${inPod}:${row}:${column}`;
    const { originalSource, originalLine, originalColumn } = entry;
    const source = relative(cwd, resolve(dirname(file), originalSource));
    return `${source}:${originalLine + 1}:${originalColumn + 1}`;
  };
  return stack =>
    stack
      .split('\n')
      .map(line => line.replaceAll(FRAME, positionOf))
      .filter((line, i) => i === 0 || !OTHERS.test(line))
      .join('\n');
}
