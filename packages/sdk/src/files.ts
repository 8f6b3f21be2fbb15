/** The file store as functions see it: kube-transform's names over any store, and a node:fs-shaped view. */

/**
 * What is known of a file or directory of the store.
 *
 * @example
 * ```ts
 * const stat: KtFileStat = { name: 'a.csv', size: 1_024, modifiedMs: 1_700_000_000_000, type: 'file' };
 * ```
 */
export interface KtFileStat {
  /** Last name of the path. */
  name: string;
  /** Bytes; 0 for a directory. */
  size: number;
  /** Time of the last change, in ms since 1970; 0 for a directory. */
  modifiedMs: number;
  /** What it is. */
  type: 'file' | 'directory';
}

/**
 * Files of the store, under kube-transform's names; paths are relative to the store and never begin with "/".
 *
 * A directory exists while files are below it. The folders in which the store keeps runs, `kt-metadata` and
 * `kt-metadata-cache`, are not there for functions. All methods reject with KtError: `NOT_FOUND` where a file
 * is missing, `BAD_PATH` for a path that leaves the store or is not to be changed, `STORE_FAILED` where the
 * store itself fails.
 *
 * @example
 * ```ts
 * async function newest(files: KtFiles): Promise<string | undefined> {
 *   const paths = await files.glob('raw/*.csv');
 *   const stats = await Promise.all(paths.map(async path => ({ path, ...(await files.stat(path)) })));
 *   return stats.sort((a, b) => b.modifiedMs - a.modifiedMs)[0]?.path;
 * }
 * ```
 */
