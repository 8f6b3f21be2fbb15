import { expect, test } from 'vitest';
import { hintsKey } from '../../run-store/layout.js';
import type { Hint } from '../../ports/index.js';
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

test.each([
  ['without the token', { headers: { authorization: 'Bearer no' }, body: '{"job":"a","pod":0}' }, 401],
  ['that is no hint', { body: '[]' }, 400],
  ['that never ends', { body: 'x'.repeat(20_000) }, 400],
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
