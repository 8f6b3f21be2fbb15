/*
 * What `kt gc` deletes: ended runs, bundles that no kept run was made with and what images were built from,
 * temporary files left by dead processes.
 *
 * CG1 A run that somebody drives is never touched; one that was interrupted only when asked for.
 * CG2 A run's spec.json goes first: a half-deleted run is no run, and the next gc takes the rest.
 * CG3 Only what is provably kt's goes, by its name and, of a run, by its record: files of strangers stay
 *     wherever they lie, and so does a run that cannot be read.
 * - A run of a newer kt is never touched, and no bundle while there is one: it is not known which it was
 *   made with.
 */
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isKtError } from '@kube-transform/sdk';
import { type FileStore, readRecord, type RunSummary } from '@kube-transform/runtime';
import {
  folderTimeMs,
  inBatches,
  isAbandoned,
  isOfRun,
  isUnreadable,
  leaseHolder,
  runFolder,
} from '@kube-transform/runtime/internal';
import { type CollectOptions, type Deleted, HERE } from '../backend.js';
import { listRuns, runIds } from './find-runs.js';

/** What is to be deleted. */
interface GcOptions extends CollectOptions {
  /** The folder that holds `.kt/bundles`. */
  projectDir: string;
}

type Found = Omit<Deleted, 'where'>;

/** What `kt` makes in `.kt`, and makes again where it is gone. */
const MADE = [
  { kind: 'bundle', folder: 'bundles', named: /^(?:[0-9a-f]{16}|\.new-[\w-]+)$/ },
  { kind: 'files of an image', folder: 'images', named: /^[0-9a-f]{16}$/ },
  { kind: 'temporary folder', folder: '.', named: /^\.(?:config|new|trace)-[\w-]+$/ },
  { kind: 'packages of a platform', folder: 'native', named: /^linux-\w+-(?:glibc|musl)$/ },
] as const;
/** As `ownName` names them. */
const TEMPORARY = /^t-\w+-\d+-\w+-[\w-]+$/;
const HOUR_MS = 3_600_000;
const BATCH = 1000;

/** Deletes what is old; tells what, and how many bytes it had. */
export async function collectHere(store: FileStore, options: GcOptions): Promise<Deleted[]> {
  return (await collectAll(store, options)).map(entry => ({ ...entry, where: HERE }));
}

async function collectAll(store: FileStore, options: GcOptions): Promise<Found[]> {
  const runs = await listRuns(store);
  const old = runs.filter((run, i) => i >= options.keep && mayGo(run, options));
  const deleted: Found[] = [];
  const gone = new Set<string>();
  for (const { runId } of old) {
    if (await mayBeDriven(store, runId)) continue;
    gone.add(runId);
    deleted.push({ kind: 'run', name: runId, bytes: (await deleteFolder(store, runId, options)).bytes });
  }
  const known = new Set(runs.map(({ runId }) => runId));
  for (const runId of await runIds(store)) {
    if (known.has(runId)) continue;
    const rest = await deleteFolder(store, runId, { ...options, newestBeforeMs: options.nowMs - HOUR_MS });
    if (rest.deleted) deleted.push({ kind: 'rest of a run', name: runId, bytes: rest.bytes });
  }
  const kept = [...known].filter(id => !gone.has(id));
  const used = new Set(await inBatches(kept, id => bundleOf(store, id)));
  const unused: Found[][] = [];
  if (!used.has(NEWER)) for (const made of MADE) unused.push(await deleteMade(made, used, options));
  return [...deleted, ...unused.flat(), ...(await deleteTemporary(store, options))];
}

/** A lease that cannot be read may be held. */
async function mayBeDriven(store: FileStore, runId: string): Promise<boolean> {
  try {
    return (await leaseHolder(store, runId)) !== null;
  } catch (error) {
    if (isUnreadable(error)) return true;
    throw error;
  }
}

const NEWER = 'NEWER_FORMAT';

/** The bundle that a run was made with; {@link NEWER} where only a newer kt can tell. */
async function bundleOf(store: FileStore, runId: string): Promise<string | undefined> {
  try {
    return (await readRecord(store, runId))?.source?.digest;
  } catch (error) {
    return isKtError(error) && error.code === NEWER ? NEWER : undefined;
  }
}

