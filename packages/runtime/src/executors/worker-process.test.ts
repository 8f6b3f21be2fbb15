import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { expectDoor, refusalOf } from '../../../../test/kit/door-laws.js';
import type { Clock, ItemEvent, JobOrder } from '../ports/index.js';
import { systemClock } from '../process/system-clock.js';
import { GroupGuard } from './group-guard.js';
import { FROM_WORKER } from './worker-messages.js';
import { type PodResult, WorkerProcess } from './worker-process.js';
import { type FromWorker, TO_WORKER, type ToWorker } from './worker-protocol.js';

const cause = { kind: 'Threw', name: 'E', message: 'm' } as const;
const [job] = mustParsePipeline({ name: 'p', jobs: [{ type: 'dynamic', name: 'a', function: 'm.f' }] }).jobs;
const order: JobOrder = { runId: 'r', pipeline: 'p', job: job!, items: 1, itemsPerPod: 1 };
const outcome = { succeeded: 1, failed: 0, open: 0, firstFailure: null, result: [1] };
const toWorker: ToWorker[] = [
  { type: 'pod', order: { runId: 'r', job: 'a', pod: 0, crashed: [{ item: 1, cause }] }, concurrency: 2 },
  { type: 'drain' },
  { type: 'stop' },
];
const fromWorker: FromWorker[] = [
  { type: 'ready' },
  {
    type: 'events',
    events: [
      { type: 'ItemStarted', job: 'a', item: 0, attempt: 1 },
      { type: 'ItemSucceeded', job: 'a', item: 0, attempt: 1, skipped: true },
      { type: 'ItemRetrying', job: 'a', item: 0, attempt: 1, cause, delayMs: 5 },
      { type: 'ItemFailed', job: 'a', item: 0, attempt: 1, cause },
      { type: 'JobWaiting', job: 'a', message: null },
    ],
  },
  { type: 'returned', item: 0 },
  { type: 'done', outcome },
  { type: 'done', outcome: { ...outcome, firstFailure: { item: 0, cause }, result: null } },
  { type: 'stuck' },
  { type: 'broken', message: 'm' },
];

test('what a driver and a worker say is read as it was said, or refused', () => {
  for (const message of toWorker) expect(TO_WORKER.check(TO_WORKER.stamped(message), 'f')).toEqual(message);
  for (const message of fromWorker) expect(FROM_WORKER.check(message, 'f')).toEqual(message);
  expectDoor(value => TO_WORKER.check(value, 'f'), toWorker);
  expectDoor(value => FROM_WORKER.check(value, 'f'), fromWorker);
  expect(refusalOf(value => TO_WORKER.check(value, 'driver'), { format: 2 })?.code).toBe('NEWER_FORMAT');
});

/** What a worker's process needs to hear its driver, and to say something. */
const CHANNEL = `import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { writeSync } from 'node:fs';
const channel = new Socket({ fd: 3 });
let word;
const say = (said, as = word) => void channel.write(as + JSON.stringify(said) + '\\n');
`;

/** Runs a pod in a process that does this when it is told to run one. */
async function heardFrom(
  does: string,
  clock: Clock = systemClock,
): Promise<{ result: PodResult; events: ItemEvent[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-worker-'));
  const entry = join(dir, 'worker.mjs');
  await writeFile(
    entry,
    `${CHANNEL}createInterface(channel).on('line', line => {
      if (word === undefined) word = line;
      else { ${does} }
    });\n`,
  );
  const worker = new WorkerProcess({
    entry,
    storeUrl: 'mem:',
    memory: '512Mi',
    env: {},
    clock,
    guard: new GroupGuard(),
  });
  onTestFinished(async () => {
    await worker.close(0);
    await rm(dir, { recursive: true });
  });
  const events: ItemEvent[] = [];
  const result = await worker.run({ runId: 'r', job: 'a', pod: 0, crashed: [] }, order, event =>
    events.push(event),
  );
  return { result, events };
}

/** Runs a pod in a process that says these things when it is told to run one. */
const heard = (...said: unknown[]): ReturnType<typeof heardFrom> =>
  heardFrom(`for (const said of ${JSON.stringify(said)}) say(said);`);

test('W4: what functions say over the channel is not heard', async () => {
  const started = { type: 'ItemStarted', job: 'a', item: 0, attempt: 1 };
  const foreign = ['hello', 7, null, { type: 'done' }, { type: 'progress', of: 5 }, [started]];
  expect(
    await heard({ type: 'ready' }, ...foreign, { type: 'events', events: [started] }, ...foreign, {
      type: 'done',
      outcome,
    }),
  ).toEqual({
    result: { type: 'done', outcome },
    events: [started],
  });
});

test('LC1: what is said without the word of the channel is not heard, whatever it looks like', async () => {
  const forged = JSON.stringify(JSON.stringify({ type: 'done', outcome: { ...outcome, succeeded: 7 } }));
  const { result } = await heardFrom(`
    say(${JSON.stringify({ type: 'done', outcome: { ...outcome, succeeded: 7 } })}, '');
    say(${JSON.stringify({ type: 'done', outcome: { ...outcome, succeeded: 7 } })}, 'another word');
    writeSync(3, ${forged} + '\\n');
    say(${JSON.stringify({ type: 'done', outcome })});`);
  expect(result).toEqual({ type: 'done', outcome });
});

test('W5: a worker that gives up its channel is ended', async () => {
  const clock = { ...systemClock, sleep: () => Promise.resolve() };
  const { result } = await heardFrom(`setInterval(() => undefined, 1000); channel.destroy();`, clock);
  expect(result).toMatchObject({ type: 'crashed', crash: { cause: { kind: 'Exited', signal: 'SIGKILL' } } });
});

test('a process that cannot be made is one that ended by itself', async () => {
  const { execPath } = process;
  onTestFinished(() => void (process.execPath = execPath));
  process.execPath = '/no/such/program';
  const options = { storeUrl: 'mem:', memory: '512Mi', env: {}, clock: systemClock, guard: new GroupGuard() };
  const worker = new WorkerProcess({ entry: 'worker.mjs', ...options });
  const result = await worker.run({ runId: 'r', job: 'a', pod: 0, crashed: [] }, order, () => undefined);
  const message = expect.stringContaining('ENOENT');
  expect(result).toMatchObject({ type: 'crashed', crash: { cause: { kind: 'Exited', message }, items: [] } });
  await worker.close(0);
});

test('a worker of a newer kt is refused', async () => {
  const { result } = await heard({ format: 2, type: 'ready' }, { type: 'done', outcome });
  expect(result).toMatchObject({ type: 'broken', error: { code: 'NEWER_FORMAT' } });
});

test('a worker whose store fails says so', async () => {
  const { result } = await heard({ type: 'broken', message: 'no space' });
  expect(result).toMatchObject({
    type: 'broken',
    error: { code: 'STORE_FAILED', problems: [{ message: 'no space' }] },
  });
});
