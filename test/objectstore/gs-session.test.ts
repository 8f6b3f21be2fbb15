/**
 * Long streams to Google Cloud Storage go up in resumable sessions. The server here is the test's own, after
 * Google's description of them: fake-gcs-server ends a session when it is asked how much it has.
 */
import { afterEach, expect, test } from 'vitest';
import { gsFileStore } from '../../packages/runtime/src/stores/gs/gs-file-store.js';
import { collect } from '../kit/collect.js';
import { rejection } from '../kit/stores.js';
import { answering, bodyOf, type IncomingMessage, type ServerResponse } from './answering.js';

const MiB = 2 ** 20;
const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

/** What happens to the n-th part that is sent. */
type Fate = 'lost before' | 'lost after' | 'half' | 'failed';

interface Session {
  has: Buffer;
  parts: number;
  isCancelled: boolean;
}

/** A server with one session at a time; `fates` by the number of the part, from 1. */
async function sessionServer(fates: Record<number, Fate>, isThere = false) {
  const session: Session = { has: Buffer.alloc(0), parts: 0, isCancelled: false };
  let object: Buffer | undefined;
  const told = (response: ServerResponse): void => {
    const facts = {
      name: 'a',
      size: String(object?.length),
      updated: '2026-01-01T00:00:00Z',
      generation: '7',
    };
    response.end(JSON.stringify(facts));
  };
  const state = (response: ServerResponse): void => {
    if (object !== undefined) return told(response);
    const range = session.has.length === 0 ? {} : { range: `bytes=0-${session.has.length - 1}` };
    response.writeHead(308, range).end();
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const [, from = '*', total = '*'] =
      /^bytes (\*|\d+)(?:-\d+)?\/(\*|\d+)$/.exec(request.headers['content-range'] ?? '') ?? [];
    if (from === '*') return state(response);
    const fate = fates[++session.parts];
    if (fate === 'lost before') return void request.socket.destroy();
    if (fate === 'failed') return void response.writeHead(503).end();
    // What it has already is passed over.
    const fresh = body.subarray(session.has.length - Number(from));
    session.has = Buffer.concat([session.has, fate === 'half' ? fresh.subarray(0, 256 * 1024) : fresh]);
    if (session.has.length === Number(total)) object = session.has;
    if (fate === 'lost after') return void request.socket.destroy();
    state(response);
  };
  const server = await answering((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    if (request.method === 'DELETE' && pathname === '/session') {
      session.isCancelled = true;
      response.writeHead(499).end();
    } else if (pathname === '/session') void take(request, response);
    else if (searchParams.get('uploadType') === 'resumable') {
      const isRefused = isThere && searchParams.get('ifGenerationMatch') === '0';
      response.writeHead(isRefused ? 412 : 200, { location: `${server.url}/session` }).end();
    } else response.writeHead(404).end('{}');
  });
  closing.push(server);
  const store = gsFileStore(`gs://bucket?anonymous=true&endpoint=${server.url}`, { isTried: true });
  return { store, session, stored: () => object };
}

async function* stream(size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += 300_000)
    yield Buffer.alloc(Math.min(300_000, size - at), (at / 300_000) % 251);
}

test.each<[string, Record<number, Fate>]>([
  ['no fault', {}],
  ['a part that did not arrive', { 2: 'lost before' }],
  ['an answer that did not arrive', { 1: 'lost after', 3: 'lost after' }],
  ['a part of which half is kept', { 2: 'half' }],
  ['a server that fails now and then', { 1: 'failed', 3: 'failed', 4: 'lost before' }],
])('a stream of 20 MiB - arrives whole: %s', async (_, fates) => {
  const { store, stored } = await sessionServer(fates);
  expect(await store.put('a', stream(20 * MiB))).toBe('7');
  const expected = Buffer.concat(await collect(stream(20 * MiB)));
  expect(Buffer.compare(stored()!, expected)).toBe(0);
});

test('a stream that is as long as two parts - has no third', async () => {
  const { store, session, stored } = await sessionServer({});
  await store.put('a', stream(16 * MiB));
  expect(stored()!.length).toBe(16 * MiB);
  expect(session.parts).toBe(2);
});

test('a stream that fails - leaves no object, and its session is given up', async () => {
  const { store, session, stored } = await sessionServer({});
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield* stream(20 * MiB);
    throw new RangeError('mine');
  };
  await expect(store.put('a', failing())).rejects.toThrow(RangeError);
  expect([stored(), session.isCancelled]).toEqual([undefined, true]);
});

test('a long stream under a condition that does not hold - is not sent, and let go', async () => {
  const { store, session } = await sessionServer({}, true);
  let isLetGo = false;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* stream(40 * MiB);
    } finally {
      isLetGo = true;
    }
  };
  expect(await store.put('a', body(), { ifAbsent: true })).toBeNull();
  expect([session.parts, isLetGo]).toEqual([0, true]);
});

test('a session that the server has forgotten - is told', async () => {
  const server = await answering((request, response) => {
    request.resume();
    const isSession = request.url === '/session';
    response.writeHead(isSession ? 410 : 200, { location: `${server.url}/session` }).end('{}');
  });
  closing.push(server);
  const store = gsFileStore(`gs://bucket?anonymous=true&endpoint=${server.url}`, { isTried: true });
  const error = await rejection(store.put('a', stream(20 * MiB)));
  expect(error.message).toMatch(/Cannot write "a" in gs:\/\/bucket: the server answered 410 Gone/);
});
