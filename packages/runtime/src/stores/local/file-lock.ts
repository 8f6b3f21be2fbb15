/*
 * A lock between processes, for the short moment in which a conditional put compares and renames.
 *
 * 1. A lock is a file that names its holder; it appears whole (link) and exactly one process creates it.
 * 2. A lock is stale when its holder is dead (same host), or, for a holder of another host, when it is older
 *    than 30 s.
 * 3. A stale lock with id X is removed only by the one process that created the file `steal-X`, and only
 *    while the lock still is X. Ids are never used again, so a slow thief finds another id and leaves the new
 *    lock alone.
 * 4. A holder works for 15 s at most before it checks, so that its lock cannot be called stale under it on
 *    another host.
 */
import { link, open, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { fits, tryJson } from '../../parse/parse-json.js';
import { number, record, text as word } from '../../parse/shapes.js';
import { errnoOf } from './file-errors.js';
import {
  folderTimeMs,
  lifeOf,
  ownName,
  thisProcess,
  type ProcessName,
} from '../../process/process-identity.js';

/** Age from which a lock of another host is stale. */
const STALE_MS = 30_000;
const HOLD_MS = 15_000;
const WAIT_MS = 60_000;

interface Holder extends ProcessName {
  id: string;
}

const HOLDER = record<Holder>({ host: word, pid: number, start: word, id: word });

/** Whether `error` says that the file system has no hard links. */
export function lacksLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errnoOf(error) ?? '');
}

/** A clock that is never set back. */
const clockMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/**
 * Runs `work` while holding the lock file `name` of the folder `dir`; `stillHeld` throws when it has been
 * held too long to be sure.
 *
 * @throws KtError `STORE_FAILED` when a live process has held the lock for 60 s.
 */
export async function withLockFile<T>(
  dir: string,
  name: string,
  work: (stillHeld: () => void) => Promise<T>,
): Promise<T> {
  const path = join(dir, name);
  const id = await acquire(dir, path);
  const since = clockMs();
  try {
    return await work(() => {
      if (clockMs() - since > HOLD_MS)
        throw lockError(path, 'was held for over 15 s, so another host may have taken it over');
    });
  } finally {
    if ((await readHolder(path))?.id === id) await unlink(path);
  }
}

async function acquire(dir: string, path: string): Promise<string> {
  const since = clockMs();
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 32)) {
    const holder = await readHolder(path);
    if (holder === undefined) {
      const id = await create(dir, path);
      if (id !== undefined) return id;
    } else if (await isStale(dir, path, holder)) {
      await removeStale(dir, path, holder.id);
      continue;
    }
    if (clockMs() - since > WAIT_MS)
      throw lockError(path, `has been held for over 60 s by process ${holder?.pid ?? '?'}`);
    await new Promise(resolve => setTimeout(resolve, Math.random() * pauseMs));
  }
}

/** Creates a lock file that names this process; its id, or undefined where one exists. */
async function create(dir: string, path: string): Promise<string | undefined> {
  const id = crypto.randomUUID();
  const claim = join(dir, await ownName('claim', id));
  const text = JSON.stringify({ ...(await thisProcess()), id });
  await writeFile(claim, text, { flag: 'wx' });
  try {
    await link(claim, path);
    return id;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    if (!lacksLinks(error)) throw error;
    return await createWithoutLink(path, id, text);
  } finally {
    await unlink(claim).catch(() => undefined);
  }
}

async function createWithoutLink(path: string, id: string, text: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'wx');
    await file.writeFile(text);
    return id;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/**
 * Who holds a lock; undefined where it is free. A file that names nobody (its writer was cut off) is told
 * apart by its inode and time.
 */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    const holder = fits(HOLDER, tryJson(text));
    if (holder !== undefined) return holder;
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    return { id: `unnamed-${ino}-${mtimeNs}`, host: '', pid: 0, start: '' };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isStale(dir: string, path: string, holder: Holder): Promise<boolean> {
  const life = await lifeOf(holder);
  if (life !== 'unknown') return life === 'dead';
  const created = await stat(path).catch(() => undefined);
  return created !== undefined && (await folderTimeMs(dir)) - created.mtimeMs > STALE_MS;
}

/** Whether the process lives that wrote a lock, or a file that was to become one. */
export async function lifeOfHolder(path: string): Promise<'alive' | 'dead' | 'unknown'> {
  const holder = await readHolder(path);
  return holder === undefined ? 'unknown' : await lifeOf(holder);
}

/** Whether a live process, or one of another host not long ago, holds a lock. */
export async function isLockHeld(dir: string, name: string): Promise<boolean> {
  const path = join(dir, name);
  const holder = await readHolder(path);
  return holder !== undefined && !(await isStale(dir, path, holder));
}

/** Removes a lock whose holder is dead; another stays. */
export async function removeStaleLock(dir: string, name: string): Promise<void> {
  const path = join(dir, name);
  const holder = await readHolder(path);
  if (holder !== undefined && (await isStale(dir, path, holder))) await removeStale(dir, path, holder.id);
}

async function removeStale(dir: string, path: string, id: string): Promise<void> {
  const steal = join(dir, `steal-${id}`);
  if ((await create(dir, steal)) === undefined) {
    // Another process is at it; should it have died meanwhile, its own mark is removed the same way.
    const thief = await readHolder(steal);
    if (thief !== undefined && (await isStale(dir, steal, thief))) await removeStale(dir, steal, thief.id);
    return;
  }
  try {
    if ((await readHolder(path))?.id === id) await unlink(path);
  } finally {
    await unlink(steal);
  }
}

function lockError(path: string, what: string): KtError {
  const hint = `Try again; if no such process runs, delete ${path}.`;
  return new KtError({ code: 'STORE_FAILED', message: `The lock ${path} ${what}.`, path: '', hint });
}
