/** Azure Blob Storage: credentials, long streams, and what a server refuses, told with what to do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { azFileStore } from '../../packages/runtime/src/stores/az/az-file-store.js';
import { collect } from '../kit/collect.js';
import { bytes, rejection } from '../kit/stores.js';
import { answering, bodyOf } from './answering.js';
import { faultyProxy } from './faulty-proxy.js';
import { hasServers, openPlace } from './servers.js';

const MiB = 2 ** 20;
const closing: AsyncDisposable[] = [];
const environment = { ...process.env };
beforeEach(() => {
  process.env = { ...environment, AZURE_STORAGE_KEY: 'a2V5' };
});
afterEach(async () => {
  process.env = { ...environment };
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

/** A store of a server that answers everything so, and what it was asked. */
async function storeOf(status: number, code = '', query = '') {
  const seen: { url: string; authorization: string }[] = [];
  const server = await answering((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' });
    request.resume();
    request.once('end', () => {
      response.writeHead(status, { etag: '"1"', ...(code === '' ? {} : { 'x-ms-error-code': code }) });
      response.end(
        status < 300 ? '' : `<Error><Code>${code}</Code><Message>It is ${code}.\nTime: 1</Message></Error>`,
      );
    });
  });
  closing.push(server);
  return { seen, server, store: () => azFileStore(`az://acct/data/p?endpoint=${server.url}${query}`) };
}

test.each([
  [403, 'AuthenticationFailed', /It is AuthenticationFailed.*AZURE_STORAGE_KEY/],
  [403, 'AuthorizationPermissionMismatch', /Storage Blob Data Contributor/],
  [404, 'ContainerNotFound', /Make the container/],
  [409, 'PublicAccessNotPermitted', /leave \?anonymous=true out/],
])('%i %s - is told with what to do', async (status, code, said) => {
  const { store, seen } = await storeOf(status, code);
  const error = await rejection(store().put('a', bytes('1')));
  expect(error.code).toBe('STORE_FAILED');
  expect(error.message).toMatch(/^Cannot write "a" in az:\/\/acct\/data\/p: It is/);
  expect(error.message).toMatch(said);
  expect((await rejection(store().head('a'))).message).toMatch(/^Cannot look at "a"/);
  expect(seen).toHaveLength(2);
});

test('a server that does not keep conditions - is no place for runs', async () => {
  const { store } = await storeOf(201);
  const error = await rejection(store().put('a', bytes('1'), { ifAbsent: true }));
  expect(error.message).toContain('does not keep conditions');
  expect(await store().put('a', bytes('1'))).toBe('1');
});

test.each(['a\\b', 'a.', 'b./c'])('the key %s - is another one there, and refused', async key => {
  const { store } = await storeOf(200);
  expect((await rejection(store().head(key))).code).toBe('BAD_PATH');
});

test('credentials - are those of the environment: a connection string, a signature, none', async () => {
  const { store, seen } = await storeOf(201);
  const first = async (env: Record<string, string>): Promise<string> => {
    process.env = { ...environment, ...env };
    await store().put('a', bytes('1'));
    const { url, authorization } = seen.pop() ?? { url: '', authorization: '' };
    return `${url} ${authorization}`;
  };
  expect(await first({ AZURE_STORAGE_KEY: 'a2V5' })).toMatch(/^\/acct\/data\/p\/a SharedKey acct:\S{44}$/);
  expect(await first({ AZURE_STORAGE_SAS_TOKEN: '?sv=1&sig=x%2B' })).toBe('/acct/data/p/a?sv=1&sig=x%2B ');
  expect(await first({ AZURE_STORAGE_CONNECTION_STRING: 'AccountName=acct;AccountKey=a2V5' })).toMatch(
    /SharedKey/,
  );
  process.env['AZURE_STORAGE_CONNECTION_STRING'] = 'AccountName=other;AccountKey=a2V5';
  expect((await rejection(store().head('a'))).message).toContain('is for the account "other"');
  process.env = { ...environment };
  const { store: open, seen: asked } = await storeOf(201, '', '&anonymous=true');
  await open().put('a', bytes('1'));
  expect(asked[0]?.authorization).toBe('');
});

