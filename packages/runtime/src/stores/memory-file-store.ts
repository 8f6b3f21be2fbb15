/*
 * A file store in this process's memory.
 *
 * 1. `objects` holds copies: nobody outside holds a reference to the bytes in it.
 * 2. A condition is checked and the object set in one synchronous step, so puts are atomic.
 * 3. Every put gives an etag that no other put of this store had.
 */
import type { ByteRange, FileStore, ListEntry, ObjectInfo, PutOptions } from '../ports/index.js';
import { noSignedUrl } from './store-errors.js';
import { checkDirectory, checkKey, checkPrefix, clampRange, compareKeys, notFound } from './store-key.js';

interface Held {
  bytes: Uint8Array;
  /** Memory that begins with these bytes, with room for more behind them; of no other object. */
  room?: Uint8Array;
  etag: string;
  modifiedMs: number;
}

/** Size of the chunks that `stream` gives, in bytes. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Makes a file store in memory, gone with the process; no other process can open it.
 *
 * @param initial files by path; text is written as UTF-8.
 *
 * @example
 * ```ts
 * const store = memoryFileStore({ 'data/a.txt': 'one two' });
 * (await store.head('data/a.txt'))?.size; // → 7
 * ```
 */
export function memoryFileStore(initial: Record<string, string | Uint8Array> = {}): FileStore {
  const objects = new Map<string, Held>();
  let puts = 0;

  function set(key: string, bytes: Uint8Array, room?: Uint8Array): string {
    const etag = `m${++puts}`;
    // eslint-disable-next-line no-restricted-syntax -- a stamp
    objects.set(key, { bytes, etag, modifiedMs: Date.now(), ...(room === undefined ? {} : { room }) });
    return etag;
  }

  function need(key: string): Held {
    checkKey(key);
    const held = objects.get(key);
    if (held === undefined) throw notFound(key, 'mem:');
    return held;
  }

  for (const [key, content] of Object.entries(initial)) {
    checkKey(key);
    set(key, typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content));
  }

  return {
    capabilities: { kind: 'mem', url: null },
    async head(key) {
      checkKey(key);
      const held = objects.get(key);
      return held === undefined ? null : infoOf(key, held);
    },
    async get(key, range) {
      const { bytes } = need(key);
      const { start, end } = clampRange(range, bytes.length);
      return bytes.slice(start, end);
    },
    async *stream(key, range) {
      yield* chunksOf(need(key).bytes, range);
    },
    async put(key, body, options: PutOptions = {}) {
      checkKey(key);
      const bytes = body instanceof Uint8Array ? Uint8Array.from(body) : await collect(body);
      const held = objects.get(key);
      if (options.ifAbsent === true && held !== undefined) return null;
      if (options.ifMatch !== undefined && held?.etag !== options.ifMatch) return null;
      return set(key, bytes);
    },
    async append(key, bytes) {
      checkKey(key);
      const { bytes: old, room: had } = objects.get(key) ?? { bytes: new Uint8Array() };
      const size = old.length + bytes.length;
      // Room doubles, so that appending costs what is added.
      const room = had !== undefined && had.length >= size ? had : new Uint8Array(2 * size);
      if (room !== had) room.set(old);
      room.set(bytes, old.length);
      set(key, room.subarray(0, size), room);
    },
    async *list(prefix, options = {}) {
      checkPrefix(prefix);
      const { startAfter } = options;
      let last = '';
      for (const key of [...objects.keys()].filter(key => key.startsWith(prefix)).sort(compareKeys)) {
        const entry = entryOf(key, options.delimiter === undefined ? -1 : key.indexOf('/', prefix.length));
        const name = entry.type === 'prefix' ? entry.prefix : key;
        if (name === last || (startAfter !== undefined && compareKeys(name, startAfter) <= 0)) continue;
        last = name;
        if (objects.has(key)) yield entry;
      }
    },
    async delete(keys) {
      keys.forEach(checkKey);
      for (const key of keys) objects.delete(key);
    },
    async deleteBelow(prefix) {
      checkDirectory(prefix);
      for (const key of objects.keys()) if (key.startsWith(prefix)) objects.delete(key);
    },
    async copy(from, to) {
      const { bytes } = need(from);
      checkKey(to);
      set(to, bytes);
    },
    signedUrl: async key => noSignedUrl(key, 'mem:'),
    async [Symbol.asyncDispose]() {},
  };

  function entryOf(key: string, slash: number): ListEntry {
    if (slash >= 0) return { type: 'prefix', prefix: key.slice(0, slash + 1) };
    return { type: 'object', object: infoOf(key, need(key)) };
  }
}

function infoOf(key: string, held: Held): ObjectInfo {
  return { key, size: held.bytes.length, modifiedMs: held.modifiedMs, etag: held.etag };
}

function* chunksOf(bytes: Uint8Array, range: ByteRange | undefined): Generator<Uint8Array> {
  const { start, end } = clampRange(range, bytes.length);
  for (let at = start; at < end; at += CHUNK_BYTES) yield bytes.slice(at, Math.min(at + CHUNK_BYTES, end));
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(Uint8Array.from(chunk));
    size += chunk.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
