/*
 * A bundle that does not fit into ConfigMaps as it is – a file is too large, or lies in a folder: packed, cut
 * in pieces, and unpacked by its own worker entry when a pod starts.
 *
 * KB1 The entries keep their names, so that pods are made the same way for every bundle; the controller's is
 *     never packed.
 * KB2 Everything may be executed: a package may bring a program.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { KtError } from '@kube-transform/sdk';
import { fits, tryJson } from '../../parse/parse-json.js';
import { count, list, record, table, text } from '../../parse/shapes.js';
import { CONTROLLER_FILES, type Files, inPieces } from './config-map-files.js';

const PACK = 'bundle.gz';
/** Whether a file is a piece of a packed bundle. */
export const isPieceOfPack = (name: string): boolean => name.startsWith(PACK);
const GZIP_OS = 9;
const WORKER = 'worker.mjs';
const PLAIN = [...CONTROLLER_FILES, 'functions.mjs'];

/**
 * What stands in the place of the worker's entry: unpacks the bundle beside it into scratch space, and goes
 * on with the entry itself.
 */
const UNPACKER = `import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
const here = fileURLToPath(new URL('.', import.meta.url));
const pieces = readdirSync(here).filter(name => name.startsWith('${PACK}')).sort();
const pack = gunzipSync(Buffer.concat(pieces.map(name => readFileSync(join(here, name)))));
let from = pack.indexOf(10) + 1;
const { files, links } = JSON.parse(pack.subarray(0, from));
const dir = join(tmpdir(), 'kt-bundle');
const at = path => {
  const to = join(dir, path);
  mkdirSync(dirname(to), { recursive: true });
  return to;
};
for (const { path, size } of files) writeFileSync(at(path), pack.subarray(from, (from += size)), { mode: 0o755 });
for (const [path, target] of Object.entries(links)) symlinkSync(target, at(path));
await import(pathToFileURL(join(dir, '${WORKER}')).href);
`;

/** What lies in the place of the worker's entry of a packed bundle. */
export const WORKER_OF_PACK = { name: WORKER, text: UNPACKER } as const;

/** What is in a pack. */
export interface Pack {
  /** Contents by path. */
  files: Map<string, Uint8Array>;
  /** Symbolic links, by path. */
  links: Record<string, string>;
}

/** The first line of a pack; the contents follow, one after the other. */
interface Header {
  files: { path: string; size: number }[];
  links: Record<string, string>;
}
const HEADER = record<Header>({
  files: list(record<Header['files'][number]>({ path: text, size: count })),
  links: table(text),
});
const NEW_LINE = 10;

/** What pieces of a pack hold, in their order. @throws KtError `BUNDLE_CHANGED` where that is no pack. */
export function unpack(pieces: readonly Uint8Array[]): Pack {
  const pack = gunzipped(pieces);
  let from = pack.indexOf(NEW_LINE) + 1;
  const header = fits(HEADER, tryJson(pack.subarray(0, from).toString()));
  const files = new Map<string, Uint8Array>();
  for (const { path, size } of header?.files ?? []) files.set(path, pack.subarray(from, (from += size)));
  if (header !== undefined && from === pack.length) return { files, links: header.links };
  throw new KtError({
    code: 'BUNDLE_CHANGED',
    path: PACK,
    message: 'The code of this pod cannot be unpacked: somebody changed it.',
    hint: 'Deploy it again, and begin a new run.',
  });
}

function gunzipped(pieces: readonly Uint8Array[]): Buffer {
  try {
    return gunzipSync(Buffer.concat(pieces));
  } catch {
    return Buffer.alloc(0);
  }
}

/**
 * The files as they are, where each fits; else the entries and the pieces of all. `links` are symbolic links
 * by path.
 */
export function packed(files: Files, links: ReadonlyMap<string, string> = new Map()): Files {
  const isFlat = links.size === 0 && ![...files.keys()].some(name => name.includes('/'));
  if (isFlat && inPieces(files).size === files.size) return files;
  const inOrder = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const plain = PLAIN.flatMap((name): [string, Uint8Array][] => {
    const body = files.get(name);
    return body === undefined ? [] : [[name, body]];
  });
  const header: Header = {
    files: inOrder.map(([path, { length: size }]) => ({ path, size })),
    links: Object.fromEntries([...links].sort()),
  };
  const bodies = inOrder.map(([, body]) => body);
  const pack = reproducibleGzip(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...bodies]));
  return inPieces(new Map([...plain, [WORKER, Buffer.from(UNPACKER)], [PACK, pack]]));
}

/** The same data gives the same bytes on every machine. */
export function reproducibleGzip(data: string | Uint8Array): Buffer {
  const bytes = gzipSync(data);
  // The header names the system that compressed; 255 is "unknown".
  bytes[GZIP_OS] = 255;
  return bytes;
}
