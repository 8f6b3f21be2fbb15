/*
 * Tries a store as runs use it: verb by verb, and whether conditions of puts hold.
 *
 * 1. Conditions are tried with writers that meet, as only those ask the server: of ten, one may win.
 * 2. All is done below one folder of what runs keep, and deleted in the end, also when it is broken off.
 *    Where nothing can be deleted two objects stay, and are told.
 */
import { isKtError } from '@kube-transform/sdk';
import { messageOf } from '../parse/thrown.js';
import type { Clock, FileStore, PutOptions } from '../ports/index.js';
import { RUNS_FOLDER } from '../ports/run-folders.js';
import type { StoreTrial, StoreVerb } from '../ports/store-trial.js';

const WRITERS = 10;
const PUTS = 100;
const AT_ONCE = 10;
const OTHER_STORE = 'Use a newer version of that server, or another store for runs.';

/** What the trial needs. */
export interface Trying {
  clock: Clock;
  /** Breaks it off; what it made is deleted. */
  signal: AbortSignal;
}

/** Opens a store and tries it. Rejects with the signal's reason only. */
export async function tryStore(open: () => Promise<FileStore>, trying: Trying): Promise<StoreTrial> {
  const trial: StoreTrial = { failures: [], aheadMs: null, puts: null, left: [] };
  let store: FileStore;
  try {
    store = await open();
  } catch (error) {
    trial.failures.push(failureOf('open', error));
    return trial;
  }
  try {
    await new Trial(store, trial, trying).run();
    return trial;
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

class Trial {
  readonly #store: FileStore;
  readonly #trial: StoreTrial;
  readonly #trying: Trying;
  readonly #folder: string;
  readonly #made = new Set<string>();

  constructor(store: FileStore, trial: StoreTrial, trying: Trying) {
    this.#store = store;
    this.#trial = trial;
    this.#trying = trying;
    this.#folder = `${RUNS_FOLDER}/.doctor-${trying.clock.randomId(8)}/`;
  }

  async run(): Promise<void> {
    try {
      if (!(await this.#isKnown())) return;
      await this.#verbs();
      await this.#try('delete', () => this.#delete());
      if (!this.#failed('delete') && !this.#failed('put')) await this.#try('put', () => this.#speed());
    } finally {
      await this.#leave();
    }
  }

  /** False for whoever cannot reach the store, or may do nothing there: the rest need not be asked. */
  async #isKnown(): Promise<boolean> {
    await this.#try('list', async () => {
      await this.#store.list(this.#folder)[Symbol.asyncIterator]().next();
    });
    await this.#try('put if absent', () => this.#race(this.#key('one'), { ifAbsent: true }));
    const [first, second] = this.#trial.failures;
    return first === undefined || first.why !== second?.why;
  }

  async #verbs(): Promise<void> {
    const store = this.#store;
    const [one, two] = [this.#key('one'), this.#key('two')];
    const words = this.#trying.clock.randomId(20);
    await this.#try('put', async () => {
      const fromMs = this.#trying.clock.nowMs();
      await store.put(one, bytes(words));
      this.#made.add(one);
      const toMs = this.#trying.clock.nowMs();
      const info = await store.head(one).catch(() => null);
      if (info !== null) this.#trial.aheadMs = outside(info.modifiedMs, fromMs, toMs);
    });
    if (this.#failed('put')) return;
    await this.#try('get', () => this.#expect(one, words));
    await this.#try('replace if match', async () => {
      const etag = (await store.head(one))?.etag ?? '';
      await this.#race(one, { ifMatch: etag });
    });
    await this.#try('copy', async () => {
      await store.copy(one, two);
      this.#made.add(two);
    });
  }

  /** Has writers meet at an object, of whom one may win. */
  async #race(key: string, condition: PutOptions): Promise<void> {
    const all = Array.from({ length: WRITERS }, (_, n) => `writer ${n} ${this.#trying.clock.randomId(8)}`);
    const ends = await Promise.allSettled(all.map(words => this.#store.put(key, bytes(words), condition)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    const won = ends.filter(end => end.status === 'fulfilled' && end.value !== null).length;
    if (won > 0) this.#made.add(key);
    if (won !== 1)
      throw new Odd(`of ${WRITERS} writers that met, ${won} were told that they had won, and one must be`);
  }

  async #expect(key: string, words: string): Promise<void> {
    if (new TextDecoder().decode(await this.#store.get(key)) !== words)
      throw new Odd('what was written is not what is read');
  }

  /** Deletes what was made, an object alone and some together, as servers have two ways for that. */
  async #delete(): Promise<void> {
    const [one, two] = [this.#key('one'), this.#key('two')];
    await this.#store.delete([one]);
    await this.#store.delete([two, one]);
    if (!this.#failed('get') && (await this.#store.head(one)) !== null)
      throw new Odd('what was deleted is still there');
  }

  async #speed(): Promise<void> {
    const { clock, signal } = this.#trying;
    const took: number[] = [];
    const beganMs = clock.elapsedMs();
    const lane = async (_: unknown, first: number): Promise<void> => {
      for (let n = first; n < PUTS; n += AT_ONCE) {
        signal.throwIfAborted();
        const fromMs = clock.elapsedMs();
        await this.#store.put(this.#key(`puts/${n}`), bytes(clock.randomId(100)));
        took.push(clock.elapsedMs() - fromMs);
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
    for (const end of lanes) if (end.status === 'rejected') throw end.reason;
    const [medianMs = 0] = took.sort((a, b) => a - b).slice(PUTS / 2);
    this.#trial.puts = { count: PUTS, totalMs: clock.elapsedMs() - beganMs, medianMs };
  }

  /** Leaves nothing behind, or says what. */
  async #leave(): Promise<void> {
    const made = ['one', 'two', ...Array.from({ length: PUTS }, (_, n) => `puts/${n}`)];
    try {
      await this.#store.delete(made.map(name => this.#key(name)));
      // The folders of a disk.
      await this.#store.deleteBelow(this.#folder);
    } catch {
      for (const key of this.#made)
        if ((await this.#store.head(key).catch(() => 'unknown')) !== null) this.#trial.left.push(key);
    }
  }

  async #try(verb: StoreVerb, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#trying;
    signal.throwIfAborted();
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      this.#trial.failures.push(failureOf(verb, error));
    }
  }

  #failed(verb: StoreVerb): boolean {
    return this.#trial.failures.some(failure => failure.verb === verb);
  }

  #key(name: string): string {
    return this.#folder + name;
  }
}

/** What a server did, and may not do. */
class Odd extends Error {}

function failureOf(verb: StoreVerb, error: unknown): StoreTrial['failures'][number] {
  const told = isKtError(error) ? error.problems[0] : undefined;
  const { message, hint = '' } = told ?? { message: messageOf(error), hint: OTHER_STORE };
  // The key is one of ours, and no matter of anybody.
  const [, why = message] = /^Cannot [^"]*"[^"]*" in .*?: (.*)$/s.exec(message) ?? [];
  return { verb, why: why.replace(/\.$/, ''), hint };
}

const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);

/** How far a moment lies after a span, or before it (negative); 0 within. */
const outside = (atMs: number, fromMs: number, toMs: number): number =>
  Math.max(0, atMs - toMs) + Math.min(0, atMs - fromMs);
