/** `kt doctor --no-cluster` on servers: what is well, what is refused, and what is left: nothing. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../../packages/cli/src/checks/finding.js';
import { openStore } from '../../../packages/runtime/src/open-store.js';
import { collect } from '../../kit/collect.js';
import { BIN, kt } from '../../kit/kt.js';
import { hasServers, newPlace, openPlace } from '../servers.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-doctor-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function look(url: string): Promise<{ found: Finding[]; code: number | null }> {
  const { out, err, code } = await kt(dir, ['doctor', '--no-cluster', '--store', url, '--json']);
  expect(err).toBe('');
  return { found: JSON.parse(out) as Finding[], code };
}
const keysIn = async (url: string): Promise<string[]> => {
  await using store = await openStore(url);
  const entries = await collect(store.list(''));
  return entries.map(entry => (entry.type === 'object' ? entry.object.key : entry.prefix));
};
const linesOf = (found: readonly Finding[]): Record<string, string> =>
  Object.fromEntries(found.map(({ check, outcome, message }) => [check, `${outcome} ${message}`]));

/** A proxy that answers some requests itself. */
async function between(
  target: string,
  answer: (method: string, url: string, headers: NodeJS.Dict<string | string[]>) => number | undefined,
): Promise<AsyncDisposable & { url: string; setBackMs: number }> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const status = answer(method, url, headers);
    if (status !== undefined) {
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
      return;
    }
    const onward = request({ hostname, port, method, path: url, headers }, response => {
      const changed = { ...response.headers };
      const modified = changed['last-modified'];
      if (modified !== undefined && self.setBackMs > 0)
        changed['last-modified'] = new Date(Date.parse(modified) - self.setBackMs).toUTCString();
      outgoing.writeHead(response.statusCode ?? 500, changed);
      response.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>(resolve => server.listen(0, hostname, resolve));
  const self = {
    url: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    setBackMs: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return self;
}
const endpointOf = (url: string): string => new URLSearchParams(url.split('?')[1]).get('endpoint') ?? '';
const through = (url: string, proxy: string): string => {
  const [place = ''] = url.split('?');
  return `${place}?${new URLSearchParams({ endpoint: proxy }).toString()}`;
};

test('a folder - is tried as well, and is as it was', async () => {
  const { found, code } = await look('file:data');
  expect(linesOf(found)).toEqual({
    store:
      'ok This machine can list, get, put, put if absent, replace if match, delete and copy in file:data.',
    'store clock': "ok The store's clock and the clock of this machine agree.",
    'store speed': expect.stringMatching(
      /^ok 100 puts of this machine, ten at a time, took \d+ ms/,
    ) as string,
  });
  expect(code).toBe(0);
  expect(await keysIn(`file:${join(dir, 'data')}`)).toEqual([]);
  expect((await readdir(join(dir, 'data'), { recursive: true })).filter(name => /doctor/.test(name))).toEqual(
    [],
  );
});

test('no server - is the one problem', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
  const { found, code } = await look('s3://bucket?endpoint=http://127.0.0.1:9');
  vi.unstubAllEnvs();
  expect(found).toMatchObject([
    {
      outcome: 'problem',
      message: expect.stringMatching(/^This machine cannot use the store s3:.*ECONNREFUSED/) as string,
      remedy: expect.stringContaining('No server listens there') as string,
    },
  ]);
  expect(code).toBe(3);
});

const SERVERS = ['azurite', ...(hasServers ? ['s3', 'rgw', 'gcs'] : [])];
test.each(SERVERS)('%s - can do all; nothing is left', async name => {
  await using place = await openPlace(name);
  const { found, code } = await look(place.url);
  expect(found.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expect([found.length, code]).toEqual([3, 0]);
  expect(await keysIn(place.url)).toEqual([]);
});

describe.skipIf(!hasServers)('on a server', () => {
  test.each<[string, (method: string, url: string, headers: NodeJS.Dict<string | string[]>) => boolean]>([
    ['list', (method, url) => method === 'GET' && url.includes('list-type')],
    ['get', (method, url) => method === 'GET' && !url.includes('list-type')],
    ['put if absent', (_, _url, headers) => headers['if-none-match'] !== undefined],
    ['replace if match', (method, _, headers) => method === 'PUT' && headers['if-match'] !== undefined],
    ['copy', (_, _url, headers) => headers['x-amz-copy-source'] !== undefined],
  ])('who may not %s - is told that, and nothing else', async (verb, isRefused) => {
    const url = newPlace('s3');
    await using proxy = await between(endpointOf(url), (...asked) => (isRefused(...asked) ? 403 : undefined));
    const { found, code } = await look(through(url, proxy.url));
    const problems = found.filter(({ outcome }) => outcome === 'problem');
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(`This machine cannot ${verb} in s3://`);
    expect(problems[0]?.message).toContain('Access Denied (AccessDenied, 403)');
    expect(problems[0]?.remedy).toContain('Give these credentials the rights');
    expect(code).toBe(3);
    expect(await keysIn(url)).toEqual([]);
  });

  test('who may not delete - is told what stays', async () => {
    const url = newPlace('s3');
    await using proxy = await between(endpointOf(url), (method, path) =>
      method === 'DELETE' || path.includes('delete') ? 403 : undefined,
    );
    const { found } = await look(through(url, proxy.url));
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^This machine cannot delete in s3:/),
      expect.stringMatching(/^"kt-metadata\/\.doctor-\w+\/one" could not be deleted/),
      expect.stringMatching(/^"kt-metadata\/\.doctor-\w+\/two" could not be deleted/),
      expect.stringContaining('agree'),
    ]);
    expect(await keysIn(url)).toHaveLength(2);
  });

  test.each(['s3', 'rgw'])(
    '%s: who may only read, and a stranger - are told what they may not',
    async name => {
      const url = newPlace(name);
      const saidTo = async (who: 'READER' | 'STRANGER'): Promise<string> => {
        const { servers } = await import('../servers.js');
        for (const part of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) {
          const [, value = ''] = new RegExp(`KT_S3_${who}_${part}=(.*)`).exec(servers('env', name)) ?? [];
          vi.stubEnv(`AWS_${part}`, value);
        }
        const { found } = await look(url);
        vi.unstubAllEnvs();
        return found.map(({ message }) => message).join('\n');
      };
      expect(await saidTo('READER')).toMatch(
        /cannot put if absent, put or delete in|cannot put if absent or put in/,
      );
      expect(await saidTo('STRANGER')).toMatch(/cannot use the store/);
    },
  );

  test('a server that is ten minutes behind - is told', async () => {
    const url = newPlace('s3');
    await using proxy = await between(endpointOf(url), () => undefined);
    proxy.setBackMs = 600_000;
    const { found } = await look(through(url, proxy.url));
    expect(linesOf(found)['store clock']).toMatch(/^problem The store's clock is 10 min behind the clock of/);
  });

  test('Ctrl-C - leaves nothing', async () => {
    const url = newPlace('s3');
    let puts = 0;
    await using proxy = await between(endpointOf(url), method => {
      if (method === 'PUT' && ++puts === 40) child.kill('SIGINT');
      return undefined;
    });
    const args = [BIN, 'doctor', '--no-cluster', '--store', through(url, proxy.url)];
    const child = spawn(process.execPath, args, { cwd: dir, stdio: 'ignore' });
    expect(await new Promise(resolve => child.once('exit', resolve))).toBe(130);
    expect(puts).toBeLessThan(100);
    expect(await keysIn(url)).toEqual([]);
  });
});
