/** Runs over HTTP: what each request answers, who may ask it, and what strangers get. */
import { createHash } from 'node:crypto';
import { KtError } from '@kube-transform/sdk';
import { readTokens, type ServedRuns, type StartRequest } from '@kube-transform/server';
import { afterEach, describe, expect, test } from 'vitest';
import { completed, failed, FAILED, LINES, running } from '../../kit/backends/memory-bench.js';
import { MemoryBackend } from '../../kit/backends/memory-backend.js';
import { servedRuns } from '../../kit/backends/server-bench.js';
import { undocumented } from '../documented.js';
import { OpenJobs, type OpenOptions } from '../open-jobs.js';

let opened: OpenJobs;
afterEach(() => opened.close());

const started: StartRequest[] = [];
const submitted = { context: 'ctx', namespace: 'jobs', digest: 'd1', version: 'v1' };
async function openRuns(
  more: OpenOptions['app'] = {},
  served: Partial<ServedRuns> = {},
): Promise<MemoryBackend> {
  const backend = new MemoryBackend();
  backend.set(failed('flaky-1'), { lines: LINES, failed: FAILED });
  backend.set(completed('flaky-2'));
  backend.set(running('flaky-3'));
  started.length = 0;
  const runs: ServedRuns = {
    ...servedRuns(backend),
    pipelines: () => Promise.resolve([{ name: 'flaky', version: 'v1' }]),
    start: async request => {
      started.push(request);
      return { run: await backend.find('flaky-3'), submitted };
    },
    repeat: async (run, { key }) => {
      const again = await backend.retry(run);
      if (key !== undefined) started.push({ pipeline: run.runId, params: {}, key });
      return { run: again.run, submitted };
    },
    ...served,
  };
  opened = await OpenJobs.open({ app: { perSec: 1e6, runs, ...more } });
  return backend;
}
const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  opened.ask(method, path, body, headers);
/** The lines of an answer, each as documented. */
async function linesOf(path: string): Promise<Record<string, unknown>[]> {
  const answer = await opened.app.request(path);
  const type = answer.headers.get('content-type') ?? '';
  const lines = (await answer.text()).split('\n').filter(line => line !== '');
  const values = lines.map(line => JSON.parse(line) as Record<string, unknown>);
  for (const value of values)
    expect(undocumented({ method: 'GET', url: path, status: answer.status }, value, type)).toEqual([]);
  return values;
}

