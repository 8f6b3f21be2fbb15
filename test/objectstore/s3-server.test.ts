/** What a server cannot do, or refuses, is told in a sentence with what to do. */
import { type Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3FileStore } from '../../packages/runtime/src/stores/s3/s3-file-store.js';
import { copyInParts } from '../../packages/runtime/src/stores/s3/s3-copy.js';
import { Bucket } from '../../packages/runtime/src/stores/s3/bucket.js';
import { s3Client } from '../../packages/runtime/src/stores/s3/s3-client.js';
import { s3LocationOf } from '../../packages/runtime/src/stores/s3/s3-url.js';
import { CONNECTIONS } from '../../packages/runtime/src/stores/retries.js';
import { putWhole } from '../../packages/runtime/src/stores/s3/s3-write.js';
import { bytes, rejection } from '../kit/stores.js';
import { answering } from './answering.js';
import { hasServers, newPlace } from './servers.js';

/** Takes every put, whatever its conditions are. */
const careless = createServer((request, response) => {
  request.resume();
  request.once('end', () => response.writeHead(200, { etag: '"x"' }).end());
});
beforeAll(() => new Promise<void>(resolve => careless.listen(0, '127.0.0.1', resolve)));
afterAll(() => careless.close());
const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
beforeAll(() => void Object.assign(process.env, keys));

test('a server that does not keep conditions - is no place for runs', async () => {
  const { port } = careless.address() as AddressInfo;
  await using store = s3FileStore(`s3://bucket?endpoint=http://127.0.0.1:${port}`);
  const error = await rejection(store.put('a', bytes('1'), { ifAbsent: true }));
  expect(error.message).toContain('does not keep conditions');
  await store.put('a', bytes('1'));
});

test('no region - is told, with where to say it', async () => {
  const { AWS_REGION, ...others } = process.env;
  process.env = { ...others, AWS_CONFIG_FILE: '/nowhere' };
  await using store = s3FileStore('s3://bucket');
  expect((await rejection(store.head('a'))).message).toMatch(/Region is missing.*set AWS_REGION/);
  process.env = { ...process.env, ...(AWS_REGION === undefined ? {} : { AWS_REGION }) };
});

test('no server - is told with its address', async () => {
  await using store = s3FileStore('s3://bucket?endpoint=http://127.0.0.1:9');
  const error = await rejection(store.head('a'));
  expect(error.message).toMatch(/Cannot look at "a" in s3:\/\/bucket: .*127\.0\.0\.1:9/);
  expect(error.message).toContain('No server listens there');
});

test('many requests at once - wait here, not where waiting for a connection counts as none', async () => {
  const held: (() => void)[] = [];
  await using server = await answering((request, response) => {
    request.resume();
    held.push(() => response.writeHead(200, { etag: '"x"' }).end());
  });
  const location = s3LocationOf(`s3://bucket?endpoint=${server.url}`);
  const bucket = new Bucket(location, s3Client(location));
  const puts = Array.from({ length: 500 }, (_, n) => putWhole(bucket, { key: `${n}`, body: bytes('1') }, {}));
  await expect.poll(() => held.length).toBe(CONNECTIONS);
  const handler = bucket.client.config.requestHandler as { httpHandlerConfigs(): { httpAgent?: Agent } };
  expect(Object.keys(handler.httpHandlerConfigs().httpAgent?.requests ?? { none: [] })).toEqual([]);
  let answered = 0;
  while (answered < puts.length) {
    await expect.poll(() => held.length).toBeGreaterThan(0);
    for (const answer of held.splice(0)) {
      answered++;
      answer();
    }
  }
  expect((await Promise.all(puts)).every(({ tries }) => tries === 1)).toBe(true);
  bucket.client.destroy();
});

describe.skipIf(!hasServers)('a server', () => {
  test.each(['s3', 'rgw'])('%s: no bucket, no rights, wrong keys - are told', async name => {
    const url = new URL(newPlace(name));
    const withKeys = { ...process.env };
    await using store = s3FileStore(url.href.replace('kt-test', 'no-such-bucket'));
    expect((await rejection(store.put('a', bytes('1')))).message).toContain('Make the bucket');
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';
    await using stranger = s3FileStore(url.href);
    expect((await rejection(stranger.put('a', bytes('1')))).message).toContain('secret key is not that');
    process.env = withKeys;
  });
  test.each(['s3', 'rgw'])('%s: a large object - is copied in parts', async name => {
    const location = s3LocationOf(newPlace(name));
    await using store = s3FileStore(location.url);
    const body = new Uint8Array(11 * 2 ** 20).map((_, i) => i % 251);
    await store.put('a b+c/large', body);
    const bucket = new Bucket(location, s3Client(location));
    await copyInParts(bucket, { from: 'a b+c/large', to: 'copy', size: body.length }, 5 * 2 ** 20);
    expect(Buffer.compare(await store.get('copy'), body)).toBe(0);
  });
});
