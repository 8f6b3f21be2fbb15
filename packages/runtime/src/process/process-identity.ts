/*
 * Who holds a lock or writes a temporary file: a process, told apart from a later one with the same number.
 */
import { readdir, readFile, readlink, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { sha256 } from './sha256.js';

/** Age from which what may belong to a process of another host is taken for abandoned. */
const ABANDONED_MS = 86_400_000;

/**
 * A process: `host` is the same for processes that can see each other, `start` differs when a number is used
 * again.
 */
export interface ProcessName {
  host: string;
  pid: number;
  start: string;
}

/** Asked once: a process does not become another. */
let mine: Promise<ProcessName> | undefined;

/** This process. */
export function thisProcess(): Promise<ProcessName> {
  return (mine ??= nameThisProcess());
}

async function nameThisProcess(): Promise<ProcessName> {
  // Two containers of one pod share host name and kernel, but not process numbers: the PID namespace tells
  // them apart.
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  const host = sha256(`${hostname()}\n${boot}\n${namespace}`).toString('hex').slice(0, 12);
  return { host, pid: process.pid, start: (await startOf(process.pid)) ?? '0' };
}

/** A name for a file that nobody needs when this process is dead; {@link ownerOf} tells whose it is. */
export async function ownName(kind: string, id: string): Promise<string> {
  const { host, pid, start } = await thisProcess();
  return `${kind}-${host}-${pid}-${start}-${id}`;
}

/** The process that a file is named after. */
export function ownerOf(name: string): ProcessName {
  const [, host = '', pid = '', start = ''] = name.split('-');
  return { host, pid: Number(pid), start };
}

/** Whether a process still runs: exact on this host, `unknown` for one of another host or container. */
export async function lifeOf(name: ProcessName): Promise<'alive' | 'dead' | 'unknown'> {
  const { host } = await thisProcess();
  if (name.host !== host) return 'unknown';
  try {
    process.kill(name.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  const start = await startOf(name.pid);
  return start !== undefined && start !== name.start ? 'dead' : 'alive';
}

/**
 * Whether nobody needs a file or folder any more: its owner is dead; or, where nobody can tell whether it
 * lives, nothing has changed it for a day, by the clock of the file system that it is on. By default its
 * owner is whom {@link ownName} has named it after.
 */
export async function isAbandoned(
  path: string,
  folderNowMs: () => Promise<number>,
  life?: 'alive' | 'dead' | 'unknown',
): Promise<boolean> {
  const known = life ?? (await lifeOf(ownerOf(basename(path))));
  if (known !== 'unknown') return known === 'dead';
  try {
    const { mtimeMs } = await stat(path);
    return (await folderNowMs()) - mtimeMs > ABANDONED_MS;
  } catch {
    // It is gone, or in a folder in which nothing can be made, and so nothing removed.
    return false;
  }
}

/** Removes what is abandoned in a folder of all that is named `KIND-` and by {@link ownName}. */
export async function removeAbandoned(dir: string, kind: string, nowMs: number): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${kind}-`)) continue;
    const path = join(dir, name);
    const life = await lifeOf(ownerOf(name.slice(kind.lastIndexOf('-') + 1)));
    if (await isAbandoned(path, () => Promise.resolve(nowMs), life))
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The time by the clock that gives the files of a folder theirs, which may be a server's. */
export async function folderTimeMs(dir: string): Promise<number> {
  const probe = join(dir, await ownName('clock', crypto.randomUUID()));
  await writeFile(probe, '', { flag: 'wx' });
  try {
    return (await stat(probe)).mtimeMs;
  } finally {
    await unlink(probe);
  }
}

/** When a process started, in clock ticks since boot; undefined where the system does not tell (no /proc). */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, whatever its parent does; field 3 is the state, field 22 the start time.
  return fields[0] === 'Z' ? 'ended' : fields[19];
}
