/** What a function is given beside its input. */
export interface KtContext {
  readonly runId: string;
  readonly pipeline: string;
  /** Name of the job that this call belongs to. */
  readonly job: string;
  /** Index of this call within its job, from 0. */
  readonly index: number;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** Aborted on timeout, cancellation and eviction; pass it to whatever can be stopped. */
  readonly signal: AbortSignal;
  /** The pipeline's file store. */
  readonly files: KtFiles;
  /** Log lines, kept with the run: `kt logs RUN STEP/INDEX`. */
  readonly log: KtLog;
  /**
   * A `node:fs`-shaped view: `/data` is the file store, `/scratch` a folder of this machine, `/mem` memory.
   *
   * Whole files are held in memory, so use {@link KtFiles.stream} for large ones. Needs the package
   * `@zenfs/core`.
   *
   * @throws KtError `ZENFS_MISSING` where the package is not installed.
   */
  fs(): Promise<KtFs>;
}

/** Structured logging; `data` must be JSON. */
export interface KtLog {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

/** What is known of a file: size in bytes, time of the last change in ms since 1970. */
export interface KtFileStat {
  name: string;
  size: number;
  modifiedMs: number;
  type: 'file' | 'directory';
}

/**
 * Files of the store, under kube-transform's names; paths are relative to the store and never begin with "/".
 *
 * All reject with KtError: `NOT_FOUND` where a file is missing, `BAD_PATH` for a path that leaves the store,
 * `STORE_FAILED` otherwise.
 */
export interface KtFiles {
  /** Names (not paths) of what is directly inside a directory, sorted; empty where there is none. */
  listdir(path: string): Promise<string[]>;
  isfile(path: string): Promise<boolean>;
  isdir(path: string): Promise<boolean>;
  exists(path: string): Promise<boolean>;
  /** Does nothing on object stores, where a directory exists as long as files are below it. */
  mkdir(path: string): Promise<void>;
  /** Removes one file. */
  remove(path: string): Promise<void>;
  /** Removes a directory and all below it. */
  rmdir(path: string): Promise<void>;
  stat(path: string): Promise<KtFileStat>;
  /** Paths that match a pattern, sorted: `*`, `**`, `?`, `[ab]`, `{a,b}`. */
  glob(pattern: string): Promise<string[]>;
  /** Reads a file as UTF-8 text, or the bytes from `start` up to, not including, `end`. */
  read(path: string): Promise<string>;
  readBytes(path: string, range?: { start: number; end?: number }): Promise<Uint8Array>;
  /** Writes a file whole: readers see the old or the new one, never a part. */
  write(path: string, data: string | Uint8Array): Promise<void>;
  /** Adds to the end of a file, atomically also against other writers. */
  append(path: string, data: string | Uint8Array): Promise<void>;
  /**
   * Opens a file; `r` (default) streams it, `w` collects what is written and replaces the file at `close`.
   */
  open(path: string, mode?: 'r' | 'w' | 'a'): Promise<KtFileHandle>;
  join(...parts: string[]): string;
  readText(path: string): Promise<string>;
  readJson<T = unknown>(path: string): Promise<T>;
  writeJson(path: string, value: unknown): Promise<void>;
  /** The file's bytes in chunks, without holding it whole. */
  stream(path: string, range?: { start: number; end?: number }): AsyncIterable<Uint8Array>;
}

/** An open file of the store. */
export interface KtFileHandle extends AsyncIterable<Uint8Array> {
  read(): Promise<string>;
  write(data: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The promise-shaped part of `node:fs` that every mount offers. */
export interface KtFs {
  readonly promises: {
    readFile(path: string): Promise<Uint8Array>;
    readFile(path: string, encoding: 'utf8' | { encoding: 'utf8' }): Promise<string>;
    writeFile(path: string, data: string | Uint8Array): Promise<void>;
    appendFile(path: string, data: string | Uint8Array): Promise<void>;
    readdir(path: string): Promise<string[]>;
    mkdir(path: string, options?: { recursive?: boolean }): Promise<unknown>;
    rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
    unlink(path: string): Promise<void>;
    rename(from: string, to: string): Promise<void>;
    stat(path: string): Promise<{ size: number; mtimeMs: number; isFile(): boolean; isDirectory(): boolean }>;
    copyFile(from: string, to: string): Promise<void>;
  };
}