export interface KtFiles {
  /** Names (not paths) of what is directly inside a directory, sorted; empty where there is none. */
  listdir(path: string): Promise<string[]>;
  /** Whether there is a file at a path. */
  isfile(path: string): Promise<boolean>;
  /** Whether files are below a path. */
  isdir(path: string): Promise<boolean>;
  /** Whether there is a file or a directory at a path. */
  exists(path: string): Promise<boolean>;
  /** Checks the path, and is there for kube-transform's sake: a directory exists while files are below it. */
  mkdir(path: string): Promise<void>;
  /** Removes one file. */
  remove(path: string): Promise<void>;
  /** Removes a directory and all below it, of a link only the link; does nothing where there is none. */
  rmdir(path: string): Promise<void>;
  /** Size and time of a file. */
  stat(path: string): Promise<KtFileStat>;
  /**
   * Paths of files that match a pattern, sorted: `*`, `**`, `?`, `[ab]`, `[!a]`, `{a,b}`, `{1..12}`.
   *
   * A backslash makes the next character plain. Names that begin with "." are found by patterns that do.
   */
  glob(pattern: string): Promise<string[]>;
  /**
   * Reads a file as UTF-8 text, without the byte order mark that some begin with. One whose name ends in
   * `.gz` or `.zst` is decompressed, as by all methods that speak of text.
   *
   * @throws KtError `BAD_TEXT` with the position of the first byte that is not UTF-8.
   */
  read(path: string): Promise<string>;
  /** Reads the bytes of a file, or those from `start` up to, not including, `end`. */
  readBytes(path: string, range?: { start: number; end?: number }): Promise<Uint8Array>;
  /**
   * Writes a file whole: readers see the old or the new one, never a part. Bytes may come in chunks, of which
   * few are held; what making them throws is thrown, and nothing is written. Text is compressed where the
   * name ends in `.gz` or `.zst`; bytes are written as they are.
   *
   * @throws KtError `BAD_TEXT` for text that UTF-8 cannot hold, `BAD_DATA` for neither text nor bytes.
   */
  write(path: string, data: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** Adds to the end of a file; loses nothing to others who add. Who reads meanwhile may see a part of it. */
  append(path: string, data: string | Uint8Array): Promise<void>;
  /**
   * Opens a file: `r` (default) to read, `w` to replace it and `a` to add to its end, both at `close`.
   *
   * @throws KtError `BAD_MODE` where the handle is used for anything else.
   */
  open(path: string, mode?: 'r' | 'w' | 'a'): Promise<KtFileHandle>;
  /** Joins parts of a path and resolves `.` and `..` within it. */
  join(...parts: string[]): string;
  /** Reads a file as UTF-8 text; the same as {@link KtFiles.read}. */
  readText(path: string): Promise<string>;
  /** Reads a file as JSON; `T` is not checked. @throws KtError `BAD_JSON` with line and column. */
  readJson<T = unknown>(path: string): Promise<T>;
  /** Writes a value as JSON. @throws KtError `BAD_JSON` for what JSON cannot hold. */
  writeJson(path: string, value: unknown): Promise<void>;
  /**
   * The lines of a text file, without their breaks (`\n` or `\r\n`), without holding it whole.
   *
   * @throws KtError `BAD_TEXT` with the line where it stops being UTF-8.
   */
  lines(path: string): AsyncIterable<string>;
  /** Copies a file within the store, which does it itself. */
  copy(from: string, to: string): Promise<void>;
  /** Copies a file and removes the first: who looks meanwhile may see both. */
  move(from: string, to: string): Promise<void>;
  /**
   * Brings a file to the disk of this machine, for libraries that want a path: the path, to be read and not
   * written. All items of a process share the copy, which stays until the item has ended, and longer while
   * there is room.
   *
   * @throws KtError `SCRATCH_FULL` where the disk, or what the step may have of it, is full.
   */
  download(path: string): Promise<string>;
  /** Writes a file of this machine, whose path is `from`, to the store: whole, without holding it. */
  upload(from: string, path: string): Promise<void>;
  /**
   * A URL with which anybody reads the file (`GET`, the default) or puts it (`PUT`), without credentials,
   * until it expires: after an hour by default, a week at most, and no later than the credentials that
   * signed it. Treat it as a secret. Nobody looks whether the file is there.
   *
   * @throws KtError `SIGNING_UNSUPPORTED` where stores of that kind, or these credentials, sign none;
   *   `BAD_OPTIONS`.
   */
  signedUrl(path: string, options?: { expiresInSeconds?: number; method?: 'GET' | 'PUT' }): Promise<string>;
  /** The file's bytes in chunks, or those of a range, without holding it whole. */
  stream(path: string, range?: { start: number; end?: number }): AsyncIterable<Uint8Array>;
}

/**
 * An open file of the store; a file opened to be read is also an iterable of its chunks.
 *
 * @example
 * ```ts
 * async function copy(files: KtFiles, from: string, to: string): Promise<void> {
 *   const target = await files.open(to, 'w');
 *   for await (const chunk of await files.open(from)) await target.write(chunk);
 *   await target.close();
 * }
 * ```
 */
export interface KtFileHandle extends AsyncIterable<Uint8Array> {
  /** Reads the file as UTF-8 text. */
  read(): Promise<string>;
  /** Collects what will be written; nobody sees it before {@link KtFileHandle.close}. */
  write(data: string | Uint8Array): Promise<void>;
  /** Ends the use of the file, and writes what was collected; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * The promise-shaped part of `node:fs` that every mount offers; its methods do what Node's do.
 *
 * @example
 * ```ts
 * export const unpack = ktFunction(async ({ file }: { file: string }, ctx: KtContext) => {
 *   const { promises: fs } = await ctx.fs();
 *   await fs.copyFile(`/data/${file}`, '/scratch/work.bin');
 *   return (await fs.stat('/scratch/work.bin')).size;
 * });
 * ```
 */
export interface KtFs {
  /** As `fs.promises` of Node; paths begin with `/data`, `/scratch`, `/mem` or the name of a mount. */
  readonly promises: {
    /** Bytes of a file. */
    readFile(path: string): Promise<Uint8Array>;
    /** Text of a file. */
    readFile(path: string, encoding: 'utf8' | { encoding: 'utf8' }): Promise<string>;
    /** Writes a file whole. */
    writeFile(path: string, data: string | Uint8Array): Promise<void>;
    /** Adds to the end of a file. */
    appendFile(path: string, data: string | Uint8Array): Promise<void>;
    /** Names of what is directly inside a directory. */
    readdir(path: string): Promise<string[]>;
    /** Makes a directory. */
    mkdir(path: string, options?: { recursive?: boolean }): Promise<unknown>;
    /** Removes a file, or a directory with `recursive`. */
    rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
    /** Removes a file. */
    unlink(path: string): Promise<void>;
    /** Moves a file. */
    rename(from: string, to: string): Promise<void>;
    /** Size in bytes, time of the last change in ms since 1970, and kind. */
    stat(path: string): Promise<KtFsStats>;
    /** Paths of files that match a pattern: `*`, `**`, `?`, `[ab]`, `{a,b}`; begin it with `/data` or so. */
    glob(pattern: string): AsyncIterable<string>;
    /** Copies a file. */
    copyFile(from: string, to: string): Promise<void>;
  };
}

/**
 * What {@link KtContext.fs} shows beside `/data`, `/scratch` and `/mem`.
 *
 * @example
 * ```ts
 * const options: KtFsOptions = {
 *   mounts: { '/models': 's3://models/v2', '/out': { url: 's3://site/data', write: true } },
 * };
 * ```
 */
export interface KtFsOptions {
  /**
   * Other stores by the directory that they are: a "/" and one name. A URL alone is a store that can only be
   * read.
   */
  mounts?: Record<string, string | { url: string; write?: boolean }>;
}

/**
 * What is known of a file, as `fs.Stats` of Node has it.
 *
 * @example
 * ```ts
 * const describe = (stats: KtFsStats): string => (stats.isFile() ? `${stats.size} bytes` : 'a directory');
 * ```
 */
export interface KtFsStats {
  /** Bytes. */
  size: number;
  /** Time of the last change, in ms since 1970. */
  mtimeMs: number;
  /** Whether it is a file. */
  isFile(): boolean;
  /** Whether it is a directory. */
  isDirectory(): boolean;
}
