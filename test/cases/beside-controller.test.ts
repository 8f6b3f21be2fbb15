/** Steps in a process beside the controller: what that process may do, and what its end means. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { localFileStore, type RunEvent } from '@kube-transform/runtime';
import { drive, jobStates, readOutcomes, readResults, systemClock } from '@kube-transform/runtime/internal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RemoteExecutor } from '../../packages/runtime/src/executors/remote-executor.js';
import { type Beside, startBeside } from '../kit/executors.js';

let dir: string;
let beside: Beside;
const store = () => localFileStore(dir);
const url = (): string => store().capabilities.url ?? '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-beside-'));
  beside = await startBeside(url());
});
afterEach(async () => {
  await end('SIGTERM');
  await rm(dir, { recursive: true, force: true });
});

/** Ends the process, and is told when it has ended. */
async function end(signal: NodeJS.Signals): Promise<void> {
  const { child } = beside;
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}
const again = async (): Promise<void> => {
  await end('SIGKILL');
  beside = await startBeside(url(), beside.port);
};

async function go(job: Partial<KTJobInput>, onEvent: (event: RunEvent) => void = () => undefined) {
  const never = new AbortController().signal;
  const { port } = beside;
  const own = { type: 'map', name: 'm', function: 'calls.square', args: { n: { $ref: 'item#' } }, ...job };
  const { status, state } = await drive({
    store: store(),
    executor: new RemoteExecutor({ connect: () => connect(port, '127.0.0.1'), clock: systemClock }),
    clock: systemClock,
    record: {
      runId: 'r',
      pipeline: mustParsePipeline({ name: 'p', jobs: [own as KTJobInput] }),
      params: {},
      createdAtMs: 0,
      source: null,
      retryOf: null,
    },
    sink: { publish: onEvent },
    resumed: false,
    drain: never,
    stop: never,
    cancel: never,
  });
  const [first] = jobStates(state);
  return { status, cause: first?.own.state === 'failed' ? first.own.cause : undefined };
}

test('RE1: a process that is killed - costs an attempt of what it was at, and the next one goes on', async () => {
  let kills = 0;
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'ItemStarted' && event.item === 0 && kills++ === 0) void again();
  };
  // Two pods, one after the other: side by side, the end may come in the middle of both.
  const job = { function: 'calls.waitsAtFirst', items: [1, 2], itemsPerPod: 1, parallelism: 1 };
  expect((await go({ ...job, retries: 1, backoff: { initial: '1ms' } }, onEvent)).status).toBe('Completed');
  const outcomes = await readOutcomes(store(), 'r', 'm');
  expect([...outcomes.values()].map(({ attempts }) => attempts).sort()).toEqual([1, 2]);
});

test('RE1: without retries, its end fails the item that it was at, with a sentence', async () => {
  const { cause } = await go({ function: 'calls.waitsForEver', items: [1], args: {} }, event => {
    if (event.type === 'ItemStarted') void again();
  });
  const message = expect.stringContaining('beside the controller was ended');
  expect(cause).toMatchObject({ kind: 'Exited', message });
});

test('RE2: a process that can do nothing - fails its steps', async () => {
  await end('SIGKILL');
  // It hangs up at once.
  const { port } = beside;
  const { createServer } = await import('node:net');
  const server = createServer(socket => {
    socket.once('data', said => {
      const [word = ''] = String(said).split('\n');
      socket.end(`${word}{"format":1,"type":"ready"}\n`);
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { cause } = await go({ items: [1] });
  server.close();
  expect(cause).toMatchObject({
    kind: 'NotStarted',
    message: expect.stringContaining('ended 3 times before it began anything'),
  });
});

test('a process that comes late - is waited for', async () => {
  await end('SIGKILL');
  const going = go({ items: [1, 2, 3] });
  beside = await startBeside(url(), beside.port);
  expect((await going).status).toBe('Completed');
  expect(await readResults(store(), 'r', 'm')).toEqual([1, 4, 9]);
});

test('a step that takes more memory than it has - ends its own process only', async () => {
  const { pid } = beside.child;
  const { cause } = await go({
    function: 'calls.fillsMemory',
    items: ['buffers'],
    args: { where: { $ref: 'item#' } },
    memory: '128Mi',
  });
  expect(cause).toMatchObject({ kind: 'OutOfMemory' });
  expect([beside.child.pid, beside.child.exitCode]).toEqual([pid, null]);
});
