/** Writes a new project from the files in `templates/`. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KtError } from '@kube-transform/sdk';
import { makeFolder, VERSION } from '@kube-transform/runtime/internal';

const TEMPLATES = fileURLToPath(new URL('../../templates', import.meta.url));

/** A file of a project before it is written. */
interface Draft {
  target: string;
  text: () => Promise<string>;
}

/**
 * Writes a new project into a folder, which may exist; tells what it wrote. `docker`: with a Dockerfile; a
 * folder that is a project already gets only that.
 *
 * @throws KtError `FILE_EXISTS` for each file that is there already; then nothing is written. `WRITE_FAILED`.
 */
export async function scaffold(dir: string, { docker = false } = {}): Promise<string[]> {
  const root = resolve(dir);
  const isProject = docker && existsSync(join(root, 'package.json'));
  const files = [...(isProject ? [] : await templates()), ...(docker ? await dockerFiles() : [])];
  files.sort((a, b) => (a.target < b.target ? -1 : 1));
  const taken = files.filter(({ target }) => existsSync(join(root, target)));
  if (taken.length > 0) {
    const hint = 'Choose another folder: kt init DIR.';
    throw new KtError(
      taken.map(({ target }) => ({
        code: 'FILE_EXISTS',
        path: relative('.', join(root, target)),
        message: 'The file exists already and is not overwritten.',
        hint,
      })),
    );
  }
  const values = { NAME: packageName(basename(root)), VERSION: `^${VERSION}` };
  try {
    for (const { text, target } of files) {
      const written = await text();
      await makeFolder(dirname(join(root, target)));
      await writeFile(
        join(root, target),
        written.replaceAll('__NAME__', values.NAME).replaceAll('__VERSION__', values.VERSION),
        { flag: 'wx' },
      );
    }
  } catch (error) {
    throw new KtError(
      {
        code: 'WRITE_FAILED',
        path: dir,
        message: `The project cannot be written: ${(error as Error).message}.`,
        hint: 'Choose another folder: kt init DIR.',
      },
      { cause: error },
    );
  }
  return files.map(({ target }) => target);
}

/**
 * The files, and where they go: npm leaves out or rewrites some names when it packs, so these begin with `_`.
 */
async function templates(): Promise<Draft[]> {
  const entries = await readdir(TEMPLATES, { recursive: true, withFileTypes: true });
  const sources = entries
    .filter(entry => entry.isFile())
    .map(entry => relative(TEMPLATES, join(entry.parentPath, entry.name)));
  return sources.map(source => ({
    target: source.replace(/^_gitignore$/, '.gitignore').replace(/^_/, ''),
    text: () => readFile(join(TEMPLATES, source), 'utf8'),
  }));
}

/** What the delivery "docker" builds with, to be changed. */
async function dockerFiles(): Promise<Draft[]> {
  const { dockerfile, DOCKERIGNORE } = await import('./dockerfile.js');
  return [
    { target: 'Dockerfile', text: async () => dockerfile() },
    { target: '.dockerignore', text: async () => DOCKERIGNORE },
  ];
}

/** The name of a folder as npm allows it. */
function packageName(folder: string): string {
  return (
    folder
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, '-')
      .replaceAll(/^[._-]+|[._-]+$/g, '')
      .slice(0, 100) || 'pipelines'
  );
}
