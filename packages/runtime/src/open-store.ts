/** Opens a file store by URL. */
import { didYouMean, KtError } from '@kube-transform/sdk';
import { httpFileStore } from './stores/http/http-file-store.js';
import { localFileStore, type LocalFileStoreOptions } from './stores/local/local-file-store.js';
import { memoryFileStore } from './stores/memory-file-store.js';
import type { FileStore } from './ports/index.js';

const KNOWN = ['file', 'mem', 's3', 'gs', 'az', 'http', 'https'];

/**
 * Opens the store of a URL.
 *
 * `file:./rel` and `file:rel` (from the working directory), `file:/abs`, `file:///abs`, a bare path, or
 * `mem:`, which is empty and this process's own. `?durability=disk` behind a `file:` URL puts all files onto
 * the disk before a put resolves, `?durability=process` none; default: what runs keep.
 *
 * `s3://bucket/prefix?endpoint=…&region=…`: a bucket of Amazon S3, or of a server that speaks its protocol.
 * Credentials are found where the AWS tools find them.
 *
 * `gs://bucket/prefix`: a bucket of Google Cloud Storage; needs the package google-auth-library.
 * `az://account/container/prefix`: a container of Azure Blob Storage.
 *
 * `https://host/path/` (or `http:`): the files of a web server, to be read by their names; no place for runs.
 *
 * @param options `isTried`: another process has opened it, and what a server can do need not be tried.
 * @throws KtError `UNKNOWN_STORE` for another scheme or option, `BAD_PATH` for a prefix that is none,
 *   `DRIVER_MISSING` in a worker whose code was made without what such a store needs.
 *
 * @example
 * ```ts
 * await using store = await openStore('mem:');
 * store.capabilities.kind; // → 'mem'
 * ```
 */
export async function openStore(url: string, options: { isTried?: boolean } = {}): Promise<FileStore> {
  const { scheme, rest, query } = split(url);
  switch (scheme) {
    case 'file':
      return localFileStore(folderOf(url, rest), optionsOf(url, query));
    case 'mem':
      return memoryFileStore();
    case 's3':
      return (await driver(scheme, import('./stores/s3/s3-file-store.js'))).s3FileStore(url, options);
    case 'gs':
      return (await driver(scheme, import('./stores/gs/gs-file-store.js'))).gsFileStore(url, options);
    case 'az':
      return (await driver(scheme, import('./stores/az/az-file-store.js'))).azFileStore(url, options);
    case 'http':
    case 'https':
      return httpFileStore(url);
    default:
      throw unknownStore(url, scheme);
  }
}

/** What opens a kind of store. A bundle has it where the run's store, or kt.config.ts, asks for it. */
async function driver<T>(kind: string, loading: Promise<T>): Promise<T> {
  return loading.catch((cause: unknown) => {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new KtError(
      {
        code: 'DRIVER_MISSING',
        message: `Stores of ${kind}: cannot be opened here: the code of this run was bundled without their driver.`,
        path: '',
        hint: `Name it in kt.config.ts beside \`contexts\`, and begin a new run: drivers: ['${kind}'].`,
      },
      { cause },
    );
  });
}

/** A single letter is a drive (`C:\data`), not a scheme. A bare path has no options. */
function split(url: string): { scheme: string; rest: string; query: string } {
  const [, scheme = 'file', rest = url, query = ''] =
    /^([a-z][a-z0-9+.-]+):([^?]*)(?:\?(.*))?$/is.exec(url) ?? [];
  return { scheme: scheme.toLowerCase(), rest, query };
}

/** The options of a folder, behind the "?" of its URL. */
function optionsOf(url: string, query: string): LocalFileStoreOptions {
  let durability: LocalFileStoreOptions['durability'];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'durability' && (value === 'disk' || value === 'process')) durability = value;
    else
      throw new KtError({
        code: 'UNKNOWN_STORE',
        message: `The store ${JSON.stringify(url)} has the unknown option ${JSON.stringify(`${name}=${value}`)}.`,
        path: '',
        hint: 'Known: durability=disk, durability=process. Write a "?" that is part of a name as %3F.',
      });
  }
  return durability === undefined ? {} : { durability };
}

function folderOf(url: string, rest: string): string {
  if (rest === '')
    throw new KtError({
      code: 'UNKNOWN_STORE',
      message: `The store ${JSON.stringify(url)} names no folder.`,
      path: '',
      hint: 'Write file:./data for a folder here.',
    });
  if (!rest.startsWith('//')) return url === rest ? rest : decode(url, rest);
  try {
    const { fileURLToPath } = process.getBuiltinModule('node:url');
    return fileURLToPath(url);
  } catch (cause) {
    const hint = 'Write file:///absolute/path, or file:./relative/path.';
    throw new KtError(
      {
        code: 'UNKNOWN_STORE',
        message: `The store ${JSON.stringify(url)} is no file URL: ${(cause as Error).message}.`,
        path: '',
        hint,
      },
      { cause },
    );
  }
}

function decode(url: string, rest: string): string {
  try {
    return decodeURIComponent(rest);
  } catch (cause) {
    const hint = 'Write a "%" that is part of a name as %25.';
    throw new KtError(
      {
        code: 'UNKNOWN_STORE',
        message: `The store ${JSON.stringify(url)} has a "%" without two hex digits.`,
        path: '',
        hint,
      },
      { cause },
    );
  }
}

function unknownStore(url: string, scheme: string): KtError {
  const shown = JSON.stringify(url);
  const guess = didYouMean(scheme, KNOWN);
  const hint = `${guess === undefined ? '' : `${guess} `}Known: ${KNOWN.map(name => `${name}:`).join(', ')}.`;
  return new KtError({
    code: 'UNKNOWN_STORE',
    message: `The store ${shown} has the unknown scheme "${scheme}:".`,
    path: '',
    hint,
  });
}
