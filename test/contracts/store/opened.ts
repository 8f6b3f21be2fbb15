/** The contract of `context.store`: another store than the run's own, opened by its URL inside a function. */
import { type KtContext, type KtFiles, type KtFs, ktFunction, pipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ktFiles } from '../../../packages/runtime/src/files/kt-files.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { testRun } from '../../../packages/runtime/src/testing/test-run.js';
import { rejection } from '../../kit/stores.js';
import type { OpenEmpty } from './files.js';

/** Runs the contract on a store; one that no URL opens is given to the test run. */
export function openedContract(name: string, open: OpenEmpty): void {
  describe(`context.store: ${name}`, () => {
    let store: FileStore;
    let files: KtFiles;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
      files = ktFiles(store);
      for (const path of ['in/a.csv', 'in/b.csv', 'kt-metadata/run/spec.json'])
        await store.put(path, new TextEncoder().encode(`of ${path}`));
    });
    afterEach(() => close());

    /** What a function makes of the store. */
    async function within<T>(
      work: (opened: KtFiles, own: KtFiles, fs: KtFs['promises']) => Promise<T>,
      options?: { write: boolean },
    ): Promise<T> {
      const url = store.capabilities.url ?? 'mem:other';
      let made: T | undefined;
      const fn = ktFunction(async (_: object, context: KtContext) => {
        const { promises } = await context.fs({ mounts: { '/other': { url, ...options } } });
        made = await work(await context.store(url, options), context.files, promises);
      });
      const run = await testRun(
        pipeline('p').job('f', fn, () => ({})),
        {
          files: { 'mine.txt': 'own' },
          ...(store.capabilities.url === null ? { stores: { [url]: store } } : {}),
        },
      );
      expect(run.status, JSON.stringify(run.cause('f'))).toBe('Completed');
      return made as T;
    }

    test('is read as context.files is, without the folders of runs', async () => {
      const seen = await within(async (opened, own) => ({
        found: await opened.glob('**/*'),
        text: await opened.readText('in/a.csv'),
        copy: await opened.download('in/b.csv').then(path => path.endsWith('b.csv')),
        own: await own.listdir(''),
        runs: await opened.exists('kt-metadata'),
      }));
      expect(seen).toEqual({
        found: ['in/a.csv', 'in/b.csv'],
        text: 'of in/a.csv',
        copy: true,
        own: ['mine.txt'],
        runs: false,
      });
    });

    test('is not changed unless that was asked for, and says so', async () => {
      const changes: ((opened: KtFiles) => Promise<unknown>)[] = [
        opened => opened.write('x', 'y'),
        opened => opened.write('in/a.csv', new Uint8Array()),
        opened => opened.writeJson('x', {}),
        opened => opened.append('in/a.csv', 'y'),
        opened => opened.mkdir('dir'),
        opened => opened.remove('in/a.csv'),
        opened => opened.rmdir('in'),
        opened => opened.copy('in/a.csv', 'x'),
        opened => opened.move('in/a.csv', 'x'),
        opened => opened.upload(import.meta.filename, 'x'),
        async opened => {
          const file = await opened.open('x', 'w');
          await file.write('y');
          await file.close();
        },
      ];
      const refused = await within(opened => Promise.all(changes.map(change => rejection(change(opened)))));
      for (const [i, error] of refused.entries())
        expect(error.code, String(changes[i])).toBe('STORE_READ_ONLY');
      expect(refused[0]?.message).toMatch(/^Cannot change "x" in .*opened to be read\..*\{ write: true \}/);
      expect(await files.glob('**/*')).toEqual(['in/a.csv', 'in/b.csv']);
      expect(await files.readText('in/a.csv')).toBe('of in/a.csv');
    });

    test('is written with `write`, but for the folders of runs', async () => {
      const refused = await within(
        async (opened, own, fs) => {
          await fs.copyFile('/data/mine.txt', '/other/out/copied.txt');
          await opened.write('out/copy.txt', own.stream('mine.txt'));
          await Promise.all(Array.from({ length: 5 }, (_, i) => opened.append('log', `${i}\n`)));
          await opened.remove('in/a.csv');
          await opened.move('in/b.csv', 'moved.csv');
          return rejection(opened.write('kt-metadata/x', ''));
        },
        { write: true },
      );
      expect(refused.code).toBe('BAD_PATH');
      expect(await files.glob('**/*')).toEqual(['log', 'moved.csv', 'out/copied.txt', 'out/copy.txt']);
      expect(await files.readText('out/copy.txt')).toBe('own');
      expect((await files.readText('log')).split('\n').sort()).toEqual(['', '0', '1', '2', '3', '4']);
    });
  });
}