function mayGo(
  { status, createdMs, updatedMs, unreadable }: RunSummary,
  { nowMs, olderThanMs, interrupted }: GcOptions,
): boolean {
  if (unreadable !== null || status === 'Running' || (status === 'Interrupted' && !interrupted)) return false;
  return nowMs - (updatedMs ?? createdMs) >= olderThanMs;
}

async function deleteFolder(
  store: FileStore,
  runId: string,
  { dryRun, newestBeforeMs = Infinity }: { dryRun: boolean; newestBeforeMs?: number },
): Promise<{ deleted: boolean; bytes: number }> {
  const folder = `${runFolder(runId)}/`;
  const keys: string[] = [];
  let bytes = 0;
  for await (const entry of store.list(folder)) {
    if (entry.type !== 'object' || !isOfRun(entry.object.key, runId)) continue;
    if (entry.object.modifiedMs > newestBeforeMs) return { deleted: false, bytes: 0 };
    keys.push(entry.object.key);
    bytes += entry.object.size;
  }
  if (dryRun || keys.length === 0) return { deleted: keys.length > 0, bytes };
  await store.delete([`${folder}spec.json`]);
  await store.delete([`${folder}pipeline_run_state.json`]);
  for (let at = 0; at < keys.length; at += BATCH) await store.delete(keys.slice(at, at + BATCH));
  await pruneFolders(store, folder);
  return { deleted: true, bytes };
}

/** A folder store keeps the empty directories of deleted objects. */
async function pruneFolders({ capabilities: { url } }: FileStore, prefix: string): Promise<void> {
  if (url?.startsWith('file:') !== true) return;
  const root = join(fileURLToPath(url), prefix);
  const below = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const folders = below.filter(entry => entry.isDirectory()).map(entry => join(entry.parentPath, entry.name));
  // The deepest first; one with a file of somebody stays.
  for (const folder of [root, ...folders].sort((a, b) => b.length - a.length))
    await rmdir(folder).catch(() => undefined);
}

async function deleteMade(
  { kind, folder, named }: (typeof MADE)[number],
  used: ReadonlySet<string | undefined>,
  { projectDir, nowMs, olderThanMs, dryRun }: GcOptions,
): Promise<Found[]> {
  const dir = join(projectDir, '.kt', folder);
  const deleted: Found[] = [];
  for (const name of await namesIn(dir)) {
    const path = join(dir, name);
    if (!named.test(name) || used.has(name)) continue;
    const { mtimeMs = nowMs } = (await stat(path).catch(() => undefined)) ?? {};
    const isOld = name.startsWith('.')
      ? await isAbandoned(path, () => folderTimeMs(dir))
      : nowMs - mtimeMs >= olderThanMs;
    if (!isOld) continue;
    deleted.push({ kind, name, bytes: await sizeOf(path) });
    if (!dryRun) await rm(path, { recursive: true, force: true });
  }
  return deleted;
}

/** Temporary files of a folder store name their process; what else is there are locks. */
async function deleteTemporary(
  { capabilities: { url } }: FileStore,
  { dryRun }: GcOptions,
): Promise<Found[]> {
  if (url?.startsWith('file:') !== true) return [];
  const dir = join(fileURLToPath(url), '.kt-tmp');
  const deleted: Found[] = [];
  for (const name of await namesIn(dir)) {
    const info = TEMPORARY.test(name) ? await stat(join(dir, name)).catch(() => undefined) : undefined;
    if (info === undefined || !(await isAbandoned(join(dir, name), () => folderTimeMs(dir)))) continue;
    deleted.push({ kind: 'temporary file', name, bytes: info.size });
    if (!dryRun) await rm(join(dir, name), { force: true });
  }
  return deleted;
}

const namesIn = (dir: string): Promise<string[]> =>
  readdir(dir).then(
    names => names.sort(),
    () => [],
  );

async function sizeOf(dir: string): Promise<number> {
  const sizes = await Promise.all(
    (await namesIn(dir)).map(name =>
      stat(join(dir, name)).then(
        info => info.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
