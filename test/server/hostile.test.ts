/** Requests of somebody who means no good, on a real port: each gets a sentence, and none makes anything. */
import { connect } from 'node:net';
import { request } from 'node:http';
import { systemClock } from '@kube-transform/runtime/internal';
import { listen, type ListeningServer } from '@kube-transform/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JOBS, OpenJobs } from './open-jobs.js';

let opened: OpenJobs;
let server: ListeningServer;
let port: number;
beforeAll(async () => {
  opened = await OpenJobs.open({
    app: { perSec: 1e6, maxBodyBytes: 10_000 },
  });
  server = await listen(opened.app, {
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    headMs: 500,
    requestMs: 1000,
  });
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.close(0);
  await opened.close();
});

/** What comes back on a connection that these bytes were sent on, when the server has ended it. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    socket.setEncoding('utf8').on('data', chunk => (got += String(chunk)));
    socket.on('close', () => resolve(got)).on('error', error => (got === '' ? reject(error) : resolve(got)));
    socket.write(text);
  });

interface Said {
  status: number;
  text: string;
}

/** Sends a request whose path nobody tidies. */
const send = (
  method: string,
  path: string,
  { body, headers = {} }: { body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<Said> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method, path, headers }, answer => {
      let text = '';
      answer.setEncoding('utf8').on('data', chunk => (text += String(chunk)));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on('error', reject);
    asking.end(body);
  });

const isSentence = ({ status, text }: Said): void => {
  expect(status, text).toBeGreaterThanOrEqual(400);
  expect(status, text).toBeLessThan(500);
  expect((JSON.parse(text) as { error: string }).error).toMatch(/\w+ \w+.*[.!?]$/s);
};
const JSON_TYPE = { 'content-type': 'application/json' };

describe('hostile requests', () => {
  test.each([
    '{',
    '',
    'null',
    '[]',
    '"x"',
    '1',
    '{}',
    '{"job_definition_name": 5}',
    '{"job_definition_name": null}',
    '{"job_definition_name": ["hello"]}',
    '{"job_definition_name": "../hello"}',
    '{"job_definition_name": "__proto__"}',
    '{"job_definition_name": "constructor"}',
    '{"job_definition_name": "hello"',
    '{"job_definition_name": "hello"}}',
    '{"a": NaN, "job_definition_name": "hello"}',
    `{"job_definition_name": "hello", "a": ${'['.repeat(4000)}${']'.repeat(4000)}}`,
    `{"job_definition_name": "${'x'.repeat(9000)}"}`,
    '\u0000',
    '--- {job_definition_name: hello}',
  ])('the body %j', async body => {
    isSentence(await send('POST', '/jobs', { body, headers: JSON_TYPE }));
  });

  test.each<Record<string, string>>([
    {},
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/jsonx' },
  ])('a body of %j - is no JSON', async headers => {
    const said = await send('POST', '/jobs', { body: '{"job_definition_name": "hello"}', headers });
    expect(said.status).toBe(415);
    isSentence(said);
  });

  test('a body that is too large - by its length or by its bytes', async () => {
    const body = Buffer.alloc(11_000, 32);
    for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }] as Record<
      string,
      string
    >[]) {
      const said = await send('POST', '/jobs', { body, headers });
      expect(said.status).toBe(413);
      isSentence(said);
    }
  });

  test.each([
    '..',
    '%2e%2e',
    '%2E%2E',
    '.%2e',
    '%2e',
    'a%2f..%2f..',
    '%00',
    '%0a',
    'A',
    '%ff',
    '%',
    '%zz',
    '..%5c',
    'a%20b',
    '%252e%252e',
    'x'.repeat(300),
    '%F0%9F%98%80',
  ])('the name %j - reaches nothing', async name => {
    const before = opened.kube.asked.length;
    for (const [method, rest] of [
      ['GET', '/status'],
      ['GET', '/logs'],
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/retry'],
      ['GET', '/items'],
      ['GET', '/logs/follow'],
    ] as const) {
      const said = await send(method, `/jobs/${name}${rest}`);
      // Where a name is tidied away, the path may be one of ours: /jobs, which asks for the list of our own.
      if (said.status !== 200) isSentence(said);
    }
    for (const { path } of opened.kube.asked.slice(before))
      expect(path).toMatch(new RegExp(`^${JOBS}(/(status|logs|items|retry)/status)?$`));
  });

  test.each([
    '/jobs/',
    '//jobs',
    '/jobs//status',
    '/JOBS',
    '/jobs;x',
    '/jobs/a/b/c',
    '/',
    '/..',
    '/.git/config',
    '/jobs%2f',
    '/%6aobs%00',
  ])('the path %j', async path => {
    isSentence(await send('GET', path));
  });

  test.each(['PUT', 'PATCH', 'TRACE', 'PROPFIND', 'LOCK', 'PURGE', 'DELETE'])(
    'the method %s',
    async method => {
      const said = await send(method, '/jobs');
      expect(said.status).toBe(405);
      isSentence(said);
    },
  );

  test.each([
    'label=a',
    'label=a=b,c=d',
    'label==',
    'label=a%0ab=c',
    'job_definition_name=a,b',
    'job_definition_name=%00',
  ])('the query %s', async query => {
    isSentence(await send('GET', `/jobs?${query}`));
  });

  test.each(['array_size=0', 'array_size=-1', 'array_size=1e9', 'array_size=', 'array_size=NaN'])(
    'the query %s',
    async query => {
      isSentence(
        await send('POST', `/jobs?${query}`, {
          body: '{"job_definition_name": "hello"}',
          headers: JSON_TYPE,
        }),
      );
    },
  );

  test.each(['', 'a b', 'x'.repeat(300), 'ä'])('the key %j', async key => {
    isSentence(
      await send('POST', '/jobs', {
        body: '{"job_definition_name": "hello"}',
        headers: { ...JSON_TYPE, 'idempotency-key': Buffer.from(key).toString('latin1') },
      }),
    );
  });

  test.each<[string, string, number]>([
    [
      'headers without end',
      `GET /jobs HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 500 }, (_, i) => `X-${i}: ${'y'.repeat(50)}\r\n`).join('')}\r\n`,
      431,
    ],
    ['no HTTP', 'HELLO\r\n\r\n', 400],
    ['a name and no value', 'GET /jobs HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400],
    [
      'two lengths',
      'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
      400,
    ],
    [
      'a length and chunks',
      'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a head that does not end', 'GET /jobs HTTP/1.1\r\nHost: x\r\n', 408],
    [
      'a body that does not end',
      'POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      408,
    ],
  ])('%s', async (_, text, status) => {
    const got = await raw(text);
    expect(got).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    isSentence({ status, text: got.slice(got.indexOf('\r\n\r\n') + 4) });
  });

  test('none of them - has made anything', () => {
    expect(opened.created()).toEqual([]);
    expect(opened.told).toEqual([]);
  });
});
