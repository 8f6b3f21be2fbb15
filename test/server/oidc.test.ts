/** JWTs of an identity provider as bearer tokens, with keys from a server on loopback. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import { anyOf, oidcCallers, readSettings } from '@kube-transform/server';
import { OpenJobs } from './open-jobs.js';

const ISSUER = 'https://id.example/';
const AUDIENCE = 'jobs';
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let others: typeof keys;
let server: Server;
let url: string;
let asked = 0;
let status = 200;
let opened: OpenJobs;

beforeAll(async () => {
  [keys, others] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  server = createServer((_, response) => {
    asked++;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
});
afterAll(() => new Promise(resolve => server.close(resolve)));
beforeEach(async () => {
  [asked, status] = [0, 200];
  const clock = { nowMs: () => opened.clock.nowMs() };
  const oidc = { issuer: ISSUER, audience: AUDIENCE, jwksUrl: url, scopesClaim: 'scope', toleranceSec: 30 };
  opened = await OpenJobs.open({ app: { callerOf: anyOf([undefined, oidcCallers(oidc, clock)]) } });
});
afterEach(() => opened.close());

interface Parts {
  claims?: JWTPayload;
  key?: typeof keys.privateKey;
  header?: object;
}
/** A token that holds for a minute, but for what is said otherwise. */
const token = ({ claims = {}, key = keys.privateKey, header = {} }: Parts = {}): Promise<string> => {
  const nowSec = Math.floor(opened.clock.nowMs() / 1000);
  const usual = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: nowSec + 60, scope: 'openid read' };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
    .sign(key);
};
const ask = async (bearer: string, [method, path] = ['GET', '/jobs']): Promise<number> =>
  (await opened.ask(method, path, undefined, { authorization: `Bearer ${bearer}` })).status;

test('a token - allows what its claim says, and its keys are asked for once', async () => {
  const reads = await token();
  expect([await ask(reads), await ask(reads, ['DELETE', '/jobs/x'])]).toEqual([200, 403]);
  expect(await ask(await token({ claims: { scope: ['admin'] } }), ['DELETE', '/jobs/x'])).toBe(404);
  expect(await ask(await token({ claims: { aud: ['other', AUDIENCE] } }))).toBe(200);
  expect(asked).toBe(1);
});

test.each<[string, () => Parts]>([
  ['of another issuer', () => ({ claims: { iss: 'https://id.example' } })],
  ['for somebody else', () => ({ claims: { aud: 'other' } })],
  ['that has expired', () => ({ claims: { exp: Math.floor(opened.clock.nowMs() / 1000) - 31 } })],
  ['that never expires', () => ({ claims: { exp: undefined } })],
  ['that does not hold yet', () => ({ claims: { nbf: Math.floor(opened.clock.nowMs() / 1000) + 31 } })],
  ['of nobody', () => ({ claims: { sub: '' } })],
  ['signed by another key', () => ({ key: others.privateKey })],
  ['of a key that is not known', () => ({ header: { kid: 'k2' } })],
])('a token %s - is none', async (_, parts) => {
  expect(await ask(await token(parts()))).toBe(401);
});

test('a token that was changed, or names no or a shared secret as its signature - is none', async () => {
  const [head, body, signature] = (await token()).split('.') as [string, string, string];
  const as64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = as64({ iss: ISSUER, aud: AUDIENCE, sub: 'eve', exp: 9e9, scope: 'admin' });
  for (const wrong of [
    `${head}.${claims}.${signature}`,
    `${as64({ alg: 'none' })}.${claims}.`,
    `${as64({ alg: 'none' })}.${claims}.${signature}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    '..',
    'a.b.c',
  ])
    expect(await ask(wrong)).toBe(401);
  const secret = new TextEncoder().encode(url.padEnd(32));
  const shared = await new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'eve', exp: 9e9, scope: 'admin' })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .sign(secret);
  expect(await ask(shared)).toBe(401);
});

test('a claim that differs by less than clocks do - holds', async () => {
  const nowSec = Math.floor(opened.clock.nowMs() / 1000);
  expect(await ask(await token({ claims: { exp: nowSec - 20, nbf: nowSec + 20 } }))).toBe(200);
});

test('scopes of another kind - allow nothing', async () => {
  for (const scope of ['', 'readonly', 'READ', 5, { read: true }, [['read']]])
    expect(await ask(await token({ claims: { scope } }))).toBe(403);
});

test('keys that cannot be read - are no fault of the caller: 503, and it is told', async () => {
  status = 500;
  expect(await ask(await token())).toBe(503);
  expect(opened.told.join()).toContain(`keys of ${ISSUER}`);
  status = 200;
  expect(await ask(await token())).toBe(200);
  expect((await opened.ask('GET', '/healthz', undefined, { authorization: 'Bearer a.b.c' })).status).toBe(
    200,
  );
});

test('settings of a provider - belong together, and its keys come by https', () => {
  const env = { JOB_SIGNATURE: 's', JOB_NAMESPACE: 'jobs', JOB_DEFINITIONS_CONFIG_PATH: '/d' };
  const half = { ...env, JOB_SERVER_OIDC_ISSUER: ISSUER };
  expect(() => readSettings(half)).toThrow(/JOB_SERVER_OIDC_AUDIENCE/);
  const whole = {
    ...half,
    JOB_SERVER_OIDC_AUDIENCE: AUDIENCE,
    JOB_SERVER_OIDC_JWKS_URL: 'https://id.example/k',
  };
  expect(readSettings(whole).oidc).toMatchObject({ scopesClaim: 'scope', toleranceSec: 30 });
  for (const wrong of ['http://id.example/k', 'file:///k', 'k', 'http://127.0.0.1.example/'])
    expect(() => readSettings({ ...whole, JOB_SERVER_OIDC_JWKS_URL: wrong })).toThrow(/https/);
  expect(readSettings(env).oidc).toBeUndefined();
});
