/** What a server of Google Cloud Storage cannot do, or refuses, is told in a sentence with what to do. */
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, expect, test } from 'vitest';
import { gsFileStore } from '../../packages/runtime/src/stores/gs/gs-file-store.js';
import { bytes, rejection } from '../kit/stores.js';
import { answering } from './answering.js';
import { hasServers, newPlace } from './servers.js';

const closing: AsyncDisposable[] = [];
const environment = { ...process.env };
afterEach(async () => {
  process.env = { ...environment };
  for (const one of closing.splice(0)) await one[Symbol.asyncDispose]();
});

/** A store of a server that answers everything so. */
async function storeOf(status: number, body: unknown, query = 'anonymous=true') {
  const seen: { url: string; authorization: string | undefined }[] = [];
  const server = await answering((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
    request.resume();
    request.once('end', () => response.writeHead(status).end(JSON.stringify(body)));
  });
  closing.push(server);
  return { seen, store: gsFileStore(`gs://bucket/p?${query}&endpoint=${server.url}`) };
}

const failure = (reason: string, message: string): object => ({ error: { message, errors: [{ reason }] } });
const OBJECT = { name: 'p/a', size: '1', updated: '2026-01-01T00:00:00Z', generation: '1' };

test('a server that does not keep conditions - is no place for runs', async () => {
  const { store } = await storeOf(200, OBJECT);
  const error = await rejection(store.put('a', bytes('1'), { ifAbsent: true }));
  expect(error.message).toContain('does not keep conditions');
  expect(await store.put('a', bytes('1'))).toBe('1');
});

test.each([
  [
    401,
    failure('authError', 'Invalid Credentials'),
    /Invalid Credentials \(401\).*GOOGLE_APPLICATION_CREDENTIALS/,
  ],
  [
    403,
    failure('forbidden', 'x has no storage.objects.create access'),
    /no storage\.objects\.create.*roles\/storage/,
  ],
  [404, failure('notFound', 'The specified bucket does not exist.'), /does not exist.*Make the bucket/],
  [400, failure('userProjectMissing', 'Bucket is a requester pays bucket'), /\?userProject=PROJECT/],
  [501, '<html>', /the server answered 501 Not Implemented/],
])('an answer of %i - is told with what to do', async (status, body, said) => {
  const { store, seen } = await storeOf(status, body);
  const error = await rejection(store.put('a', bytes('1')));
  expect(error.code).toBe('STORE_FAILED');
  expect(error.message).toMatch(/^Cannot write "a" in gs:\/\/bucket\/p: /);
  expect(error.message).toMatch(said);
  expect((await rejection(store.head('a'))).message).toMatch(/^Cannot look at "a"/);
  expect(seen).toHaveLength(2);
});

test('an answer of something else - is told', async () => {
  const { store } = await storeOf(200, ['hello']);
  expect((await rejection(store.head('a'))).message).toMatch(
    /This answer cannot be read.*endpoint of the store/,
  );
});

test('a project that pays - is named in every request', async () => {
  const { store, seen } = await storeOf(200, OBJECT, 'anonymous=true&userProject=mine');
  await store.put('a', bytes('1'));
  await store.head('a');
  expect(seen.map(({ url }) => url.includes('userProject=mine'))).toEqual([true, true]);
});

test('no server - is told with its address', async () => {
  const gone = await answering(() => undefined);
  await gone[Symbol.asyncDispose]();
  await using store = gsFileStore(`gs://bucket?anonymous=true&endpoint=${gone.url}`);
  const error = await rejection(store.head('a'));
  const address = gone.url.slice('http://'.length);
  expect(error.message).toContain(`Cannot look at "a" in gs://bucket: connect ECONNREFUSED ${address}.`);
  expect(error.message).toContain('No server listens there');
});

test('credentials of the environment - are sent; where there are none, that is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kt-gs-'));
  const token = await answering((request, response) => {
    request.resume();
    const isOf = request.url === '/token';
    response.writeHead(isOf ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ access_token: 'of-a-user', expires_in: 3600, token_type: 'Bearer' }));
  });
  closing.push(token);
  const file = join(folder, 'credentials.json');
  // Of a workload of another cloud, whose token is changed for one of Google's: that needs no keys here.
  const credentials = {
    ...{ type: 'external_account', audience: '//iam/x', token_url: `${token.url}/token` },
    ...{
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      credential_source: { file: join(folder, 'jwt') },
    },
  };
  await writeFile(join(folder, 'jwt'), 'of-a-pod');
  await writeFile(file, JSON.stringify(credentials));
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
  const { store, seen } = await storeOf(200, OBJECT, '');
  await store.put('a', bytes('1'));
  expect(seen[0]?.authorization).toBe('Bearer of-a-user');
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '';
  process.env['GOOGLE_CREDENTIALS'] = JSON.stringify(credentials);
  const { store: told, seen: toldOf } = await storeOf(200, OBJECT, '');
  await told.put('a', bytes('1'));
  expect(toldOf[0]?.authorization).toBe('Bearer of-a-user');
  for (const bad of ['{', '{"type":"service_account"}', '{"type":"authorized_user"}']) {
    process.env['GOOGLE_CREDENTIALS'] = bad;
    const { store: broken } = await storeOf(200, OBJECT, '');
    expect((await rejection(broken.head('a'))).message).toMatch(
      /^GOOGLE_CREDENTIALS.*: This variable cannot be read/,
    );
  }
  process.env['GOOGLE_CREDENTIALS'] = '';
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'none.json');
  const { store: without } = await storeOf(200, OBJECT, '');
  const error = await rejection(without.head('a'));
  expect(error.message).toMatch(/no credentials for gs:\/\/bucket\/p: .*none\.json.*gcloud auth/);
  await rm(folder, { recursive: true });
});