test('a token - is that of a workload identity, a secret, the machine, kept as long as it is good', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kt-az-'));
  await writeFile(join(folder, 'jwt'), 'of-a-pod\n');
  const forms: string[] = [];
  const issuer = await answering((request, response) => {
    void bodyOf(request).then(body => {
      forms.push(`${request.url} ${body.toString()}`);
      response.end(JSON.stringify({ access_token: `t${forms.length}`, expires_in: '3600' }));
    });
  });
  closing.push(issuer);
  const { store, seen } = await storeOf(201);
  const app = { AZURE_AUTHORITY_HOST: issuer.url, AZURE_TENANT_ID: 'ten', AZURE_CLIENT_ID: 'me' };
  const twice = async (env: Record<string, string>): Promise<string[]> => {
    process.env = { ...environment, ...env };
    const one = store();
    await one.put('a', bytes('1'));
    await one.put('a', bytes('1'));
    return seen.splice(0).map(({ authorization }) => authorization);
  };
  expect(await twice({ ...app, AZURE_FEDERATED_TOKEN_FILE: join(folder, 'jwt') })).toEqual([
    'Bearer t1',
    'Bearer t1',
  ]);
  expect(forms[0]).toMatch(/^\/ten\/oauth2\/v2\.0\/token .*client_assertion=of-a-pod$/);
  expect(await twice({ ...app, AZURE_CLIENT_SECRET: 's3' })).toEqual(['Bearer t2', 'Bearer t2']);
  expect(forms[1]).toMatch(/client_secret=s3$/);
  expect(await twice({ AZURE_POD_IDENTITY_AUTHORITY_HOST: issuer.url })).toEqual(['Bearer t3', 'Bearer t3']);
  expect(forms[2]).toMatch(
    /^\/metadata\/identity\/oauth2\/token\?.*resource=https%3A%2F%2Fstorage\.azure\.com/,
  );
  await rm(folder, { recursive: true });
});

test('no credentials at all - is told with where to put them', async () => {
  const nobody = await answering((_, response) => response.writeHead(400).end());
  closing.push(nobody);
  const { store } = await storeOf(201);
  process.env = { ...environment, PATH: '', AZURE_POD_IDENTITY_AUTHORITY_HOST: nobody.url };
  const error = await rejection(store().head('a'));
  expect(error.message).toMatch(/no credentials for the account "acct": .*AZURE_STORAGE_KEY.*az login/);
});

describe.skipIf(!hasServers)('azurite', () => {
  async function* stream(size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; at += 300_000)
      yield Buffer.alloc(Math.min(300_000, size - at), (at / 300_000) % 251);
  }

  test('a stream of 20 MiB - arrives whole though a fifth of all requests fail; its condition is kept', async () => {
    await using place = await openPlace('azurite');
    const url = new URL(place.url);
    await using proxy = await faultyProxy(url.searchParams.get('endpoint') ?? '', {
      perMille: 200,
      conflicts: false,
    });
    url.searchParams.set('endpoint', proxy.url);
    const store = azFileStore(url.href);
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(await store.put(key, stream(20 * MiB), { ifAbsent: true })).not.toBeNull();
      expect(await store.put(key, stream(20 * MiB), { ifAbsent: true })).toBeNull();
      expect(Buffer.compare(await store.get(key), Buffer.concat(await collect(stream(20 * MiB))))).toBe(0);
    }
  });

  test('a wrong key and no container - are told', async () => {
    await using place = await openPlace('azurite');
    const gone = azFileStore(place.url.replace(/\/kt-[^/]+\//, '/no-such-container/'));
    expect((await rejection(gone.put('a', bytes('1')))).message).toContain('Make the container');
    process.env['AZURE_STORAGE_KEY'] = 'd3Jvbmc=';
    expect((await rejection(azFileStore(place.url).head('a'))).message).toMatch(/Cannot look at "a".*403/);
  });
});

test.each([
  ['anonymous', '&anonymous=true', {}],
  ['a shared access signature', '', { AZURE_STORAGE_SAS_TOKEN: 'sv=1&sig=x' }],
  [
    'a workload identity',
    '',
    { AZURE_FEDERATED_TOKEN_FILE: '/none', AZURE_CLIENT_ID: 'c', AZURE_TENANT_ID: 't' },
  ],
])('a signed URL - is refused without the key of the account: %s', async (_, query, env) => {
  const { store } = await storeOf(200, '', query);
  process.env = { ...environment, AZURE_STORAGE_KEY: '', ...env };
  const error = await rejection(store().signedUrl('a', { method: 'GET', expiresInSeconds: 60 }));
  expect(error.code).toBe('SIGNING_UNSUPPORTED');
  expect(error.message).toMatch(/only the key of the account signs one\. Set AZURE_STORAGE_KEY/);
});
