import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { hintsKey } from '../../run-store/layout.js';
import type { Assignment, AssignmentRequest, Hint } from '../../ports/index.js';
import { systemClock } from '../../process/system-clock.js';
import { HintClient } from './hint-client.js';
import { hintServer } from './hint-server.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';

const listening = async () => {
  const heard: Hint[] = [];
  const server = await hintServer({ host: '127.0.0.1', onHint: hint => heard.push(hint) });
  return { heard, server };
};
const announce = (store: ReturnType<typeof memoryFileStore>, address: object): Promise<unknown> =>
  store.put(hintsKey('r'), new TextEncoder().encode(JSON.stringify(address)));

test('a hint reaches the controller whose address is in the store', async () => {
  const { heard, server } = await listening();
  const store = memoryFileStore();
  await announce(store, server.address);
  await new HintClient(store, 'r').send({ job: 'é', pod: 3 });
  expect(heard).toEqual([{ job: 'é', pod: 3 }]);
  await server[Symbol.asyncDispose]();
});

test('HC2: a controller that has moved - is found anew', async () => {
  const first = await listening();
  const store = memoryFileStore();
  await announce(store, first.server.address);
  const client = new HintClient(store, 'r');
  await client.send({ job: 'a', pod: 0 });
  await first.server[Symbol.asyncDispose]();
  const second = await listening();
  await announce(store, second.server.address);
  await client.send({ job: 'b', pod: 0 });
  expect([...first.heard, ...second.heard].map(({ job }) => job)).toEqual(['a', 'b']);
  await second.server[Symbol.asyncDispose]();
});

test('HC1: a hint that nobody can hear - is lost without a word', async () => {
  const store = memoryFileStore();
  await new HintClient(store, 'r').send({ job: 'a', pod: 0 });
  await announce(store, { host: '127.0.0.1', port: 1, token: 'x' });
  await new HintClient(store, 'r').send({ job: 'a', pod: 0 });
});

test('HC3: a pod asks for more - and asks again until a controller that was away has come back', async () => {
  const asked: AssignmentRequest[] = [];
  const controller = (pod: number | null): ReturnType<typeof hintServer> =>
    hintServer({
      host: '127.0.0.1',
      onHint: () => undefined,
      onAssign: request => Promise.resolve((asked.push(request), { pod })),
    });
  const store = memoryFileStore();
  const client = new HintClient(store, 'r');
  const { signal } = new AbortController();
  const request = { job: 'a', wave: 1, index: 2, done: { pod: 3, last: 4 } };
  const clock = { ...systemClock, sleep: () => Promise.reject(new Error('it was not to wait')) };
  expect(await client.assign(request, { clock, signal })).toEqual({ pod: null });
  const first = await controller(7);
  await announce(store, first.address);
  expect(await client.assign(request, { clock, signal })).toEqual({ pod: 7 });
  expect(asked).toMatchObject([request]);
  await first[Symbol.asyncDispose]();
  const second = await controller(null);
  const until = { ...systemClock, sleep: async () => void (await announce(store, second.address)) };
  expect(await client.assign(request, { clock: until, signal })).toEqual({ pod: null });
  expect(asked).toHaveLength(2);
  await second[Symbol.asyncDispose]();
});