test('the package that finds credentials is not there - and what to install is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kt-nogoogle-'));
  const outfile = join(folder, 'run.mjs');
  await build({
    stdin: {
      contents:
        "import { openStore } from './open-store.js';\nawait (await openStore('gs://bucket')).head('a').catch(error => console.log(error.code, error.message));",
      resolveDir: join(import.meta.dirname, '../../packages/runtime/src'),
    },
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    external: ['google-auth-library', '*/s3-file-store.js'],
  });
  expect(execFileSync(process.execPath, [outfile], { encoding: 'utf8' })).toMatch(
    /^PACKAGE_MISSING .*npm install google-auth-library/,
  );
  await rm(folder, { recursive: true });
});

test.skipIf(!hasServers)('gcs: no bucket - is told', async () => {
  await using store = gsFileStore(newPlace('gcs').replace('kt-test', 'no-such-bucket'));
  expect((await rejection(store.put('a', bytes('1')))).message).toContain('Make the bucket');
});

test('signed URLs - are signed by the key of a service account, as Google describes, without asking anybody', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const account = { type: 'service_account', client_email: 'a@p.iam.gserviceaccount.com', private_key };
  process.env['GOOGLE_CREDENTIALS'] = JSON.stringify(account);
  const url = new URL(
    await gsFileStore('gs://bucket/p?userProject=pays').signedUrl("a b/ü'.txt", {
      method: 'PUT',
      expiresInSeconds: 60,
    }),
  );
  expect(url.origin + url.pathname).toBe('https://storage.googleapis.com/bucket/p/a%20b/%C3%BC%27.txt');
  const date = url.searchParams.get('X-Goog-Date') ?? '';
  const scope = `${date.slice(0, 8)}/auto/storage/goog4_request`;
  expect(url.searchParams.get('X-Goog-Credential')).toBe(`a@p.iam.gserviceaccount.com/${scope}`);
  const [query = '', signature = ''] = url.search.slice(1).split('&X-Goog-Signature=');
  expect(query.split('&').map(part => part.split('=')[0])).toEqual([
    ...['X-Goog-Algorithm', 'X-Goog-Credential', 'X-Goog-Date', 'X-Goog-Expires', 'X-Goog-SignedHeaders'],
    'userProject',
  ]);
  const request = `PUT\n${url.pathname}\n${query}\nhost:storage.googleapis.com\n\nhost\nUNSIGNED-PAYLOAD`;
  const sum = createHash('sha256').update(request).digest('hex');
  const signed = `GOOG4-RSA-SHA256\n${date}\n${scope}\n${sum}`;
  expect(verify('sha256', Buffer.from(signed), publicKey, Buffer.from(signature, 'hex'))).toBe(true);
});

test('signed URLs - are refused without such a key', async () => {
  const grant = { method: 'GET', expiresInSeconds: 60 } as const;
  const anonymous = await rejection(gsFileStore('gs://bucket?anonymous=true').signedUrl('a', grant));
  const user = { type: 'external_account', audience: '//iam/x', token_url: 'http://127.0.0.1:9/token' };
  const source = {
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    credential_source: { file: '/none' },
  };
  process.env['GOOGLE_CREDENTIALS'] = JSON.stringify({ ...user, ...source });
  for (const error of [anonymous, await rejection(gsFileStore('gs://bucket').signedUrl('a', grant))]) {
    expect(error.code).toBe('SIGNING_UNSUPPORTED');
    expect(error.message).toMatch(/the key of a service account.*GOOGLE_APPLICATION_CREDENTIALS/);
  }
});

test.skipIf(!hasServers)('signed URLs - lead to the objects of a server', async () => {
  const place = newPlace('gcs');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  process.env['GOOGLE_CREDENTIALS'] = JSON.stringify({
    type: 'service_account',
    client_email: 'a@p',
    private_key,
  });
  const signing = gsFileStore(place.replace('&anonymous=true', ''));
  const store = gsFileStore(place);
  const put = await signing.signedUrl("a b/ü'.txt", { method: 'PUT', expiresInSeconds: 60 });
  expect((await fetch(put, { method: 'PUT', body: 'put' })).status).toBe(200);
  expect(Buffer.from(await store.get("a b/ü'.txt")).toString()).toBe('put');
  const url = await signing.signedUrl("a b/ü'.txt", { method: 'GET', expiresInSeconds: 60 });
  expect(await (await fetch(url)).text()).toBe('put');
});
