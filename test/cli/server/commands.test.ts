/** `kt … --server`: the commands about runs on a job server, and what they refuse. */
import { createHash } from 'node:crypto';
import { readTokens, type ServedRuns, type StartRequest } from '@kube-transform/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { completed, failed, FAILED, LINES, running } from '../../kit/backends/memory-bench.js';
import { MemoryBackend } from '../../kit/backends/memory-backend.js';
import { reach, type Reached, servedRuns } from '../../kit/backends/server-bench.js';
import { expectMistake, project, runKt } from '../../kit/kt.js';
import { stranger } from '../../server/runs/stranger.js';

const DAY = {
  type: 'object',
  properties: { day: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
  required: ['day'],
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const started: StartRequest[] = [];
let runs: MemoryBackend;
let reached: Reached;
let url: string;
let dir: string;
const served = (): ServedRuns => ({
  ...servedRuns(runs),
  pipelines: async () => [{ name: 'flights', version: 'v1' }],
  pipeline: async name => {
    if (name !== 'flights') return servedRuns(runs).pipeline(name);
    return { name, version: 'v1', params: DAY, defaults: null, schedules: [] };
  },
  start: async request => {
    started.push(request);
    runs.set({ ...completed(request.runId ?? 'flights-1'), createdMs: 1_800_000_000_000 });
    return {
      run: await runs.find(request.runId ?? 'flights-1'),
      submitted: { context: 'ctx', namespace: 'ns', digest: 'd1', version: 'v1' },
    };
  },
  repeat: async run => ({
    run: (await runs.retry(run)).run,
    submitted: { context: 'ctx', namespace: 'ns', digest: 'd1' },
  }),
});

beforeEach(async () => {
  started.length = 0;
  runs = new MemoryBackend({ name: 'ctx/ns' });
  runs.set(failed('alpha'), { lines: LINES, failed: FAILED });
  runs.set(completed('beta'));
  reached = await reach(served());
  url = reached.server.url;
  dir = await project();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await reached[Symbol.asyncDispose]();
});
const kt = (...args: string[]) => runKt(dir, args);
const onServer = (...args: string[]) => runKt(dir, [...args, '--server', url]);

test('kt runs, status, logs, retry, cancel, gc - of a server', async () => {
  expect((await onServer('runs')).out).toMatch(/^RUN .*\nbeta .*Completed.*\nalpha .*Failed/);
  expect(JSON.parse((await onServer('status', 'latest', '--json')).out)).toMatchObject({ runId: 'beta' });
  expect((await onServer('status', 'al')).out).toContain('no answer from host-');
  expect((await onServer('logs', 'alpha', 'work/4')).out.trim().split('\n')).toHaveLength(2);
  expect((await onServer('logs', 'alpha', '--failed')).out).toContain('no answer from host-4');
  expect((await onServer('status', 'alpha', '--follow')).code).toBe(1);
  const again = await onServer('retry', 'alpha', '--failed');
  expect(again.out).toMatch(/^Submitted alpha-again to namespace ns of ctx/);
  expect((await onServer('cancel', 'alpha-again')).out).toContain('is Cancelled');
  const gone = await onServer('gc', '--keep', '1', '--json');
  expect(gone.code).toBe(0);
  expect((await onServer('runs', '--json')).out).not.toContain('beta');
});

test('kt submit - begins a run of what is deployed, with its parameters as flags', async () => {
  const { code, out } = await onServer(
    'submit',
    'flights',
    '--day',
    '3',
    '--tags',
    'a',
    'b',
    '--run-id',
    'mine',
  );
  expect(code).toBe(0);
  expect(out).toMatch(/^Submitted mine to namespace ns of ctx.*version v1/);
  const [request] = started;
  expect(request).toMatchObject({ pipeline: 'flights', runId: 'mine', params: { day: 3, tags: ['a', 'b'] } });
  expect(request?.key).toMatch(/^[\w-]{36}$/);
  expect((await onServer('submit', 'flights', '--day', '3', '--follow')).code).toBe(0);
  expectMistake(await onServer('submit', 'flights', '--dya', '3'), /--day/);
  expectMistake(await onServer('submit', 'flihgts'), /not_deployed/i);
  expectMistake(await onServer('submit', 'pipelines/flights.ts'), /is a file.*flights/s);
  expectMistake(
    await onServer('submit', 'flights', '--image', 'x'),
    /--image says how a run is made from here/,
  );
  expectMistake(await onServer('submit', 'flights', '--source'), /--source says/);
  expectMistake(await onServer('submit', '--resume', 'alpha'), /--resume says/);
  expectMistake(await onServer('submit', 'flights', '--functions', 'x.ts'), /--functions says/);
  expectMistake(await onServer('submit'), /No pipeline was named/);
});

test('kt submit --help - tells the parameters of what is deployed, of which nothing is here', async () => {
  const { code, out } = await onServer('submit', 'flights', '--help');
  expect(code).toBe(0);
  expect(out).toMatch(/--server.*Parameters of "flights":\n +--day <integer>.*\n +--tags/s);
  expect((await onServer('submit', '--help')).out).not.toContain('Parameters');
  expectMistake(await onServer('submit', 'flihgts', '--help'), /not_deployed/i);
  expectMistake(await onServer('submit', 'pipelines/flights.ts', '--help'), /is a file/);
  expect(started).toEqual([]);
});

test('what a server does not do - is refused with what does', async () => {
  expectMistake(await onServer('debug', 'alpha', 'work/4'), /starts no pod.*--context/s);
  expectMistake(await onServer('retry', 'alpha', '--failed', '--jobs', '2'), /--jobs says/);
  expectMistake(await onServer('retry', 'alpha', '--failed', '--functions', 'x.ts'), /--functions says/);
  expectMistake(await onServer('cancel', 'beta'), /RUN_OVER/);
  expectMistake(await onServer('status', 'alhpa'), /UNKNOWN_RUN.*"alpha"/s);
  expectMistake(await onServer('logs', 'alpha', 'wrok'), /UNKNOWN_JOB/);
});

test('two places at once - are refused; what is typed goes before KT_SERVER', async () => {
  for (const [flag, value] of [
    ['--store', 'mem:'],
    ['--context', 'prod'],
    ['-n', 'jobs'],
    ['--kubeconfig', 'x'],
  ] as const)
    expectMistake(await onServer('runs', flag, value), /BAD_OPTIONS.*--server means runs of a job server/s);
  vi.stubEnv('KT_SERVER', url);
  expect((await kt('runs', '--json')).out).toContain('"beta"');
  expect((await kt('runs', '--store', 'mem:')).out).toContain('no runs in this store');
  vi.stubEnv('KT_SERVER', 'nonsense');
  expectMistake(await kt('runs'), /KT_SERVER is to be a URL/);
});

test.each([
  ['jobs.example', /is to be a URL such as https/],
  ['ftp://jobs.example', /is to be a URL/],
  ['http://me:secret@jobs.example', /KT_SERVER_TOKEN/],
  ['http://jobs.example/?token=secret', /after a "\?"/],
  ['secret://me:secret@x', /is to be a URL/],
])('the URL %s - is refused, and nothing secret is repeated', async (typed, words) => {
  const ended = await kt('runs', '--server', typed);
  expectMistake(ended, words);
  expect(ended.err).not.toContain('me:secret');
});

test('a token - comes from KT_SERVER_TOKEN; without a right one nothing is told', async () => {
  await reached[Symbol.asyncDispose]();
  const tokens = [{ name: 'me', sha256: sha256('right'), scopes: ['read'] }];
  reached = await reach(served(), { app: { callerOf: readTokens(JSON.stringify(tokens), 't') } });
  url = reached.server.url;
  expectMistake(await onServer('runs'), /NO_TOKEN.*KT_SERVER_TOKEN/s);
  vi.stubEnv('KT_SERVER_TOKEN', 'wrong');
  expectMistake(await onServer('runs'), /NO_TOKEN.*KT_SERVER_TOKEN/s);
  vi.stubEnv('KT_SERVER_TOKEN', 'right\n');
  expectMistake(await onServer('runs'), /BAD_TOKEN.*line break/s);
  vi.stubEnv('KT_SERVER_TOKEN', 'right');
  expect((await onServer('runs')).code).toBe(0);
  expectMistake(await onServer('cancel', 'alpha'), /MISSING_SCOPE.*"admin"/s);
});

test.each([
  [200, {}, '<html>', 'BAD_ANSWER', 2],
  [200, {}, '{"runs": 5}', 'BAD_ANSWER', 2],
  [404, {}, 'not here', 'NO_JOB_SERVER', 2],
  [401, {}, '', 'NO_JOB_SERVER', 2],
  [302, { location: 'https://elsewhere.example/' }, '', 'NO_JOB_SERVER', 2],
] as const)('what answers %i %j %j - is told as none of ours', async (status, head, body, code, exit) => {
  const other = await stranger(response => void response.writeHead(status, head).end(body));
  vi.stubEnv('KT_SERVER_TOKEN', 'right');
  const ended = await kt('runs', '--server', other.url);
  expect(ended.err).toMatch(new RegExp(`^error ${code}  .*${other.url.replaceAll('.', '\\.')}`));
  expect(ended.code).toBe(exit);
  expect(other.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer right']);
});

test('a run that goes on - is followed until Ctrl-C or its end', async () => {
  runs.set(running('gamma'));
  const following = onServer('status', 'gamma', '--follow');
  const logs = onServer('logs', 'gamma', '--follow', '--json');
  runs.set(completed('gamma'), { lines: LINES.slice(0, 2) });
  expect((await following).code).toBe(0);
  expect((await logs).out.trim().split('\n')).toHaveLength(2);
});
