/** Writes a new project from the files in `templates/`. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KtError } from '@kube-transform/sdk';
import { makeFolder, VERSION } from '@kube-transform/runtime/internal';

const FOLDER = fileURLToPath(new URL('../../templates', import.meta.url));

/** What a project may begin as: a folder of `templates/`, and the command that runs its pipeline. */
export const TEMPLATES = {
  hello: 'hello',
  starter: 'hello_world --store file:data',
} as const;
export type Template = keyof typeof TEMPLATES;

/** A file of a project before it is written. */
interface Draft {
  target: string;
  text: () => Promise<string>;
}

/** What a new project is to have. */
export interface ScaffoldOptions {
  /** Default `hello`. */
  template?: Template;
  /** With a Dockerfile; a folder that is a project already gets only that. */
  docker?: boolean;
}

/**
 * Writes a new project into a folder, which may exist; tells what it wrote.
 *
 * @throws KtError `FILE_EXISTS` for each file that is there already; then nothing is written. `WRITE_FAILED`.
 */
export async function scaffold(
  dir: string,
  { template = 'hello', docker = template === 'starter' }: ScaffoldOptions = {},
): Promise<string[]> {
  const root = resolve(dir);
  const isProject = docker && template === 'hello' && existsSync(join(root, 'package.json'));
  const files = [
    ...(isProject ? [] : [...(await filesOf('common')), ...(await filesOf(template))]),
    ...(docker ? await dockerFiles() : []),
  ];
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
  const values = { NAME: packageName(basename(root)), VERSION: `^${VERSION}`, RUN: TEMPLATES[template] };
  try {
    for (const { text, target } of files) {
      const written = await text();
      await makeFolder(dirname(join(root, target)));
      const filled = Object.entries(values).reduce(
        (text, [name, value]) => text.replaceAll(`__${name}__`, () => value),
        written,
      );
      await writeFile(join(root, target), filled, { flag: 'wx' });
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
 * The files of a folder, and where they go: npm leaves out or rewrites some names when it packs, so these
 * begin with `_`.
 */
async function filesOf(name: string): Promise<Draft[]> {
  const folder = join(FOLDER, name);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sources = entries
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)));
  return sources.map(source => ({
    target: source.replace(/^_gitignore$/, '.gitignore').replace(/^_/, ''),
    text: () => readFile(join(folder, source), 'utf8'),
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
