/** The folder `.kt` of a project: what kt makes there it makes again when it is gone. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, makeFolder } from '@kube-transform/runtime/internal';
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

/**
 * A new folder within one of `.kt`. Others may read it where the umask lets them, unlike one of `mkdtemp`:
 * they run what is in a project, too. @throws KtError `PROJECT_NOT_WRITABLE`
 */
export async function newFolder(within: string, prefix: string): Promise<string> {
  const dir = join(within, prefix + randomUUID().replaceAll('-', ''));
  try {
    await mkdir(dir);
    return dir;
  } catch (cause) {
    throw notWritable(within, cause);
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
