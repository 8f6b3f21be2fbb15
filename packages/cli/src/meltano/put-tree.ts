/*
 * Puts a rendered tree in place.
 *
 * MT1 The base is written whole beside the old one and then takes its place: what fails before leaves the old
 *     one as it was.
 * MT2 Nothing that is in an overlay is changed, and nothing is written outside the folder, whatever links lie
 *     in it.
 */
import type { Dirent } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { makeFolder, messageOf } from '@kube-transform/runtime/internal';
import { isKtError, KtError } from '@kube-transform/sdk';
import { newFolder } from '../project/own-folder.js';
import { KUSTOMIZATIONS } from './overlay-files.js';

/** What is put below a folder. */
export interface Tree {
  base: ReadonlyMap<string, string>;
  /** The overlay of an environment as it begins; null: none is made. */
  overlay: { name: string; files: ReadonlyMap<string, string> } | null;
}

/**
 * Puts a tree; tells which files of the overlay it has made.
 *
 * @throws KtError `NOT_A_BASE`, `LEADS_OUTSIDE`, `WRITE_FAILED`
 */
export async function putTree(dir: string, { base, overlay }: Tree): Promise<string[]> {
  try {
    await makeFolder(dir);
    await checkBase(join(dir, 'base'));
    const missing = overlay === null ? [] : await missingFiles(dir, overlay);
    const temp = await newFolder(dir, '.new');
    try {
      await writeAll(join(temp, 'base'), base);
      if (overlay !== null) await writeAll(join(temp, 'overlay'), overlay.files);
      await swap(join(dir, 'base'), temp);
      const folder = join(dir, 'overlays', overlay?.name ?? '');
      if (missing.length > 0) await makeFolder(folder);
      for (const name of missing) await rename(join(temp, 'overlay', name), join(folder, name));
    } finally {
      await rm(temp, { recursive: true, force: true });
    }
    return missing;
  } catch (cause) {
    if (isKtError(cause)) throw cause;
    const message = `The files cannot be written: ${messageOf(cause)}.`;
    throw new KtError(
      { code: 'WRITE_FAILED', path: dir, message, hint: 'Mend that; kt render meltano begins anew.' },
      { cause },
    );
  }
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(folder);
  for (const [name, text] of files) await writeFile(join(folder, name), text, { flag: 'wx' });
}

/** The new base in place of the old one, which comes back where that fails. */
async function swap(base: string, temp: string): Promise<void> {
  const old = join(temp, 'old');
  const had = await rename(base, old)
    .then(() => true)
    .catch(unlessMissing(false));
  try {
    await rename(join(temp, 'base'), base);
  } catch (error) {
    if (had) await rename(old, base);
    throw error;
  }
}

/** Refuses to replace a folder that nobody has rendered: it may be somebody's work. */
async function checkBase(base: string): Promise<void> {
  const entries = await entriesIn(base);
  const isOurs = entries.some(({ name }) => KUSTOMIZATIONS.includes(name) || /\.ya?ml$/.test(name));
  if (isOurs || !entries.some(entry => entry.isFile() || entry.isDirectory())) return;
  throw new KtError({
    code: 'NOT_A_BASE',
    path: base,
    message: 'It holds other things than a Kustomize base, and would be replaced.',
    hint: 'Choose another folder with --destination, or empty this one.',
  });
}

/** Which files of the overlay are to be made; none where Kustomize finds what it is to do there. */
async function missingFiles(dir: string, overlay: NonNullable<Tree['overlay']>): Promise<string[]> {
  const folder = join(dir, 'overlays', overlay.name);
  await checkWithin(dir, join(dir, 'overlays'));
  await checkWithin(dir, folder);
  const there = (await entriesIn(folder)).map(({ name }) => name);
  if (there.some(name => KUSTOMIZATIONS.includes(name))) return [];
  return [...overlay.files.keys()].filter(name => !there.includes(name));
}

/** Refuses a folder that a link leads out of the tree. */
async function checkWithin(dir: string, folder: string): Promise<void> {
  const real = await realpath(folder).catch(unlessMissing(null));
  if (real === null || real.startsWith((await realpath(dir)) + sep)) return;
  throw new KtError({
    code: 'LEADS_OUTSIDE',
    path: folder,
    message: `It leads to ${real}, where nothing is written.`,
    hint: 'Make it a folder, or choose another --destination.',
  });
}

/** What is in a folder; nothing where there is none. */
const entriesIn = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch(unlessMissing([]));

/** Gives this where a file is missing. */
const unlessMissing =
  <T>(value: T) =>
  (error: unknown): T => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
