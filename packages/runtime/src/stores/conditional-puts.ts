/*
 * Puts under a condition, on servers that keep `ifAbsent` and `ifMatch` themselves.
 *
 * 1. Each carries an id of its own in the object's metadata, and those of the puts before it: one that was
 *    made again, because its answer was lost, and finds another object learns whether it was first, and that
 *    one came after.
 * 2. Before the first one a server is asked, by trying, whether it keeps conditions at all.
 */
import { KtError } from '@kube-transform/sdk';
import type { ObjectInfo, PutOptions } from '../ports/index.js';

/** The metadata that holds ids; servers keep 2 KB. */
export const PUT_IDS = 'ktputs';
const MOST_IDS = 60;

/** What is known of an object, with the ids of its puts. */
export interface Found {
  info: ObjectInfo;
  putIds: string | undefined;
}

/** What a put came to: no etag where the condition did not hold, and how often it was sent. */
export interface Sent {
  etag: string | null;
  tries: number;
}

/** The condition of a put and the ids that its object is to carry; neither where there is no condition. */
export interface Asked {
  condition?: PutOptions;
  ids?: string;
}

/** Sends one put. */
export type SendPut = (asked: Asked) => Promise<Sent>;

/** What is needed of a server. */
export interface ConditionalServer {
  readonly name: string;
  head(key: string): Promise<Found | null>;
  /** Sends an empty object. */
  putEmpty(key: string, asked: Asked): Promise<Sent>;
  remove(key: string): Promise<void>;
}

/** Conditional puts of one store. */
export class ConditionalPuts {
  readonly #server: ConditionalServer;
  #asked: Promise<void> | undefined;

  /** @param isTried another process has asked whether the server keeps conditions. */
  constructor(server: ConditionalServer, isTried: boolean) {
    this.#server = server;
    if (isTried) this.#asked = Promise.resolve();
  }

  /** Puts; the etag, or null where there is a condition and it did not hold. */
  async put(key: string, condition: PutOptions, send: SendPut): Promise<string | null> {
    if (condition.ifAbsent !== true && condition.ifMatch === undefined) return (await send({})).etag;
    this.#asked ??= this.#ask().catch((error: unknown) => {
      this.#asked = undefined;
      throw error;
    });
    await this.#asked;
    return this.#put(key, condition, send);
  }

  async #put(key: string, condition: PutOptions, send: SendPut): Promise<string | null> {
    const before = condition.ifMatch === undefined ? null : await this.#server.head(key);
    if (condition.ifMatch !== undefined && before?.info.etag !== condition.ifMatch) return null;
    const id = crypto.randomUUID().replaceAll('-', '').slice(0, 16);
    const ids = [id, ...idsOf(before)].slice(0, MOST_IDS).join(' ');
    const { etag, tries } = await send({ condition, ids });
    if (etag !== null || tries === 1) return etag;
    const there = await this.#server.head(key);
    if (!idsOf(there).includes(id)) return null;
    // Where others came after it, its own etag is one that no object has any more.
    return idsOf(there)[0] === id ? (there?.info.etag ?? null) : `replaced-${id}`;
  }

  /** Puts one object twice as if it were new. @throws KtError `STORE_FAILED` where both succeed. */
  async #ask(): Promise<void> {
    const key = `.kt-probe-${crypto.randomUUID()}`;
    const put = (): Promise<string | null> =>
      this.#put(key, { ifAbsent: true }, asked => this.#server.putEmpty(key, asked));
    try {
      await put();
      if ((await put()) !== null) throw conditionsUnkept(this.#server.name);
    } finally {
      await this.#server.remove(key).catch(() => undefined);
    }
  }
}

/** That a server is no place for runs. */
export const conditionsUnkept = (store: string): KtError =>
  new KtError({
    code: 'STORE_FAILED',
    path: '',
    message: `The server of ${store} does not keep conditions of puts (put if absent): two processes could drive one run.`,
    hint: 'Use a newer version of that server, or another store for runs.',
  });

const idsOf = (object: Found | null): string[] => object?.putIds?.split(' ') ?? [];
