/*
 * An open file of the store.
 *
 * 1. What is written is kept until `close`, which puts or appends it as one; until then nobody sees any of
 *    it.
 * 2. A closed handle refuses everything but `close`.
 */
import { type KtFileHandle, type KtFiles, KtError } from '@kube-transform/sdk';
import { bytesOf } from './text.js';

/** A handle that reads: whole, or in chunks by `for await`. */
export function readHandle(files: KtFiles, path: string): KtFileHandle {
  const open = gate(path);
  return {
    async read() {
      open.check('read');
      return await files.read(path);
    },
    async write() {
      throw badMode(path, { action: 'write to', mode: 'read', hint: 'Open it with mode "w" or "a".' });
    },
    async close() {
      open.close();
    },
    [Symbol.asyncIterator]() {
      open.check('read');
      return files.stream(path)[Symbol.asyncIterator]();
    },
  };
}

/** A handle that collects what is written and gives it to `flush` when it is closed, with what it was. */
export function writeHandle(
  path: string,
  flush: (bytes: Uint8Array, of: 'text' | 'bytes' | 'both') => Promise<void>,
): KtFileHandle {
  const open = gate(path);
  const chunks: Uint8Array[] = [];
  let of: 'text' | 'bytes' | 'both' | undefined;
  return {
    async read() {
      throw badMode(path, { action: 'read', mode: 'written', hint: 'Open it with mode "r".' });
    },
    async write(data) {
      open.check('write to');
      const kind = typeof data === 'string' ? 'text' : 'bytes';
      of = of === undefined || of === kind ? kind : 'both';
      chunks.push(bytesOf(path, data));
    },
    async close() {
      if (open.close()) await flush(concatenated(chunks), of ?? 'text');
    },
    [Symbol.asyncIterator]() {
      throw badMode(path, { action: 'read', mode: 'written', hint: 'Open it with mode "r".' });
    },
  };
}

/** Chunks one after the other. */
export function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function gate(path: string): { check(action: string): void; close(): boolean } {
  let closed = false;
  return {
    check(action) {
      if (!closed) return;
      const message = `Cannot ${action} "${path}": this handle is closed.`;
      throw new KtError({ code: 'BAD_MODE', message, path: '', hint: 'Open the file again.' });
    },
    close() {
      const first = !closed;
      closed = true;
      return first;
    },
  };
}

function badMode(
  path: string,
  { action, mode, hint }: { action: string; mode: string; hint: string },
): KtError {
  return new KtError({
    code: 'BAD_MODE',
    message: `Cannot ${action} "${path}": it is open to be ${mode}.`,
    path: '',
    hint,
  });
}
