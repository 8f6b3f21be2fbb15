/*
 * What the operating system says of a file, as an error that names the key, the folder and what to do.
 */
import { isKtError, KtError } from '@kube-transform/sdk';
import { messageOf } from '../../parse/thrown.js';

const HINTS: Record<string, string> = {
  ENOSPC: 'Free space on that disk, or use another store.',
  EDQUOT: 'The quota is used up: delete files or have it raised.',
  EACCES: 'Let the user that runs this read and write that folder.',
  EPERM: 'Let the user that runs this read and write that folder.',
  EROFS: 'The disk is mounted read-only: mount it writable, or use another store.',
  EISDIR: 'Files exist below that name: write to another name, or remove them.',
  ENOTEMPTY: 'Files exist below that name: write to another name, or remove them.',
  ENOTDIR:
    'Part of that path is a file, and a file has no files below it: write to another name, or remove that file.',
  EEXIST:
    'Part of that path is a file, and a file has no files below it: write to another name, or remove that file.',
  ENAMETOOLONG: 'Use shorter names, or a folder nearer to the root of the disk.',
  EMFILE: 'Too many files are open: raise `ulimit -n`, or read fewer streams at once.',
  ENFILE: 'Too many files are open on this machine.',
  ERR_FS_FILE_TOO_LARGE: 'Read it in chunks, with `stream`.',
  EIO: 'The disk reports an error: check it.',
};

/** The system's error code, or undefined where the error is not the system's. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && !isKtError(error) ? code : undefined;
}

/**
 * True where the error says that there is no file of that name: nothing, a directory, or something below a
 * file.
 */
export function isAbsence(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

/**
 * A failed action ("write", "read", …) on a key as KtError `STORE_FAILED`; a KtError is returned as it is.
 */
export function storeFailed(error: unknown, action: string, object: { root: string; key: string }): KtError {
  if (isKtError(error)) return error;
  const code = errnoOf(error) ?? 'UNKNOWN';
  const said = messageOf(error);
  const message = `Cannot ${action} "${object.key}" in the folder ${object.root}: ${said}.`;
  const hint = HINTS[code] ?? 'The system says why; see its message.';
  return new KtError({ code: 'STORE_FAILED', message, path: '', hint }, { cause: error });
}