test('HC4: a pod that begins - is told of its step and items, or nothing where nobody knows', async () => {
  const [job] = mustParsePipeline({
    name: 'p',
    jobs: [{ type: 'map', name: 'é', function: 'f.f', items: [1], args: {} }],
  }).jobs;
  const step = { runId: 'r', pipeline: 'p', job: job!, items: 1, itemsPerPod: 1 };
  const told = { pod: 0, step, items: `{"e":"${'ü'.repeat(100_000)}"}\n`, isNew: true as const };
  const answers: (Assignment | null | Error)[] = [told, null, new Error('of the store')];
  const server = await hintServer({
    host: '127.0.0.1',
    onHint: () => undefined,
    onAssign: () => {
      const answer = answers.shift() ?? null;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  const store = memoryFileStore();
  const client = new HintClient(store, 'r');
  const request = { job: 'é', wave: 1, index: 0, begins: 'first' } as const;
  expect(await client.begin(request)).toBeNull();
  await announce(store, server.address);
  expect([await client.begin(request), await client.begin(request), await client.begin(request)]).toEqual([
    told,
    null,
    null,
  ]);
  await server[Symbol.asyncDispose]();
  expect(await client.begin(request)).toBeNull();
});

/** How long a pod asks that nobody answers, in steps of half a minute. */
async function waitedMs(client: HintClient): Promise<number> {
  let nowMs = 0;
  const sleep = () => Promise.resolve(void (nowMs += 30_000));
  const clock = { ...systemClock, elapsedMs: () => nowMs, sleep };
  const { signal } = new AbortController();
  expect(await client.assign({ job: 'a', wave: 1, index: 2 }, { clock, signal })).toEqual({ pod: null });
  return nowMs;
}

test('HC3: nobody answers - a pod that is told to stop, or has waited long, asks no more', async () => {
  const store = memoryFileStore();
  await announce(store, { host: '127.0.0.1', port: 1, token: 'x' });
  const client = new HintClient(store, 'r');
  const request = { job: 'a', wave: 1, index: 2 };
  const stop = new AbortController();
  const stopped = { ...systemClock, sleep: () => Promise.resolve(stop.abort()) };
  expect(await client.assign(request, { clock: stopped, signal: stop.signal })).toEqual({ pod: null });
  expect(client.silent).toBeNull();
  expect(await waitedMs(client)).toBe(60_000);
  expect(client.silent).toBe('127.0.0.1:1');
});

test('HC3: nobody answers any more - a pod that was answered before waits for one that comes back', async () => {
  const store = memoryFileStore();
  const { server } = await listening();
  await announce(store, server.address);
  const client = new HintClient(store, 'r');
  await client.send({ job: 'a', pod: 0 });
  await server[Symbol.asyncDispose]();
  expect(await waitedMs(client)).toBe(120_000);
  expect(client.silent).toBeNull();
});

test('HS1: a hint is heard over IPv6, where there is any, and byte by byte', async () => {
  const { heard, server } = await listening();
  const { port, token } = server.address;
  const hasIPv6 = Object.values(networkInterfaces()).some(all =>
    all?.some(({ family }) => family === 'IPv6'),
  );
  const body = Buffer.from('{"job":"é","pod":3}');
  const socket = connect({ host: hasIPv6 ? '::1' : '127.0.0.1', port });
  socket.write(
    `POST /hint HTTP/1.1\r\nHost: kt\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  for (const byte of body) {
    await new Promise(resolve => setImmediate(resolve));
    socket.write(Uint8Array.of(byte));
  }
  await once(socket, 'data');
  expect(heard).toEqual([{ job: 'é', pod: 3 }]);
  socket.destroy();
  await server[Symbol.asyncDispose]();
});

test('HS1: connections beyond a number are closed, and those that go make room', async () => {
  const heard: Hint[] = [];
  const onHint = (hint: Hint): void => void heard.push(hint);
  const server = await hintServer({ host: '127.0.0.1', onHint, maxConnections: 2 });
  const store = memoryFileStore();
  await announce(store, server.address);
  const client = new HintClient(store, 'r');
  const idle = [connect(server.address.port), connect(server.address.port)];
  await Promise.all(idle.map(socket => once(socket, 'connect')));
  await client.send({ job: 'lost', pod: 0 });
  for (const socket of idle) socket.destroy();
  await expect
    .poll(() => client.send({ job: 'heard', pod: 0 }).then(() => heard.at(0)), { interval: 5 })
    .toEqual({ job: 'heard', pod: 0 });
  await server[Symbol.asyncDispose]();
});

test.each([
  ['without the token', { headers: { authorization: 'Bearer no' }, body: '{"job":"a","pod":0}' }, 401],
  ['that is no hint', { body: '[]' }, 400],
  ['that never ends', { body: 'x'.repeat(40_000) }, 400],
])(
  'a request %s is refused',
  async (_, { headers, body }: { headers?: Record<string, string>; body: string }, status) => {
    const { heard, server } = await listening();
    const { host, port, token } = server.address;
    const answer = await fetch(`http://${host}:${port}/hint`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
    expect(answer.status).toBe(status);
    expect(heard).toEqual([]);
    await server[Symbol.asyncDispose]();
  },
);
