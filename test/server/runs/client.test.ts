/** The client of the server: what it sends, what it tries again, and what it makes of odd answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServerClient } from '@kube-transform/server/client';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../kit/fake-clock.js';
import { stranger } from './stranger.js';

/** A client that waits for nothing but answers. */
const clientOf = (url: string, more: { token?: string; retryForMs?: number } = {}) =>
  new ServerClient({ url, clock: new FakeClock(ms => ms < 30_000), ...more });
const RUNS = JSON.stringify({ runs: [] });
const body = { params: {} };
const path = { pipeline: 'p' };

describe('a call', () => {
  test('is sent to the path that was meant, whatever a name has', async () => {
    const { url, asked } = await stranger(response => response.end('{}'));
    const client = clientOf(`${url}/kt/`, { token: 't' });
    for (const run of ['a/b', '..', '.', '', 'ä ?#%', '\ud800'])
      await client.ask('run', { path: { run } }).catch(() => undefined);
    await client
      .ask('runs', { query: { limit: 3, status: undefined, pipeline: 'a&b' } })
      .catch(() => undefined);
    expect(asked.map(request => request.url)).toEqual([
      ...['a%2Fb', '%00..', '%00.', '%00', '%C3%A4%20%3F%23%25', '%EF%BF%BD'].map(id => `/kt/runs/${id}`),
      '/kt/runs?limit=3&pipeline=a%26b',
    ]);
    expect(asked[0]?.headers.authorization).toBe('Bearer t');
  });

  test.each([429, 503])('that is told to wait by %i - is sent again, whatever it does', async status => {
    const { url, asked } = await stranger((response, nth) => {
      if (nth > 2) response.end(RUNS);
      else
        response.writeHead(status, { 'Retry-After': '1' }).end('{"error": "Slow down.", "code": "TOO_MANY"}');
    });
    expect(await clientOf(url).ask('runs', {})).toEqual({ runs: [] });
    expect(asked).toHaveLength(3);
    await expect(clientOf(url, { retryForMs: 500 }).ask('startRun', { path, body })).rejects.toMatchObject({
      code: 'BAD_ANSWER',
    });
  });

  test('whose connection breaks - is sent again where that does no harm', async () => {
    const { url, asked } = await stranger(response => response.destroy());
    const sent = async (call: () => Promise<unknown>): Promise<number> => {
      asked.length = 0;
      await expect(call()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
      return asked.length;
    };
    const client = clientOf(url, { retryForMs: 1000 });
    expect(await sent(() => client.ask('runs', {}))).toBe(3);
    expect(await sent(() => client.ask('startRun', { path, body }))).toBe(1);
    expect(await sent(() => client.ask('startRun', { path, body, idempotencyKey: 'k' }))).toBe(3);
    expect(await sent(() => client.ask('retryRun', { path: { run: 'a' } }))).toBe(1);
    expect(await sent(() => client.ask('cancelRun', { path: { run: 'a' } }))).toBe(3);
    expect(await sent(() => client.ask('runs', { retryForMs: 0 }))).toBe(1);
  });

  test('to a port where nobody listens - says so, at last', async () => {
    const closed = createServer();
    await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise(resolve => closed.close(resolve));
    for (const host of ['127.0.0.1', 'localhost'])
      await expect(clientOf(`http://${host}:${port}`).ask('runs', {})).rejects.toMatchObject({
        code: 'SERVER_UNREACHABLE',
        problems: [{ message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/) as string }],
      });
  });

  test('that is aborted - rejects with the reason, and is sent no more', async () => {
    const leaving = new AbortController();
    const { url, asked } = await stranger(response => {
      leaving.abort(new Error('left'));
      response.destroy();
    });
    await expect(clientOf(url).ask('runs', { signal: leaving.signal })).rejects.toThrow('left');
    expect(asked).toHaveLength(1);
  });

  test('that is refused - has every mistake with its place', async () => {
    const problems = [1, 2].map(n => ({
      code: 'BAD_PARAM',
      path: `params.p${n}`,
      message: 'No.',
      hint: 'Yes.',
    }));
    const { url } = await stranger(response =>
      response.writeHead(400).end(JSON.stringify({ error: 'No. No.', code: 'BAD_PARAM', problems })),
    );
    await expect(clientOf(url).ask('startRun', { path, body })).rejects.toMatchObject({ problems });
  });
});

