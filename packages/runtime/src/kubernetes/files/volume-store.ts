/*
 * A file store behind sessions with the pod that has its volume.
 *
 * - A session does one thing at a time; there are a few, made when they are needed.
 * - One that was cut off, or is left within a file, is not used again.
 */
import type { FileStore, ListEntry } from '../../ports/index.js';
import { checkDirectory, checkKey, checkPrefix, clampRange } from '../../stores/store-key.js';
import { noSignedUrl } from '../../stores/store-errors.js';
import { type SessionPeer, VolumeSession } from './volume-session.js';
import type { VolumeAnswer, VolumeRequest } from './volume-protocol.js';

/** Each is a process in the pod. */
const SESSIONS = 4;
const PAGE = 1000;
const TRIES = 3;

/** A file store behind sessions; `name` is for messages. */
export function volumeStore(
  open: () => Promise<SessionPeer>,
  { name, close }: { name: string; close: () => Promise<void> },
): FileStore {
  const pool = new SessionPool(async () => new VolumeSession(await open(), name));

  /** Makes a call; where the session was cut off, again, if that does no harm. */
  async function call(
    request: VolumeRequest,
    body?: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<VolumeAnswer> {
    for (let tries = 1; ; tries++) {
      const session = await pool.take();
      try {
        return await session.call(request, body);
      } catch (error) {
        if (!session.isLost || body !== undefined || tries === TRIES) throw error;
      } finally {
        pool.give(session);
      }
    }
  }

  return {
    capabilities: { kind: 'file', url: null },
    async head(key) {
      checkKey(key);
      const answer = await call({ op: 'head', key });
      return 'object' in answer ? answer.object : null;
    },
    async get(key, range) {
      const pieces: Uint8Array[] = [];
      for await (const piece of this.stream(key, range)) pieces.push(piece);
      return Uint8Array.from(Buffer.concat(pieces));
    },
    async *stream(key, range) {
      checkKey(key);
      const bounds = clampRange(range, Number.MAX_SAFE_INTEGER);
      const session = await pool.take();
      try {
        yield* session.get({ op: 'get', key, ...bounds });
      } finally {
        pool.give(session);
      }
    },
    async put(key, body, { ifAbsent = false, ifMatch } = {}) {
      checkKey(key);
      const answer = await call({ op: 'put', key, ifAbsent, ifMatch: ifMatch ?? null }, body);
      return 'etag' in answer ? answer.etag : null;
    },
    async append(key, bytes) {
      checkKey(key);
      await call({ op: 'append', key }, bytes);
    },
    async *list(prefix, { delimiter, startAfter } = {}) {
      checkPrefix(prefix);
      for (let after = startAfter ?? null; ;) {
        const isFlat = delimiter !== undefined;
        const answer = await call({ op: 'list', prefix, isFlat, startAfter: after, limit: PAGE });
        if (!('entries' in answer)) return;
        const { entries, isWhole } = answer.entries;
        yield* entries;
        const last = entries.at(-1);
        if (isWhole || last === undefined) return;
        after = nameOf(last);
      }
    },
    async delete(keys) {
      keys.forEach(checkKey);
      for (let at = 0; at < keys.length; at += PAGE)
        await call({ op: 'delete', keys: keys.slice(at, at + PAGE) });
    },
    async deleteBelow(prefix) {
      checkDirectory(prefix);
      await call({ op: 'deleteBelow', prefix });
    },
    async copy(from, to) {
      checkKey(from);
      checkKey(to);
      await call({ op: 'copy', from, to });
    },
    signedUrl: async key => noSignedUrl(key, name),
    async [Symbol.asyncDispose]() {
      pool.close();
      await close();
    },
  };
}

const nameOf = (entry: ListEntry): string => (entry.type === 'object' ? entry.object.key : entry.prefix);

/** A few sessions, each used by one at a time. */
class SessionPool {
  readonly #open: () => Promise<VolumeSession>;
  readonly #idle: VolumeSession[] = [];
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(open: () => Promise<VolumeSession>) {
    this.#open = open;
  }

  async take(): Promise<VolumeSession> {
    if (this.#used === SESSIONS) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#used++;
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    try {
      return await this.#open();
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  give(session: VolumeSession): void {
    if (session.isIdle && !session.isLost) this.#idle.push(session);
    else session.close();
    this.#leave();
  }

  close(): void {
    for (const session of this.#idle.splice(0)) session.close();
  }

  /** Another one may come in the place of one that goes. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#used--;
    else next();
  }
}