describe('runs', () => {
  test('are listed, found and shown, with steps, failures and result', async () => {
    await openRuns();
    expect((await ask('GET', '/pipelines')).json).toEqual({ pipelines: [{ name: 'flaky', version: 'v1' }] });
    const idsOf = async (query: string): Promise<unknown> => {
      const { json } = await ask('GET', `/runs${query}`);
      return (json['runs'] as { runId: string }[]).map(({ runId }) => runId);
    };
    expect(await idsOf('')).toEqual(['flaky-3', 'flaky-2', 'flaky-1']);
    expect(await idsOf('?status=Failed')).toEqual(['flaky-1']);
    expect(await idsOf('?limit=2')).toEqual(['flaky-3', 'flaky-2']);
    expect(await idsOf('?pipeline=other')).toEqual([]);
    expect((await ask('GET', '/find-run?run=latest')).json).toMatchObject({ runId: 'flaky-3', source: null });
    expect((await ask('GET', '/runs/flaky-2')).json).toMatchObject({ status: 'Completed', result: 5 });
    expect((await ask('GET', '/runs/flaky-1')).json).toMatchObject({
      status: 'Failed',
      jobs: [{ name: 'list' }, { name: 'work', failed: 2, cause: { kind: 'ItemsFailed' } }, {}],
      failures: [{ count: 2, examples: [{ item: 1 }, { item: 4 }] }],
    });
  });

  test('logs and failures - are lines of JSON, the last of which says that all were told', async () => {
    await openRuns();
    const lines = await linesOf('/runs/flaky-1/logs?step=work/4');
    expect(lines.slice(0, -1)).toMatchObject([{ line: { attempt: 1 } }, { line: { attempt: 2 } }]);
    expect(lines.at(-1)).toEqual({ end: { count: 2 } });
    expect(await linesOf('/runs/flaky-1/failures')).toMatchObject([
      { failed: { item: 1, cause: { kind: 'Threw' } } },
      { failed: { item: 4, lines: [{ attempt: 2 }] } },
      { end: { count: 2 } },
    ]);
    expect((await ask('GET', '/runs/flaky-1/logs?step=wrok')).json.code).toBe('UNKNOWN_JOB');
    expect((await ask('GET', '/runs/flaky-1/logs?step=work/9')).status).toBe(404);
    expect((await ask('GET', '/runs/flaky-1/logs?previous=perhaps')).status).toBe(400);
  });

  test('what fails in the midst of logs - is said in the last line', async () => {
    const broken = async function* () {
      yield LINES[0]!;
      throw new KtError({ code: 'LOGS_CUT', path: '', message: 'They were cut.' });
    };
    await openRuns({}, { logs: broken });
    expect(await linesOf('/runs/flaky-1/logs')).toMatchObject([
      { line: {} },
      { error: { code: 'LOGS_CUT', error: 'They were cut.' } },
    ]);
  });

  test('a run is begun with its parameters and its key, repeated and cancelled', async () => {
    await openRuns();
    const body = { params: { day: 3, 'odd name': [null] }, version: 'v1', runId: 'mine' };
    const { json } = await ask('POST', '/pipelines/a%2Fb/runs', body, { 'idempotency-key': 'k' });
    expect(json).toMatchObject({ runId: 'flaky-3', version: 'v1', namespace: 'jobs' });
    expect(started).toEqual([{ pipeline: 'a/b', key: 'k', ...body }]);
    expect(
      (await ask('POST', '/runs/flaky-1/retry', undefined, { 'idempotency-key': 'r' })).json,
    ).toMatchObject({
      runId: 'flaky-1-again',
    });
    expect(started.at(-1)?.key).toBe('r');
    expect((await ask('POST', '/runs/flaky-2/retry')).json.code).toBe('NOTHING_FAILED');
    expect((await ask('POST', '/runs/flaky-3/retry')).status).toBe(409);
    expect((await ask('POST', '/runs/flaky-3/cancel?waitSec=1')).json).toEqual({
      ...{ runId: 'flaky-3', ended: true, pods: [], waiting: null },
    });
    expect((await ask('POST', '/runs/flaky-2/cancel')).json.code).toBe('RUN_OVER');
    expect((await ask('POST', '/runs/flaky-3/cancel?waitSec=31')).status).toBe(400);
  });

  test('what is old is deleted, or told of', async () => {
    const backend = await openRuns();
    const gc = { olderThanMs: 0, dryRun: true, interrupted: false };
    const { json } = await ask('POST', '/gc', { ...gc, nowMs: 1_800_000_000_000 });
    expect(json['deleted']).toEqual([
      { kind: 'run', name: 'flaky-2', bytes: 1000 },
      { kind: 'run', name: 'flaky-1', bytes: 1000 },
    ]);
    expect(backend.asked.collect).toEqual({ ...gc, keep: 0, nowMs: 1_800_000_000_000 });
    await ask('POST', '/gc', gc);
    expect(backend.asked.collect?.nowMs).toBe(opened.clock.nowMs());
    expect((await ask('POST', '/gc', { olderThanMs: -1 })).status).toBe(400);
  });

  test('what changes or shows a run - takes its whole id, and nothing else', async () => {
    const backend = await openRuns();
    backend.set(running('only'));
    for (const typed of ['onl', 'latest', 'flaky', 'ONLY', 'only%20'])
      for (const [method, path] of [
        ['GET', `/runs/${typed}`],
        ['POST', `/runs/${typed}/cancel`],
        ['POST', `/runs/${typed}/retry`],
        ['GET', `/runs/${typed}/events/follow`],
      ] as const)
        expect([typed, (await ask(method, path)).json.code]).toEqual([typed, 'UNKNOWN_RUN']);
    expect((await ask('GET', '/runs/onl')).json.hint).toContain('"only"');
    expect((await ask('GET', '/find-run?run=flaky')).json.code).toBe('AMBIGUOUS_RUN');
    expect(backend.asked.cancel).toBeUndefined();
  });

  test.each([
    '..',
    '%2e%2e',
    'a%2f..%2f..',
    '%00',
    '%0a',
    '%ff',
    '%',
    '..%5c',
    '%252e',
    'x'.repeat(300),
    '%F0%9F%98%80',
    '__proto__',
    'constructor',
  ])('the id %j - reaches nothing', async id => {
    await openRuns();
    for (const rest of ['', '/logs', '/failures', '/logs/follow', '/events/follow'])
      expect((await ask('GET', `/runs/${id}${rest}`)).status).toBe(404);
    for (const rest of ['/cancel', '/retry'])
      expect((await ask('POST', `/runs/${id}${rest}`)).status).toBe(404);
  });

  test.each([
    '',
    'null',
    '[]',
    '{"params": []}',
    '{"params": "x"}',
    '{"param": {}}',
    '{"runId": 5}',
    '{"version": null}',
    `{"params": {"a": ${'['.repeat(4000)}${']'.repeat(4000)}}}`,
    `{"params": ${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}}`,
  ])('the body %# - begins nothing', async body => {
    await openRuns();
    const { status, json } = await ask('POST', '/pipelines/flaky/runs', body);
    expect([status, json.code]).toEqual([400, 'BAD_REQUEST']);
    expect(started).toEqual([]);
  });

  test('large parameters - up to the size of a body', async () => {
    await openRuns({ maxBodyBytes: 100_000 });
    const params = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]));
    expect((await ask('POST', '/pipelines/flaky/runs', { params })).status).toBe(200);
    expect(started[0]?.params).toEqual(params);
    expect((await ask('POST', '/pipelines/flaky/runs', { params: { a: 'x'.repeat(1e5) } })).status).toBe(413);
  });

  test('a server that serves no runs - says so', async () => {
    opened = await OpenJobs.open();
    for (const [method, path] of [
      ['GET', '/runs'],
      ['GET', '/pipelines'],
      ['GET', '/runs/a/logs'],
      ['POST', '/runs/a/cancel'],
      ['GET', '/runs/a/events/follow'],
    ] as const)
      expect((await ask(method, path)).json).toMatchObject({
        code: 'RUNS_NOT_SERVED',
        hint: expect.stringContaining('JOB_SERVER_RUNS') as string,
      });
  });

  test('scopes - read looks, submit begins and repeats, admin ends and deletes', async () => {
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const scopes = ['read', 'submit', 'admin'];
    const list = scopes.map(one => ({ name: one, sha256: sha256(one), scopes: [one] }));
    await openRuns({ callerOf: readTokens(JSON.stringify(list), 'tokens') });
    const mayDo = async (method: string, path: string, body?: object): Promise<string[]> => {
      const may: string[] = [];
      for (const token of [...scopes, 'nobody']) {
        const { status } = await ask(method, path, body, { authorization: `Bearer ${token}` });
        if (status !== 401 && status !== 403) may.push(token);
      }
      return may;
    };
    for (const path of [
      '/pipelines',
      '/runs',
      '/find-run',
      '/runs/x',
      '/runs/x/logs',
      '/runs/x/events/follow',
    ])
      expect([path, await mayDo('GET', path)]).toEqual([path, ['read', 'admin']]);
    expect(await mayDo('POST', '/pipelines/flaky/runs', {})).toEqual(['submit', 'admin']);
    expect(await mayDo('POST', '/runs/x/retry')).toEqual(['submit', 'admin']);
    expect(await mayDo('POST', '/runs/x/cancel')).toEqual(['admin']);
    expect(await mayDo('POST', '/gc', { olderThanMs: 1, dryRun: true })).toEqual(['admin']);
  });
});
