/** Ends of jobs that are told to a URL. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isUntold, JobRetention, readSettings } from '@kube-transform/server';
import { DONE, JOBS, OpenJobs } from '../open-jobs.js';
import { Looking, marksOf } from './looking.js';

const SECRETS = ['a', 'b'].map(letter => Buffer.from(letter.repeat(32)).toString('base64'));
const TOLD = 'kt.dev/end-told';
const FAILED = {
  startTime: '2024-01-01T00:00:00Z',
  conditions: [
    {
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
      lastTransitionTime: '2024-01-01T00:01:00Z',
    },
  ],
};

interface Heard {
  headers: IncomingHttpHeaders;
  text: string;
}

let opened: OpenJobs;
let hook: Server;
let heard: Heard[];
let answer: (response: ServerResponse) => void;
let servers: Looking[];
beforeEach(async () => {
  opened = await OpenJobs.open({ manager: { tellsEnds: true } });
  await opened.write('secret', `whsec_${SECRETS[0]}\n`);
  heard = [];
  answer = response => response.writeHead(204).end();
  hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk as Buffer));
    request.on('end', () => {
      heard.push({ headers: request.headers, text: Buffer.concat(chunks).toString() });
      answer(response);
    });
  });
  await new Promise<void>(resolve => hook.listen(0, '127.0.0.1', resolve));
  servers = [await begin()];
});
afterEach(async () => {
  hook.closeAllConnections();
  await new Promise(resolve => hook.close(resolve));
  for (const server of servers) await server.end();
  await opened.close();
});

const begin = (path = '/hook'): Promise<Looking> => {
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}${path}`;
  return Looking.begin(opened, { webhook: { url, secretPath: join(opened.dir, 'secret') } });
};
const server = (): Looking => servers[0]!;
const ended = async (status: object = DONE): Promise<string> => {
  const name = await opened.jobs.create('hello', {});
  opened.kube.storage.patch(JOBS, name, { status });
  return name;
};
const toldOf = (name: string): string => marksOf(opened, name)[TOLD]!;

describe('ET1: the end of a job', () => {
  test('is told once, signed, with what became of it', async () => {
    const runs = await opened.jobs.create('hello', {});
    const name = await ended(FAILED);
    await server().until(() => toldOf(name).startsWith('delivered'));
    server().clock.advance(5000);
    for (let i = 0; i < 40; i++) await server().look();
    expect(heard).toHaveLength(1);
    const [{ headers, text }] = heard as [Heard];
    expect(JSON.parse(text)).toEqual({
      type: 'job.failed',
      timestamp: '2024-01-01T00:01:00Z',
      data: {
        job_name: name,
        job_definition_name: 'hello',
        retry_of: null,
        state: 'Failed',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
        created_time: expect.any(String) as string,
        start_time: '2024-01-01T00:00:00Z',
        end_time: '2024-01-01T00:01:00Z',
      },
    });
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
    const digest = createHmac('sha256', 'a'.repeat(32)).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${digest}`);
    expect(toldOf(runs)).toBe('due');
    expect(server().told).toEqual([]);
  });

  test('that is not heard - is told again later with the same id, by another server too', async () => {
    answer = response => response.writeHead(500).end();
    const name = await ended();
    await server().until(() => server().told.length === 1);
    expect(toldOf(name)).toMatch(/^trying 1 \d+$/);
    await server().end();
    answer = response => response.writeHead(200).end('ok');
    servers = [await begin()];
    for (let i = 0; i < 40; i++) await server().look();
    expect(heard).toHaveLength(1);
    server().clock.advance(60_000);
    await server().until(() => toldOf(name).startsWith('delivered'));
    expect(heard).toHaveLength(2);
    expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('of several servers - is told by one of them', async () => {
    servers.push(await begin(), await begin());
    const names = await Promise.all(Array.from({ length: 30 }, () => ended()));
    for (let i = 0; i < 3000 && names.some(name => !toldOf(name).startsWith('delivered')); i++)
      await Promise.all(servers.map(one => one.look()));
    expect(heard).toHaveLength(30);
    expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(30);
    expect(servers.flatMap(({ told }) => told)).toEqual([]);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ['redirects', r => r.writeHead(302, { Location: '/other' }).end(), 'it answered 302'],
    ['hangs up', r => r.destroy(), 'socket hang up'],
    ['refuses', r => r.writeHead(401).end('x'.repeat(1e6)), 'it answered 401'],
  ])('who %s - has not heard it, and is asked nothing else', async (_, how, why) => {
    answer = how;
    const name = await ended();
    await server().until(() => server().told.length === 1);
    expect(server().told[0]).toContain(why);
    expect(toldOf(name)).toMatch(/^trying 1/);
    expect(heard).toHaveLength(1);
  });

  test('who does not answer - is waited for 10 s, and keeps no others', async () => {
    let first = true;
    answer = response => {
      if (!first) response.writeHead(204).end();
      first = false;
    };
    const [a, b] = [await ended(), await ended()];
    const names = [a, b];
    await server().until(() => names.some(name => toldOf(name).startsWith('delivered')));
    await server().until(() => server().clock.waiting.includes(10_000));
    server().clock.advance(10_000);
    await server().until(() => server().told.length === 1);
    expect(server().told[0]).toContain('no answer within 10 s');
  });

  test('who is gone - is not told again', async () => {
    answer = response => response.writeHead(410).end();
    const name = await ended();
    await server().until(() => toldOf(name).startsWith('given-up'));
    expect(heard).toHaveLength(1);
  });

  test('that nobody hears - is given up after eight attempts', async () => {
    answer = response => response.writeHead(503).end();
    const name = await ended();
    for (let attempt = 1; attempt <= 8; attempt++) {
      await server().until(() => server().told.filter(text => text.includes('answered')).length === attempt);
      server().clock.advance(8 * 3_600_000);
    }
    await server().until(() => toldOf(name).startsWith('given-up'));
    expect(heard).toHaveLength(8);
    expect(server().told.join(' ')).toContain('it is not told again');
  });

  test('that a wrong clock has put off by years - is told now', async () => {
    const name = await opened.jobs.create('hello', {});
    const annotations = { [TOLD]: 'trying 2 99999999999' };
    opened.kube.storage.patch(JOBS, name, { metadata: { annotations }, status: DONE });
    await server().until(() => toldOf(name).startsWith('delivered'));
    expect(heard).toHaveLength(1);
  });
});

test('secrets - are read again when they have changed, and all of them sign', async () => {
  await opened.write('secret', SECRETS.join(' '));
  const name = await ended();
  await server().until(() => toldOf(name).startsWith('delivered'));
  expect(String(heard[0]!.headers['webhook-signature']).split(' ')).toHaveLength(2);
});

test.each(['', 'whsec_', 'short', 'whsec_!!!!', Buffer.alloc(65).toString('base64')])(
  'a secret %j - is refused at the start',
  async text => {
    await opened.write('secret', text);
    await expect(begin()).rejects.toThrow('has a word that is none');
  },
);

test('retention - keeps what has not been told, for a day', async () => {
  await server().end();
  servers = [];
  const name = await ended();
  const { jobs, clock } = opened;
  const retention = new JobRetention({ jobs, retentionSec: 0, clock, isNeeded: isUntold });
  await retention.mark();
  expect(await retention.deleteDue()).toEqual([]);
  servers = [await begin()];
  await server().until(() => toldOf(name).startsWith('delivered'));
  expect(await retention.deleteDue()).toEqual([name]);
  await server().end();
  servers = [];
  const other = await ended();
  await retention.mark();
  clock.advance(86_000_000);
  expect(await retention.deleteDue()).toEqual([]);
  clock.advance(400_000);
  expect(await retention.deleteDue()).toEqual([other]);
});

test('settings - have a URL and a secret, or neither', () => {
  const needed = { JOB_SIGNATURE: 's', JOB_NAMESPACE: 'n', JOB_DEFINITIONS_CONFIG_PATH: '/d' };
  const URL = 'JOB_SERVER_WEBHOOK_URL';
  const SECRET = 'JOB_SERVER_WEBHOOK_SECRET_PATH';
  expect(readSettings(needed).webhook).toBeUndefined();
  expect(readSettings({ ...needed, [URL]: 'https://a/b', [SECRET]: '/s' }).webhook).toEqual({
    url: 'https://a/b',
    secretPath: '/s',
  });
  expect(() => readSettings({ ...needed, [URL]: 'https://a' })).toThrow(SECRET);
  for (const url of ['a', 'file:///etc/passwd', 'https://u:p@a'])
    expect(() => readSettings({ ...needed, [URL]: url, [SECRET]: '/s' })).toThrow('JOB_SERVER_WEBHOOK_URL');
});
