/*
 * A bundle that does not fit into ConfigMaps as it is – a file is too large, or lies in a folder: packed, cut
 * in pieces, and unpacked by its own worker entry when a pod starts.
 *
 * KB1 The entries keep their names, so that pods are made the same way for every bundle; the controller's is
 *     never packed.
 * KB2 Everything may be executed: a package may bring a program.
 * KB3 Pods that mount nothing have what a worker loads, packed, in their environment, and nothing of that is
 *     left there when the first of the user's code is loaded.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { KtError } from '@kube-transform/sdk';
import { fits, tryJson } from '../../parse/parse-json.js';
import { count, list, record, table, text } from '../../parse/shapes.js';
import { CONTROLLER_FILES, type Files, inPieces, NOT_OF_PODS } from './config-map-files.js';
import { EXIT_CODE } from './exit-codes.js';
import { bundleNames, type BundleRef, codeName } from './names.js';
import { type EnvVar, MOUNT } from './pod-spec.js';

const PACK = 'bundle.gz';
/** Whether a file is a piece of a packed bundle. */
export const isPieceOfPack = (name: string): boolean => name.startsWith(PACK);
const GZIP_OS = 9;
const WORKER = 'worker.mjs';
const PLAIN = [...CONTROLLER_FILES, 'functions.mjs'];

/** Where a pack is laid out in scratch space. */
const LAID_OUT = 'kt-bundle';
/** Lays out `pack` in `dir`; who debugs a pod does so again and again. */
const LAY_OUT = `let from = pack.indexOf(10) + 1;
const { files, links } = JSON.parse(pack.subarray(0, from));
const at = path => {
  const to = join(dir, path);
  mkdirSync(dirname(to), { recursive: true });
  return to;
};
rmSync(dir, { recursive: true, force: true });
for (const { path, size } of files) writeFileSync(at(path), pack.subarray(from, (from += size)), { mode: 0o755 });
for (const [path, target] of Object.entries(links)) symlinkSync(target, at(path));`;

/**
 * What stands in the place of the worker's entry: unpacks the bundle beside it into scratch space, and goes
 * on with the entry itself.
 */
const UNPACKER = `import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
const here = fileURLToPath(new URL('.', import.meta.url));
const pieces = readdirSync(here).filter(name => name.startsWith('${PACK}')).sort();
const pack = gunzipSync(Buffer.concat(pieces.map(name => readFileSync(join(here, name)))));
const dir = join(tmpdir(), '${LAID_OUT}');
${LAY_OUT}
await import(pathToFileURL(join(dir, '${WORKER}')).href);
`;

const CODE = 'KT_CODE_';
/** Of a variable, whose name counts too: Linux takes 128 KiB. */
const MOST_OF_VARIABLE = 120_000;
/** An eighth of what Linux takes for all variables and arguments of a process, and half of a ConfigMap. */
const MOST_VARIABLES = 4;

/**
 * Unpacks what is in the environment before Node looks for the file that it is to run. A module of its own,
 * and not `--eval`, which would make globals of all of Node's modules.
 */
const UNPACKER_OF_ENV = `const { mkdirSync, rmSync, symlinkSync, writeFileSync } = process.getBuiltinModule('node:fs');
const { dirname, join } = process.getBuiltinModule('node:path');
const dir = '${MOUNT.scratch}/${LAID_OUT}';
let code = '';
for (let n = 0, name; (name = '${CODE}' + n) in process.env; n++) {
  code += process.env[name];
  delete process.env[name];
}
process.execArgv = process.execArgv.filter((word, n, all) => word !== '--import' && all[n - 1] !== '--import');
try {
  if (code !== '') {
    const pack = process.getBuiltinModule('node:zlib').gunzipSync(Buffer.from(code, 'base64'));
    ${LAY_OUT}
  }
} catch (error) {
  const message =
    'The code of this pod cannot be laid out in ${MOUNT.scratch} of its image (' + error.message + '). ' +
    'Give the step a volume there: kubernetes.volumes and volumeMounts.';
  try { writeFileSync('/dev/termination-log', message); } catch {}
  writeFileSync(2, message);
  process.exit(${EXIT_CODE.unfit});
}
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
  const plain = PLAIN.flatMap((name): [string, Uint8Array][] => {
    const body = files.get(name);
    return body === undefined ? [] : [[name, body]];
  });
  return inPieces(new Map([...plain, [WORKER, Buffer.from(UNPACKER)], [PACK, packOf(files, links)]]));
}

function packOf(files: Files, links: ReadonlyMap<string, string>): Buffer {
  const inOrder = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const header: Header = {
    files: inOrder.map(([path, { length: size }]) => ({ path, size })),
    links: Object.fromEntries([...links].sort()),
  };
  const bodies = inOrder.map(([, body]) => body);
  return reproducibleGzip(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...bodies]));
}

/**
 * What pods that mount nothing have of a bundle in their environment, as the data of a ConfigMap; null where
 * it is too large for that.
 */
export function codeInEnv(
  files: Files,
  links: ReadonlyMap<string, string> = new Map(),
): Record<string, string> | null {
  const loaded = new Map([...files].filter(([name]) => !NOT_OF_PODS.has(name)));
  const text = packOf(loaded, links).toString('base64');
  const count = Math.ceil(text.length / MOST_OF_VARIABLE);
  if (count > MOST_VARIABLES) return null;
  const at = (n: number): string => text.slice(n * MOST_OF_VARIABLE, (n + 1) * MOST_OF_VARIABLE);
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${CODE}${n}`, at(n)]));
}

/** How the worker of a pod comes by its code. */
interface WorkerCode {
  isBare: boolean;
  /** ConfigMaps that are mounted. */
  bundle: readonly string[];
  args: readonly string[];
  env: readonly EnvVar[];
}

/** From its environment where its pod needs no volume, else from a folder, of its image or mounted. */
export function workerCode(
  { digest, bundleParts, codeParts = 0 }: BundleRef,
  needsNoVolume: boolean,
): WorkerCode {
  const isBare = needsNoVolume && (bundleParts === 0 || codeParts > 0);
  if (!isBare || bundleParts === 0)
    return {
      isBare,
      bundle: bundleNames(digest, bundleParts),
      args: [`${MOUNT.bundle}/${WORKER}`],
      env: [],
    };
  const args = ['--import', asUrl(UNPACKER_OF_ENV), `${MOUNT.scratch}/${LAID_OUT}/${WORKER}`];
  const env = Array.from({ length: codeParts }, (_, n) => {
    const key = `${CODE}${n}`;
    return { name: key, valueFrom: { configMapKeyRef: { name: codeName(digest), key } } };
  });
  return { isBare, bundle: [], args, env };
}

/** A module as a URL: it stands in each pod, so no more of it is escaped than has to be. */
const asUrl = (module: string): string =>
  `data:text/javascript,${module.replaceAll(/\n\s*/g, '\n').replaceAll(/[%#?\n]/g, encodeURIComponent)}`;

/** The same data gives the same bytes on every machine. */
export function reproducibleGzip(data: string | Uint8Array): Buffer {
  const bytes = gzipSync(data);
  // The header names the system that compressed; 255 is "unknown".
  bytes[GZIP_OS] = 255;
  return bytes;
}
