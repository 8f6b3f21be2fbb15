/** The files of a web server as a store: what can be read, on a server of the test's own. */
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { openStore } from '../../packages/runtime/src/open-store.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { collect } from '../kit/collect.js';
import { bytes, rejection, text } from '../kit/stores.js';
import { answering, type IncomingMessage, type ServerResponse } from './answering.js';
import { faultyProxy } from './faulty-proxy.js';

/** Serves the files of a store, with ranges and etags, as web servers do. */
const serving = (files: FileStore) => (request: IncomingMessage, response: ServerResponse) =>
  void serve(files, request, response);

async function serve(files: FileStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = decodeURIComponent((request.url ?? '').slice('/data/'.length));
  const info = await files.head(key);
  if (info === null) return void response.writeHead(404).end();
  const { etag, size } = info;
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  const end = Math.min(size, to === undefined || to === '' ? Infinity : Number(to) + 1);
  if (from !== undefined && start >= size)
    return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
  const whole = await files.get(key);
  // What was put meanwhile has another etag: it is asked for again.
  if ((await files.head(key))?.etag !== etag) return serve(files, request, response);
  response.writeHead(from === undefined ? 200 : 206, {
    ...{
      etag: `"${etag}"`,
      'content-length': end - start,
      'last-modified': new Date(info.modifiedMs).toUTCString(),
    },
    ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  });
  response.end(request.method === 'HEAD' ? undefined : whole.subarray(start, end));
}

// Reads go over HTTP; all else to the files that the server has.
describe.each([0, 80])('%i of 1,000 requests fail', perMille => {
  fileStoreContract('http', async () => {
    const files = memoryFileStore();
    const server = await answering(serving(files));
    const proxy = await faultyProxy(server.url, { perMille, conflicts: false });
    const { head, get, stream } = await openStore(`${proxy.url}/data`);
    const close = async (): Promise<void> => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    };
    return { store: { ...files, head, get, stream }, close };
  });
});

const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

/** A store whose server answers so. */
async function storeOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ store: FileStore; url: string }> {
  const server = await answering(answer);
  closing.push(server);
  return { store: await openStore(`${server.url}/data/`), url: server.url };
}

test('nothing can be changed or listed - and that is told with what to do', async () => {
  const { store, url } = await storeOf((_, response) => response.writeHead(200).end());
  const put = await rejection(store.put('a', bytes('1')));
  expect(`${put.code} ${put.message}`).toMatch(
    /^STORE_READ_ONLY Cannot change "a" in http:.*Write to another store/,
  );
  for (const tried of [store.delete(['a']), store.deleteBelow('a/'), store.copy('a', 'b')])
    expect((await rejection(tried)).code).toMatch(/STORE_READ_ONLY|BAD_PATH/);
  const listed = await rejection(collect(store.list('')));
  expect(listed.code).toBe('LIST_UNSUPPORTED');
  expect(store.capabilities).toEqual({ kind: 'http', url: `${url}/data/` });
});

test('a server without ranges or etags - gives them all the same', async () => {
  const { store } = await storeOf((_, response) => response.end('0123456789'));
  expect(text(await store.get('a', { start: 3, end: 6 }))).toBe('345');
  expect(text(await store.get('a', { start: 8, end: 20 }))).toBe('89');
  expect(text(await store.get('a', { start: 10 }))).toBe('');
  expect(text(await store.get('a'))).toBe('0123456789');
});

test('what is cut - is gone on with, unless it has changed', async () => {
  let asked = 0;
  const { store } = await storeOf((request, response) => {
    asked++;
    const isFirst = request.headers.range === undefined;
    const etag = request.url === '/data/changing' ? `"${asked}"` : '"same"';
    response.writeHead(isFirst ? 200 : 206, {
      etag,
      'content-length': isFirst ? 10 : 5,
      'content-range': 'bytes 5-9/10',
    });
    if (isFirst) response.write('01234', () => setImmediate(() => request.socket.destroy()));
    else response.end('56789');
  });
  expect(text(await store.get('steady'))).toBe('0123456789');
  expect(asked).toBe(2);
  const error = await rejection(collect(store.stream('changing')));
  expect(error.message).toContain('it was replaced while it was read');
});

test('a folder - is no file, and redirects are followed', async () => {
  const { store } = await storeOf((request, response) => {
    if (request.url === '/data/folder') response.writeHead(301, { location: '/data/folder/' }).end();
    else if (request.url === '/data/moved') response.writeHead(302, { location: '/data/there' }).end();
    else response.end('index');
  });
  expect(await store.head('folder')).toBeNull();
  expect((await rejection(store.get('folder'))).code).toBe('NOT_FOUND');
  expect(text(await store.get('moved'))).toBe('index');
});

test('a server that does not know HEAD, or is late - is asked in another way, or again', async () => {
  let asked = 0;
  const { store } = await storeOf((request, response) => {
    if (request.method === 'HEAD') response.writeHead(405).end();
    else response.writeHead(asked++ === 0 ? 503 : 200, { 'retry-after': '0' }).end('12345');
  });
  expect(await store.head('a')).toMatchObject({ key: 'a', size: 5 });
  expect(asked).toBe(2);
});

test('what is packed for the way - is unpacked; parts of it are refused', async () => {
  const packed = gzipSync('0123456789');
  const { store } = await storeOf((request, response) => {
    const isPart = request.headers.range !== undefined && request.url === '/data/parts';
    response.writeHead(isPart ? 206 : 200, { 'content-encoding': 'gzip', 'content-length': packed.length });
    response.end(packed);
  });
  expect(text(await store.get('whole'))).toBe('0123456789');
  expect(text(await store.get('whole', { start: 4, end: 6 }))).toBe('45');
  expect((await rejection(store.get('parts', { start: 4 }))).code).toBe('STORE_FAILED');
});

test.each([
  [401, /carry no credentials/],
  [403, /carry no credentials/],
  [418, /the server answered 418/],
])('an answer of %i - is told', async (status, said) => {
  const { store, url } = await storeOf((_, response) => response.writeHead(status).end());
  const error = await rejection(store.get('a'));
  expect(error.code).toBe('STORE_FAILED');
  expect(error.message).toContain(`Cannot read "a" in ${url}/data/`);
  expect(error.message).toMatch(said);
});

test.each([
  'https://',
  'https:host',
  'http:///x',
  'https://me:hunter2@host/',
  'https://host/?token=hunter2',
  'https://host/#a',
])('%s - is no store', async url => {
  const error = await rejection(openStore(url));
  expect(error.code).toBe('UNKNOWN_STORE');
  expect(error.message).not.toContain('hunter2');
});
