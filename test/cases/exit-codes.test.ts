/** Each way out of a pod's process, as its Job sees it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KTJobInput } from '@kube-transform/sdk';
import { localFileStore } from '@kube-transform/runtime';
import { drive, EXIT_CODE, newRun, systemClock, writeRecord } from '@kube-transform/runtime/internal';
import { scriptedExecutor } from '@kube-transform/runtime/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROBE_REPORT } from '@kube-transform/runtime/kubernetes';
import { HINT_ADDRESS } from '../../packages/runtime/src/kubernetes/run/hint-formats.js';
import { hintServer } from '../../packages/runtime/src/kubernetes/run/hint-server.js';
import type { AssignmentRequest } from '../../packages/runtime/src/ports/index.js';
import { readManifest } from '../../packages/runtime/src/run-store/job-manifest.js';
import { JobTally } from '../../packages/runtime/src/run-store/job-tally.js';
import { hintsKey } from '../../packages/runtime/src/run-store/layout.js';
import { READ_REQUEST } from '../../packages/runtime/src/kubernetes/manifests/reader-pages.js';
import { callsBundle } from '../kit/executors.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-exits-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Stores a run whose one job waits for its pod; its id. */
async function waiting(job: Partial<KTJobInput>): Promise<string> {
  const jobs = [{ type: 'map', name: 'j', items: [0, 1], args: { n: { $ref: 'item#' } }, ...job }];
  const record = await newRun({ pipeline: { name: 'p', jobs: jobs as KTJobInput[] }, clock: systemClock });
  const store = localFileStore(dir);
  await writeRecord(store, record);
  const stop = new AbortController();
  const executor = scriptedExecutor(() => (stop.abort(), []));
  const cancel = new AbortController().signal;
  const ends = { drain: stop.signal, stop: stop.signal, cancel };
  const sink = { publish: () => undefined };
  await drive({ store, record, executor, clock: systemClock, sink, resumed: false, ...ends });
  return record.runId;
}

