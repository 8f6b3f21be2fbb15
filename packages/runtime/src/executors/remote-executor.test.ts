import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../../../test/kit/fake-clock.js';
import type { JobOrder } from '../ports/index.js';
import { LineChannel } from '../process/line-channel.js';
import { RemoteExecutor } from './remote-executor.js';
import { FROM_EXECUTOR, TO_EXECUTOR, type ToExecutor } from './remote-protocol.js';

const [job] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'map', name: 'm', function: 'f.f', items: [1, 2], args: {} }],
}).jobs;
const order: JobOrder = { runId: 'r', pipeline: 'p', job: job!, items: 2, itemsPerPod: 2 };

/** The other end: hears, and says it is there. */
let heard: ToExecutor[];
let hears: (message: ToExecutor) => void;
const server = createServer(socket => {
  const channel = LineChannel.join(socket);
  channel.listen(text => {
    const message = TO_EXECUTOR.parse(text, 'test');
    if (message.type === 'hello') channel.send(FROM_EXECUTOR.text({ type: 'ready' }));
    heard.push(message);
    hears(message);
  });
});
let executor: RemoteExecutor;
beforeEach(async () => {
  heard = [];
  hears = () => undefined;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  executor = new RemoteExecutor({
    connect: (): Socket => connect(port, '127.0.0.1'),
    clock: new FakeClock(() => true),
  });
});
afterEach(async () => {
  await executor[Symbol.asyncDispose]();
  server.close();
  await once(server, 'close');
});
const hearing = (type: ToExecutor['type']): Promise<ToExecutor> =>
  new Promise(resolve => (hears = message => message.type === type && resolve(message)));

test('a job is handed on without its items, which are in the store', async () => {
  const submitted = hearing('submit');
  await executor.submit(order);
  expect(await submitted).toMatchObject({
    order: { ...order, job: { name: 'm', items: null } },
    crashed: [],
  });
});

test('what takes too long to drain - is not waited for', async () => {
  const submitted = hearing('submit');
  await executor.submit(order);
  await submitted;
  // Nobody answers.
  await executor.drain();
  await expect.poll(() => heard.map(({ type }) => type)).toEqual(['hello', 'submit', 'drain']);
});
