/** The contract of signed URLs: what opens one file for anybody, by its method, until it expires. */
import type { KtFiles } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ktFiles } from '../../../packages/runtime/src/files/kt-files.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { rejection } from '../../kit/stores.js';
import type { OpenEmpty } from './files.js';

const ODD = "a dir/ü+%2e%2e !'()*&=?#~@:,;$ 日本.txt";
const SECOND = 1000;

/** Runs the contract on a store; `headers` are those that its server wants of a PUT. */
export function signedUrlsContract(
  name: string,
  open: OpenEmpty,
  headers: Record<string, string> = {},
): void {
  describe(`signed URLs: ${name}`, () => {
    let store: FileStore;
    let files: KtFiles;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
      files = ktFiles(store);
      await files.write(ODD, 'of the file');
      await files.write('other.txt', 'another');
    });
    afterEach(() => close());
    const put = (url: string, body: string): Promise<Response> =>
      fetch(url, { method: 'PUT', body, headers });

    test('one to read - gives the file, and neither another one nor a way to change it', async () => {
      const url = await files.signedUrl(ODD);
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([200, 'of the file']);
      const part = await fetch(url, { headers: { range: 'bytes=3-5' } });
      expect([part.status, await part.text()]).toEqual([206, 'the']);
      const plain = await files.signedUrl('other.txt');
      const others = [
        plain.replace('other.txt', 'o.txt'),
        plain.replace(/\?.*/, ''),
        `${plain.slice(0, -3)}abc`,
      ];
      for (const other of others) expect((await fetch(other)).status, other).toBeGreaterThanOrEqual(400);
      expect((await put(plain, 'changed')).status).toBe(403);
      expect(await files.readText('other.txt')).toBe('another');
    });

    test('one to put - makes the file, replaces it, and does not read it', async () => {
      const url = await files.signedUrl('new/ü.txt', { method: 'PUT', expiresInSeconds: 60 });
      for (const text of ['first', 'second']) {
        const answer = await put(url, text);
        expect(answer.ok, await answer.text()).toBe(true);
        expect(await files.readText('new/ü.txt')).toBe(text);
      }
      expect((await fetch(url)).status).toBe(403);
    });

    test('one that has expired - opens nothing', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date().getTime() - 120 * SECOND });
      onTestFinished(() => void vi.useRealTimers());
      const url = await files.signedUrl('other.txt', { expiresInSeconds: 60 });
      const longer = await files.signedUrl('other.txt', { expiresInSeconds: 600 });
      vi.useRealTimers();
      expect((await fetch(url)).status).toBe(403);
      expect((await fetch(longer)).status).toBe(200);
    });

    test('the folders of runs, stores that are only read, and odd options - are refused', async () => {
      for (const method of ['GET', 'PUT'] as const) {
        const error = await rejection(files.signedUrl('kt-metadata/x', { method }));
        expect(error.code).toBe(method === 'GET' ? 'NOT_FOUND' : 'BAD_PATH');
      }
      const read = ktFiles(store, { write: false });
      expect((await fetch(await read.signedUrl('other.txt'))).status).toBe(200);
      expect((await rejection(read.signedUrl('x', { method: 'PUT' }))).code).toBe('STORE_READ_ONLY');
      for (const expiresInSeconds of [0, -1, 1.5, NaN, 604_801])
        expect((await rejection(files.signedUrl('x', { expiresInSeconds }))).code).toBe('BAD_OPTIONS');
      expect((await rejection(files.signedUrl('x', { method: 'DELETE' as 'GET' }))).code).toBe('BAD_OPTIONS');
      expect((await rejection(files.signedUrl('../x'))).code).toBe('BAD_PATH');
    });
  });
}