test('types - are those of the routes', () => {
  const client = clientOf('http://127.0.0.1:1');
  const calls = (): unknown[] => [
    // @ts-expect-error the path has a run
    client.ask('run', {}),
    // @ts-expect-error no such route
    client.ask('rums', {}),
    // @ts-expect-error no such query
    client.ask('runs', { query: { state: 'Failed' } }),
    // @ts-expect-error a body has parameters by name
    client.ask('startRun', { path, body: { params: 5 } }),
    // @ts-expect-error it is told over time
    client.ask('followRun', { path: { run: 'a' } }),
    // @ts-expect-error it is not told over time
    client.stream('run', { path: { run: 'a' } }),
  ];
  expect(calls).toBeTypeOf('function');
});

describe('a stream', () => {
  const RUN = { path: { run: 'a' }, retryForMs: 0 };
  const stream = async (text: string, type = 'text/event-stream'): Promise<unknown[]> => {
    const { url } = await stranger(response => response.writeHead(200, { 'Content-Type': type }).end(text));
    const client = clientOf(url);
    const told: unknown[] = [];
    const all =
      type === 'text/event-stream' ? client.stream('followRunLogs', RUN) : client.stream('runLogs', RUN);
    try {
      for await (const one of all) told.push(one.event === 'end' ? one.data : one.event);
    } catch (error) {
      told.push((error as { code?: string }).code);
    }
    return told;
  };
  const NOTE = 'event: note\ndata: {"text": "x"}\n\n';
  const END = 'event: end\ndata: {"count": 0}\n\n';

  test.each([
    [`:\n\n${NOTE}${END}`, ['note', { count: 0 }]],
    [`${NOTE.replaceAll('\n', '\n')}event: newer\ndata: 5\n\n${END}${NOTE}`, ['note', { count: 0 }]],
    [`id: 5\nretry: 3\n${END}`, [{ count: 0 }]],
    [NOTE, ['note', 'SERVER_UNREACHABLE']],
    ['event: note\ndata: {"text": ', ['SERVER_UNREACHABLE']],
    ['', ['SERVER_UNREACHABLE']],
    ['event: note\ndata: {oops\n\n', ['BAD_ANSWER']],
    ['event: line\ndata: {"job": 5}\n\n', ['BAD_ANSWER']],
    ['event: error\ndata: {"error": "Gone.", "code": "RUN_DELETED"}\n\n', ['RUN_DELETED']],
    ['event: error\ndata: 5\n\n', ['BAD_ANSWER']],
  ])('of events %j', async (text, told) => {
    expect(await stream(text)).toEqual(told);
  });

  test.each([
    ['\n{"note": {"text": "x"}}\n\n{"end": {"count": 0}}\n', ['note', { count: 0 }]],
    ['{"note": {"text": "x"}}\n', ['note', 'SERVER_UNREACHABLE']],
    ['{"end": {"count": 0}}', [{ count: 0 }]],
    ['{"note"', ['BAD_ANSWER']],
    ['5\n', ['BAD_ANSWER']],
    ['{"error": {"error": "Gone.", "code": "RUN_DELETED"}}\n', ['RUN_DELETED']],
  ])('of lines %j', async (text, told) => {
    expect(await stream(text, 'application/x-ndjson')).toEqual(told);
  });

  test('that is silent for too long - is given up, and its connection ended', async () => {
    let ended: Promise<void> | undefined;
    const { url } = await stranger(response => {
      ended = new Promise(resolve => response.on('close', resolve));
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(NOTE);
    });
    const clock = new FakeClock();
    const told = new ServerClient({ url, clock }).stream('followRunLogs', RUN);
    expect((await told.next()).value).toMatchObject({ event: 'note' });
    const next = told.next();
    await clock.waitedFor(60_000);
    clock.advance(60_000);
    await expect(next).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await ended;
  });
});
