/** The stores that functions of one process open beside the run's own: each URL once, for all items. */
import type { FileStore } from '../ports/index.js';
import { type UserStore, userStore } from './user-store.js';

/** Open stores by URL; all are closed together. */
export class OpenedStores implements AsyncDisposable {
  readonly #open: (url: string) => Promise<FileStore>;
  /** What was opened here, to be read and to be written. */
  readonly #own = new Map<string, Promise<{ read: UserStore; write: UserStore }>>();
  readonly #given: ReadonlyMap<string, FileStore>;

  /** @param given stores that are there already, by URL; they stay open. */
  constructor(open: (url: string) => Promise<FileStore>, given: ReadonlyMap<string, FileStore> = new Map()) {
    this.#open = open;
    this.#given = given;
  }

  /** The store of a URL; without `write` it refuses changes. @throws KtError what opening it throws. */
  async open(url: string, { write }: { write: boolean }): Promise<UserStore> {
    const known = this.#own.get(url);
    const opening = known ?? this.#opened(url);
    if (known === undefined) this.#own.set(url, opening);
    const store = await opening;
    return write ? store.write : store.read;
  }

  async #opened(url: string): Promise<{ read: UserStore; write: UserStore }> {
    const store = this.#given.get(url) ?? (await this.#open(url));
    return { read: userStore(store, { write: false }), write: userStore(store) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = [...this.#own].filter(([url]) => !this.#given.has(url));
    this.#own.clear();
    // What could not be opened has been told to whoever asked for it.
    const closing = opened.map(([, store]) => store.then(({ write }) => write[Symbol.asyncDispose]()));
    await Promise.allSettled(closing);
  }
}
