/** The folder `.kt` of a project: what kt makes there it makes again when it is gone. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, messageOf, ownName, removeAbandoned } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

const OWN = '.kt';

/** A folder within `.kt`, made where it is missing. @throws KtError `PROJECT_NOT_WRITABLE` */
export async function ownFolder(projectDir: string, name = ''): Promise<string> {
  const dir = join(projectDir, OWN, name);
  const ignore = join(projectDir, OWN, '.gitignore');
  try {
    await makeFolder(dir);
    if (!existsSync(ignore)) await writeFile(ignore, '*\n');
  } catch (cause) {
    throw notWritable(dir, cause);
  }
  return dir;
}

/** What folders are made for that are gone when what made them has done its work. */
export type Purpose = '.new' | '.config' | '.trace';

/**
 * A new folder within one of `.kt`, named after this process; what dead ones left there for the same purpose
 * goes. Others may read it where the umask lets them, unlike one of `mkdtemp`: they run what is in a project,
 * too. @throws KtError `PROJECT_NOT_WRITABLE`
 */
export async function newFolder(within: string, purpose: Purpose): Promise<string> {
  const dir = join(within, await ownName(purpose, randomUUID()));
  try {
    await mkdir(dir);
    await removeAbandoned(within, purpose, (await stat(dir)).mtimeMs);
    return dir;
  } catch (cause) {
    throw notWritable(within, cause);
  }
}

/** Writes a file of `.kt` whole: whoever reads it, or breaks off, finds the old or the new. */
export async function putOwnFile(projectDir: string, name: string, content: string): Promise<void> {
  const own = await ownFolder(projectDir);
  const temp = await newFolder(own, '.new');
  try {
    await writeFile(join(temp, name), content);
    await rename(join(temp, name), join(own, name));
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

function notWritable(dir: string, cause: unknown): KtError {
  return new KtError(
    {
      code: 'PROJECT_NOT_WRITABLE',
      path: dir,
      message: `This folder of the project cannot be written: ${messageOf(cause)}.`,
      hint: 'Let the user that runs kt write there, or let one who may run kt there first: what is made is kept.',
    },
    { cause },
  );
}
