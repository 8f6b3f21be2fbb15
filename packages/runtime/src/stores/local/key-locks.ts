/*
 * The locks of a folder store, one a key: who holds it compares and renames, or appends.
 *
 * 1. Those of this process queue here, so that they do not poll for each other's lock file.
 * 2. Whoever gets the lock first takes away the half of an append that its last holder died of.
 */
import { join } from 'node:path';
import { undoAppend } from './append-file.js';
import { withLockFile } from './file-lock.js';
import { sha256 } from '../../process/sha256.js';

/** What a holder of a lock is given. */
export interface HeldLock {
  /** Where the undo file of the key goes. */
  undo: string;
  /** Throws where the lock may have been taken over. */
  stillHeld: () => void;
}

/** The locks of one store, whose files are in the folder `dir`. */
export class KeyLocks {
  readonly #root: string;
  readonly #dir: string;
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(root: string, dir: string) {
    this.#root = root;
    this.#dir = dir;
  }

  /** Runs `work` while holding the lock of a key; the folder of temporary files exists. */
  async run<T>(key: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
    const name = sha256(key).toString('hex').slice(0, 32);
    const undo = join(this.#dir, `undo-${name}`);
    const locked = (): Promise<T> =>
      withLockFile(this.#dir, `lock-${name}`, async stillHeld => {
        await undoAppend(join(this.#root, key), undo);
        return await work({ undo, stillHeld });
      });
    const turn = (this.#queues.get(name) ?? Promise.resolve()).then(locked, locked);
    this.#queues.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(name) === turn) this.#queues.delete(name);
    }
  }
}
