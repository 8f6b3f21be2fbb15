/** Turns positions in a bundle into the user's files and lines, where a failure is shown. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fits, list, number, orElse, record, text, tryJson } from '@kube-transform/runtime/internal';

const FRAME = /(file:\/\/[^\s()]+?\.mjs):(\d+):(\d+)/g;
/** A file of a bundle where pods have it: below a folder with the time of the mount, or unpacked. */
const IN_POD = /^file:\/\/\/(?:kt\/bundle\/(?:\.\.[^/]+\/)?|tmp\/kt-bundle\/)([^/]+)$/;
const maps = new Map<string, SourceMap | null>();

const SOURCE_MAP = record<ConstructorParameters<typeof SourceMap>[0]>({
  version: number,
  file: orElse(text, ''),
  sources: list(text),
  sourcesContent: () => [],
  names: orElse(list(text), []),
  mappings: text,
  sourceRoot: orElse(text, ''),
});

function mapOf(file: string): SourceMap | null {
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
 * A stack trace with the positions that have a source map replaced; frames of libraries and of Node itself
 * are left out.
 */
export function readableStack(
  stack: string,
  { cwd = process.cwd(), bundleDir = null }: ReadableOptions = {},
): string {
  const lines = stack.split('\n').map(line =>
    line.replaceAll(FRAME, (whole, ...[url, row, column]: [url: string, row: string, column: string]) => {
      const inPod = IN_POD.exec(url)?.[1];
      if (inPod !== undefined && bundleDir === null) return `${inPod}:${row}:${column}`;
      const file = inPod === undefined ? fileURLToPath(url) : join(bundleDir ?? '', inPod);
      const entry = mapOf(file)?.findEntry(Number(row) - 1, Number(column) - 1);
      if (entry === undefined || !('originalSource' in entry))
        return inPod === undefined ? whole : `${inPod}:${row}:${column}`;
      return `${relative(cwd, resolve(dirname(file), entry.originalSource))}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    }),
  );
  const kept = lines.filter(
    (line, i) => i === 0 || !/^\s+at .*(node:|node_modules\/|packages\/(runtime|sdk)\/)/.test(line),
  );
  return kept.join('\n');
}
