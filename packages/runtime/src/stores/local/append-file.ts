/*
 * Adds to the end of a file in place, so that it costs what is added and not what is there.
 *
 * 1. Who adds holds the lock of the key. What is to be added is first written beside, as an undo file: should
 *    the writer die halfway, the next holder of the lock takes the half away again.
 * 2. The file that was opened is the one that is written: a put that takes its name meanwhile comes after.
 * 3. A file that has other names (links) is left to be rewritten, so that those keep what they had.
 */
import { type FileHandle, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { nextTimeS } from './etags.js';
import { errnoOf, isAbsence } from './file-errors.js';

// Its exports as a module load all streams: a worker's start is not slowed.
const { constants } = process.getBuiltinModule('node:fs');

/** Windows has no such flag. */
const NO_FOLLOW = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;

/** Of a link, of a file that may not be written, of a program that runs. */
const REWRITTEN = ['ELOOP', 'EACCES', 'EPERM', 'ETXTBSY'];

/** An append: the object, its file, where its undo file goes, and what to add. */
export interface Append {
  key: string;
  path: string;
  undo: string;
  bytes: Uint8Array;
  /** Throws where the lock may have been taken over. */
  stillHeld: () => void;
  /** Whether what was added is on the disk when this returns. */
  durable: boolean;
}

/**
 * Adds to a file; false where that is to be done by rewriting it: it is not there, has other names, or is no
 * larger than what is added.
 */
export async function appendInPlace(append: Append): Promise<boolean> {
  const { key, path, undo, bytes, stillHeld, durable } = append;
  const file = await openPlain(path);
  if (file === undefined) return false;
  try {
    const { size, nlink } = await file.stat();
    if (nlink !== 1 || size <= bytes.length) return false;
    stillHeld();
    await writeFile(undo, withHeader({ key, size, bytes }));
    stillHeld();
    try {
      await writeAt(file, bytes, size);
    } catch (error) {
      await file.truncate(size);
      await unlink(undo);
      throw error;
    }
    const timeS = nextTimeS();
    await file.utimes(timeS, timeS);
    if (durable) await file.datasync();
    await unlink(undo);
    return true;
  } finally {
    await file.close();
  }
}

/** Takes away the half of an append whose writer died; to be called with the key's lock held. */
export async function undoAppend(path: string, undo: string): Promise<void> {
  const left = await readIfThere(undo);
  if (left === undefined) return;
  const append = parseUndo(left);
  const file = append === undefined ? undefined : await openPlain(path);
  if (append !== undefined && file !== undefined) {
    const { size, bytes } = append;
    try {
      const added = (await file.stat()).size - size;
      // Whole, it counts as added. What is no part of it was put there since.
      if (added > 0 && added < bytes.length) {
        const found = Buffer.alloc(added);
        await file.read(found, 0, added, size);
        if (found.equals(bytes.subarray(0, added))) await file.truncate(size);
      }
    } finally {
      await file.close();
    }
  }
  await unlink(undo);
}

/** The key that an undo file speaks of; undefined where it was cut off, or is gone. */
export async function undoneKey(undo: string): Promise<string | undefined> {
  const left = await readIfThere(undo);
  return left === undefined ? undefined : parseUndo(left)?.key;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file opened to be changed; undefined where there is none, or one that can only be replaced. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDWR | NO_FOLLOW);
  } catch (error) {
    if (isAbsence(error) || REWRITTEN.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

/** An undo file: its first line says what is to be undone, behind it is what was to be added. */
function withHeader({ key, size, bytes }: { key: string; size: number; bytes: Uint8Array }): Buffer {
  return Buffer.concat([Buffer.from(`${size} ${bytes.length} ${encodeURIComponent(key)}\n`), bytes]);
}

/** What an undo file says; undefined where it was cut off itself, and so nothing had been added. */
function parseUndo(left: Buffer): { key: string; size: number; bytes: Buffer } | undefined {
  const end = left.indexOf('\n');
  const [, size, length, key] =
    /^(\d+) (\d+) (\S+)$/.exec(left.subarray(0, Math.max(end, 0)).toString()) ?? [];
  const bytes = left.subarray(end + 1);
  if (key === undefined || bytes.length !== Number(length)) return undefined;
  return { key: decodeURIComponent(key), size: Number(size), bytes };
}
