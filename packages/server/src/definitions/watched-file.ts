/** A file whose content is kept, and read again when the file is another. */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

/**
 * Reads a file and makes something of it. A file that has changed, in whatever direction, is read again when
 * it is asked for; where that fails what was good last is kept, and it is told once.
 */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #make: (text: string) => T;
  readonly #tell: (why: string) => void;
  #kept: { value: T } | undefined;
  #seen = '';

  constructor(path: string, make: (text: string) => T, tell: (why: string) => void) {
    this.#path = path;
    this.#make = make;
    this.#tell = tell;
  }

  /** What the file says now, or said last. Rejects where it never said anything good. */
  async get(): Promise<T> {
    const look = this.#look();
    if (look.is === this.#seen && this.#kept !== undefined) return this.#kept.value;
    const isNew = look.is !== this.#seen;
    this.#seen = look.is;
    try {
      if ('error' in look) throw look.error;
      this.#kept = { value: this.#make(await readFile(this.#path, 'utf8')) };
    } catch (error) {
      if (this.#kept === undefined) throw missing(this.#path, error);
      if (isNew)
        this.#tell(`${this.#path} cannot be used, so what it said before holds on: ${messageOf(error)}`);
    }
    return this.#kept.value;
  }

  /**
   * What tells one state of the file from another: an older one with the same name is another, too. Each
   * request looks, and where processors are busy it waits longer for another thread than the look takes.
   */
  #look(): { is: string; error?: unknown } {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(this.#path, { bigint: true });
      return { is: [ino, size, mtimeNs, ctimeNs].join(':') };
    } catch (error) {
      return { is: 'gone', error };
    }
  }
}

/** What is said of a file that never was there; other errors say enough. */
function missing(path: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new KtError({
    code: 'NO_FILE',
    path,
    message: 'There is no such file.',
    hint: 'The list of definitions is named by JOB_DEFINITIONS_CONFIG_PATH; the list names those of templates.',
  });
}
