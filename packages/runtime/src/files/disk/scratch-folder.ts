/*
 * The folder behind `/scratch`: one a view, below the system's folder for temporary files.
 *
 * 1. It goes when its process exits. One whose process was killed goes when the next is made on this host;
 *    those of live processes stay.
 * 2. Of other containers, and from before this host was started anew, nobody can tell whether the process
 *    lives: one that does touches its folder each hour, and what none has touched for a day goes.
 */
import { mkdtemp, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownName, removeAbandoned } from '../../process/process-identity.js';

// Its exports as a module load all streams: a worker's start is not slowed.
const { rmSync } = process.getBuiltinModule('node:fs');

const PREFIX = 'kt-';
const KIND = 'scratch';
const TOUCH_MS = 3_600_000;

/** Makes an empty scratch folder. */
export async function makeScratchFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), PREFIX + (await ownName(KIND, ''))));
  // Each view waits for the exit, and many are no mistake.
  process.setMaxListeners(process.getMaxListeners() + 1);
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  setInterval(() => void touch(dir), TOUCH_MS).unref();
  await removeAbandoned(tmpdir(), PREFIX + KIND, (await stat(dir)).mtimeMs);
  return dir;
}

async function touch(dir: string): Promise<void> {
  const now = new Date();
  await utimes(dir, now, now).catch(() => undefined);
}
