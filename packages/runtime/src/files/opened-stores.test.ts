/** Stores that functions open: each once, by however many, and closed together. */
import { KtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import type { FileStore } from '../ports/index.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { OpenedStores } from './opened-stores.js';

/** A store that says when it is closed. */
const closing = (closed: string[], name: string): FileStore => ({
  ...memoryFileStore({ [name]: '' }),
  [Symbol.asyncDispose]: async () => void closed.push(name),
});

test('a URL that many ask for - is opened once, to be read and to be written, and closed once', async () => {
  const [opened, closed]: [string[], string[]] = [[], []];
  const stores = new OpenedStores(async url => {
    opened.push(url);
    return closing(closed, url);
  });
  const asked = [false, true, false, true].map(write => stores.open('a', { write }));
  const [read, write, ...more] = await Promise.all(asked);
  expect(more).toEqual([read, write]);
  expect(more[0]).toBe(read);
  await write?.put('x', new Uint8Array(3));
  expect((await read?.head('x'))?.size).toBe(3);
  await stores.open('b', { write: false });
  expect(opened).toEqual(['a', 'b']);
  await stores[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
  expect(closed).toEqual(['a', 'b']);
});

test('one that was given - is what its URL opens, and stays open; one that cannot be opened closes nothing', async () => {
  const closed: string[] = [];
  const given = closing(closed, 'given');
  const stores = new OpenedStores(
    () => Promise.reject(new KtError({ code: 'UNKNOWN_STORE', path: '', message: 'No.' })),
    new Map([['mine', given]]),
  );
  expect(await (await stores.open('mine', { write: false })).head('given')).not.toBeNull();
  await expect(stores.open('other', { write: true })).rejects.toMatchObject({ code: 'UNKNOWN_STORE' });
  await stores[Symbol.asyncDispose]();
  expect(closed).toEqual([]);
});
