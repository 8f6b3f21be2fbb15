/** Reads the files of a folder store: what is known of them, whole, in part, and in chunks. */
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteRange, FileStore, ObjectInfo } from '../../ports/index.js';
import { clampRange, notFound } from '../store-key.js';
import { etagOf } from './etags.js';
import { isAbsence, storeFailed } from './file-errors.js';

/** Size of the chunks that `stream` gives, in bytes. */
const CHUNK_BYTES = 256 * 1024;

/** The reading half of a folder store; keys are checked before. */
export function localFileReader(
  root: string,
  limit: <T>(run: () => Promise<T>) => Promise<T>,
): Pick<FileStore, 'head' | 'get' | 'stream'> {
  /** Runs an action on a key's file; what fails becomes a KtError. */
  async function act<T>(action: string, key: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw isAbsence(error) ? notFound(key, root) : storeFailed(error, action, { root, key });
    }
  }

  async function head(key: string): Promise<ObjectInfo | null> {
    try {
      const file = await stat(join(root, key), { bigint: true });
      if (!file.isFile()) return null;
      return { key, size: Number(file.size), modifiedMs: Number(file.mtimeMs), etag: etagOf(file) };
    } catch (error) {
      if (isAbsence(error)) return null;
      throw storeFailed(error, 'look at', { root, key });
    }
  }

  async function* stream(key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const file = await act('read', key, () => open(join(root, key), 'r'));
    try {
      const { start, end } = clampRange(range, (await act('read', key, () => file.stat())).size);
      for (let at = start; at < end;) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
        const { bytesRead } = await act('read', key, () => file.read(chunk, 0, chunk.length, at));
        if (bytesRead === 0) return;
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async function get(key: string, range?: ByteRange): Promise<Uint8Array> {
    const bytes = await limit(async () => {
      if (range === undefined) return await act('read', key, () => readFile(join(root, key)));
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream(key, range)) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  return { head, get, stream };
}