/** Runs the pod of a run as Kubernetes does; its exit code. */
async function podOf(
  runId: string,
  env: Record<string, string> = {},
  signal?: NodeJS.Signals,
): Promise<number | null> {
  const { worker, digest } = await callsBundle();
  const pod = {
    KT_STORE: localFileStore(dir).capabilities.url ?? '',
    KT_RUN: runId,
    KT_JOB: 'j',
    KT_WAVE: '1',
    KT_PODS: '0',
    KT_DIGEST: digest,
    KT_TERMINATION: join(dir, 'note'),
    JOB_COMPLETION_INDEX: '0',
    ...env,
  };
  const child = spawn(process.execPath, [worker], {
    env: { PATH: process.env['PATH'], ...pod },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.on('data', () => signal !== undefined && child.kill(signal));
  return new Promise(resolve => child.once('close', code => resolve(code)));
}

const fails = { function: 'calls.failsOn', args: { n: { $ref: 'item#' }, bad: [1] }, concurrency: 1 };

test.each<[string, Partial<KTJobInput>, number]>([
  ['all items have a result', { function: 'calls.square' }, 0],
  ['an item failed for good', fails, EXIT_CODE.failed],
  ['an item failed for good, and the job stops at the first', { ...fails, failFast: true }, EXIT_CODE.abort],
  ['a function called process.exit(0)', { function: 'calls.exitsWell' }, EXIT_CODE.early],
  ['a promise can no longer settle', { function: 'calls.forgets' }, EXIT_CODE.early],
  [
    'a function ended the process with a code of its own',
    { function: 'calls.dies', args: { how: 'exit', untilAttempt: 2 } },
    7,
  ],
])('a pod: %s', async (_, job, code) => {
  expect(await podOf(await waiting(job))).toBe(code);
});

test('a pod: its store fails, while all is read', async () => {
  const runId = await waiting({ function: 'calls.square' });
  await writeFile(join(dir, 'kt-metadata', runId, 'jobs/j/results'), 'in the way');
  expect(await podOf(runId)).toBe(EXIT_CODE.unstored);
});

test('a pod: a function goes on when all have returned - what it logs is kept, how it ends the process is nothing', async () => {
  const runId = await waiting({ function: 'calls.goesOn', args: {} });
  expect(await podOf(runId)).toBe(0);
  const logs = join(dir, 'kt-metadata', runId, 'jobs/j/logs');
  const files = (await readdir(logs, { recursive: true, withFileTypes: true })).filter(file => file.isFile());
  const texts = await Promise.all(files.map(file => readFile(join(file.parentPath, file.name), 'utf8')));
  expect(texts.join('').match(/said after the end/g)).toHaveLength(2);
});

/** Runs a pod that asks a controller for more, which has these to give. */
async function lane(
  job: Partial<KTJobInput>,
  { left, env = {} }: { left: number[]; env?: Record<string, string> },
): Promise<{ code: number | null; asked: AssignmentRequest[]; note: unknown; runId: string }> {
  const runId = await waiting({ items: [0, 1, 2, 3, 4, 5], itemsPerPod: 1, ...job });
  const asked: AssignmentRequest[] = [];
  await using server = await hintServer({
    host: '127.0.0.1',
    onHint: () => undefined,
    onAssign: request => Promise.resolve((asked.push(request), { pod: left.shift() ?? null })),
  });
  await localFileStore(dir).put(hintsKey(runId), Buffer.from(HINT_ADDRESS.text(server.address)));
  await writeFile(join(dir, 'note'), '');
  const code = await podOf(runId, { KT_PODS: '0-5', KT_LANES: '2', KT_WAVE: '3', ...env });
  return { code, asked, note: JSON.parse(await readFile(join(dir, 'note'), 'utf8')), runId };
}

test('a pod: it takes one thing to do after another, until none is left', async () => {
  const { code, asked, note, runId } = await lane({ function: 'calls.square' }, { left: [3, 5] });
  expect(code).toBe(0);
  const ask = { job: 'j', wave: 3, index: 0 };
  const done = [0, 3, 5].map(pod => ({ ...ask, done: { pod, last: 1 } }));
  expect(asked).toMatchObject(done);
  expect(note).toMatchObject({ begun: [], pod: 5, last: 1 });
  const manifest = await readManifest(localFileStore(dir), runId, 'j');
  if (manifest === null) throw new Error('no manifest');
  const tally = new JobTally(localFileStore(dir), manifest, () => undefined);
  await tally.refresh();
  expect(tally.openPods()).toEqual([1, 2, 4]);
});

test('a pod: one that was added later asks first', async () => {
  const env = { JOB_COMPLETION_INDEX: '4' };
  const { code, asked } = await lane({ function: 'calls.square' }, { left: [5], env });
  expect([code, asked.length]).toEqual([0, 2]);
  expect(asked[0]).toMatchObject({ job: 'j', wave: 3, index: 4 });
  expect(asked[0]?.done).toBeUndefined();
});

test('a pod: what failed earlier is in its exit code, and the first that stops the job ends it', async () => {
  const job = { ...fails, args: { n: { $ref: 'item#' }, bad: [0] } };
  const { code, asked } = await lane(job, { left: [1, 2] });
  expect([code, asked.length]).toEqual([EXIT_CODE.failed, 3]);
  const first = await lane({ ...job, failFast: true }, { left: [1, 2] });
  expect([first.code, first.asked.length]).toEqual([EXIT_CODE.abort, 0]);
});

test('a pod: it ends while it is at what it was given - its note says what that is', async () => {
  const { code, note } = await lane({ function: 'calls.exitsWell' }, { left: [1] });
  expect([code, note]).toMatchObject([EXIT_CODE.early, { begun: [1], pod: 1 }]);
});

test('a pod: told to stop', async () => {
  const runId = await waiting({ function: 'calls.saysAndWaits', args: {} });
  expect(await podOf(runId, {}, 'SIGTERM')).toBe(EXIT_CODE.stopped);
});

test.each([
  ['the store cannot be opened', { KT_STORE: 'nowhere://x' }, EXIT_CODE.broken],
  ['the run is unknown', { KT_RUN: 'unknown' }, EXIT_CODE.broken],
  ['the bundle is another one', { KT_DIGEST: 'another' }, EXIT_CODE.unfit],
  ['the environment is no pod’s', { KT_PODS: '' }, EXIT_CODE.broken],
])('a pod: %s', async (_, env, code) => {
  expect(await podOf('r', env)).toBe(code);
});

test('a worker: its driver is gone - it ends, with what it began', async () => {
  const { worker } = await callsBundle();
  const child = spawn(process.execPath, [worker], {
    env: { PATH: process.env['PATH'], KT_WORKER_STORE: 'mem:' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  child.stdio[3]?.destroy();
  expect(await new Promise(resolve => child.once('close', (_, signal) => resolve(signal)))).toBe('SIGKILL');
});

test.each([
  ['begun by nobody', {}, 'This file is the worker entry of a bundle'],
  ['the store cannot be opened', { KT_WORKER_STORE: 'nowhere://x' }, 'nowhere'],
])('a worker: %s', async (_, env: Record<string, string>, words) => {
  const { worker } = await callsBundle();
  const child = spawn(process.execPath, [worker], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await new Promise(resolve => child.once('close', code => resolve(code)))).toBe(EXIT_CODE.broken);
  expect(said).toContain(words);
});

/** Does a side job as Kubernetes does; its exit code, and what it printed where somebody reads that. */
async function sideJob(
  env: Record<string, string>,
  { isRead = true }: { isRead?: boolean } = {},
): Promise<{ code: number | null; printed: string }> {
  const controller = join((await callsBundle()).dir, 'controller.mjs');
  const child = spawn(process.execPath, [controller], {
    env: { PATH: process.env['PATH'], KT_TERMINATION: join(dir, 'note'), ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  if (isRead) child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  else child.stdout.destroy();
  return new Promise(resolve => child.once('close', code => resolve({ code, printed })));
}
const request = (runId: string): string =>
  READ_REQUEST.text({
    ...{ what: 'lines', runId, store: localFileStore(dir).capabilities.url ?? '', place: null },
    ...{ previous: false, after: { atMs: 0, count: 0 }, pageBytes: 1000 },
  });

test.each<[string, () => Promise<string>, RegExp]>([
  ['what was asked for', () => waiting({ function: 'calls.square' }), /"end":\{"count":0,"more":false\}/],
  ['that there is no such run', () => Promise.resolve('unknown'), /RUN_NOT_BEGUN/],
])('a reader: has printed %s', async (_, run, said) => {
  const { code, printed } = await sideJob({ KT_READ: request(await run()) });
  expect([code, printed]).toEqual([0, expect.stringMatching(said)]);
});

test('a reader: has printed that it does not understand the request', async () => {
  const { code, printed } = await sideJob({ KT_READ: '{' });
  expect([code, printed]).toEqual([0, expect.stringContaining('it is not JSON')]);
});

test('a reader: nobody reads what it prints', async () => {
  expect(await sideJob({ KT_READ: request('unknown') }, { isRead: false })).toMatchObject({
    code: EXIT_CODE.unread,
  });
});

test.each([
  ['is well', (): string => localFileStore(dir).capabilities.url ?? '', []],
  [
    'cannot be opened',
    (): string => 'nowhere://x',
    [{ verb: 'open', why: expect.stringContaining('nowhere') as string }],
  ],
])('a probe: has printed that the store %s', async (_, store, failures) => {
  const { code, printed } = await sideJob({ KT_PROBE: store() });
  expect([code, PROBE_REPORT.parse(printed, 'probe')]).toMatchObject([
    0,
    { store: { failures }, packages: [] },
  ]);
});

test('a launcher, a controller: outside of a cluster, where another may help', async () => {
  expect(await sideJob({ KT_LAUNCH: 'nightly' })).toMatchObject({ code: EXIT_CODE.broken });
  expect(await sideJob({})).toMatchObject({ code: EXIT_CODE.broken });
});

test('the entries - end by the table of exit codes, and by no number of their own', async () => {
  const codes = Object.values(EXIT_CODE);
  expect(new Set(codes).size).toBe(codes.length);
  const entries = ['pod', 'controller', 'run-controller', 'worker', 'reader', 'scheduled-run', 'probe'];
  for (const entry of entries) {
    const source = await readFile(
      join(import.meta.dirname, '../../packages/runtime/src/entry', `${entry}.ts`),
      'utf8',
    );
    expect(source.match(/process\.exit\(\d+\)/g) ?? []).toEqual([]);
  }
});
