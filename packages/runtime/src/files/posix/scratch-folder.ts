/*
 * The folder behind `/scratch`: one a view, below the system's folder for temporary files.
 *
 * 1. It goes when its process exits. One whose process was killed goes when the next is made on this host;
 *    those of live processes, and of other containers, stay.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lifeOf, ownerOf, ownName } from '../../process/process-identity.js';

const PREFIX = 'kt-';
const KIND = 'scratch';

/** Makes an empty scratch folder. */
export async function makeScratchFolder(): Promise<string> {
  await sweep(tmpdir());
  const dir = await mkdtemp(join(tmpdir(), PREFIX + (await ownName(KIND, ''))));
  // Each view waits for the exit, and many are no mistake.
  process.setMaxListeners(process.getMaxListeners() + 1);
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function sweep(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${PREFIX}${KIND}-`)) continue;
    if ((await lifeOf(ownerOf(name.slice(PREFIX.length)))) === 'dead')
      await rm(join(dir, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
