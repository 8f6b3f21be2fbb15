/** A real registry behind a line that breaks. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseImage } from '../../packages/cli/src/registry/image-name.js';
import { Repository } from '../../packages/cli/src/registry/repository.js';
import { pushBase, repositoryOf } from './images.js';
import { NO_REGISTRY, startRegistry, type TestRegistry } from './registry-server.js';
import { type Fault, watch, type WatchingProxy } from './watching-proxy.js';

const MIB = 2 ** 20;
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
let registry: TestRegistry;
let proxy: WatchingProxy;

describe.skipIf(NO_REGISTRY !== undefined)('a line that breaks', () => {
  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await watch(registry.host);
    await pushBase(repositoryOf(`${registry.host}/team/base`));
  });
  beforeEach(() => {
    proxy.requests.splice(0);
    proxy.sentBytes = 0;
  });
  afterEach(() => void proxy.faults.splice(0));
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const direct = (repository: string): Repository => repositoryOf(`${registry.host}/team/${repository}`);
  const broken = (repository: string): Repository => repositoryOf(`${proxy.host}/team/${repository}`);

  test.each<[string, Fault[]]>([
    ['in the first piece', [{ method: 'PATCH', cutRequestAt: 3 * MIB }]],
    ['before the first byte', [{ method: 'PATCH', cutRequestAt: 0 }]],
    ['after a piece that has arrived', [{ method: 'PATCH', loseAnswer: true }]],
    ['again and again', [1, 2, 3].map(n => ({ method: 'PATCH', cutRequestAt: n * MIB }))],
    ['with a registry that is busy', [{ method: 'PATCH', status: 503 }]],
    ['when the upload begins', [{ method: 'POST', loseAnswer: true }]],
    ['when all has arrived', [{ method: 'PUT', loseAnswer: true }]],
  ])('RG2: an upload that is cut off %s comes to its end', async (name, faults) => {
    const bytes = randomBytes(20 * MIB);
    proxy.faults.push(...faults);
    await broken(`cut-${name.replaceAll(' ', '-')}`).putBlob(bytes);
    expect(proxy.faults).toEqual([]);
    expect(digestOf(await direct(`cut-${name.replaceAll(' ', '-')}`).blob(digestOf(bytes)))).toBe(
      digestOf(bytes),
    );
  });

  test('RG2: what a registry has of a blob is not sent again', async () => {
    const bytes = randomBytes(20 * MIB);
    // The second piece is lost, the first is not.
    const target = broken('resumed');
    const arrived: number[] = [];
    await target.putBlob(bytes, sent => {
      if (arrived.length === 0) proxy.faults.push({ method: 'PATCH', status: 503 });
      arrived.push(sent);
    });
    expect(arrived).toEqual([16 * MIB, 16 * MIB, 20 * MIB]);
    expect(proxy.requests.filter(request => request.startsWith('PATCH'))).toHaveLength(3);
    expect(proxy.sentBytes).toBeLessThan(25 * MIB);
    expect(await direct('resumed').hasBlob(digestOf(bytes))).toBe(true);
  });

  test('an upload that is refused is not tried again', async () => {
    proxy.faults.push({ method: 'PATCH', status: 403 });
    await expect(broken('refused').putBlob(randomBytes(10))).rejects.toMatchObject({
      problems: [{ code: 'REGISTRY_DENIED' }],
    });
    expect(proxy.requests.map(request => request.split(' ')[0])).toEqual(['POST', 'PATCH']);
  });

  test('an upload that never works ends with what was said last', async () => {
    proxy.faults.push(...Array.from({ length: 9 }, () => ({ method: 'PATCH', status: 500 })));
    await expect(broken('never').putBlob(randomBytes(10))).rejects.toMatchObject({
      problems: [
        {
          code: 'REGISTRY_FAILED',
          path: proxy.host,
          message: expect.stringContaining('it answers 500 to PATCH') as string,
        },
      ],
    });
  });

  test('a download that is cut off is begun again', async () => {
    const bytes = randomBytes(3 * MIB);
    await direct('down').putBlob(bytes);
    proxy.faults.push({ method: 'GET', cutAnswerAt: MIB }, { method: 'GET', status: 502 });
    expect(digestOf(await broken('down').blob(digestOf(bytes)))).toBe(digestOf(bytes));
    proxy.faults.push(...Array.from({ length: 9 }, () => ({ method: 'GET', cutAnswerAt: MIB })));
    await expect(broken('down').blob(digestOf(bytes))).rejects.toMatchObject({
      problems: [{ code: 'REGISTRY_UNREACHABLE' }],
    });
  });

  test('plain HTTP is spoken only where that was said, or with this machine', async () => {
    const [, port = ''] = registry.host.split(':');
    // An address of this machine that does not look like one.
    const elsewhere = parseImage(`0.0.0.0:${port}/team/base`);
    const waits: number[] = [];
    const clock = { sleep: async (ms: number) => void waits.push(ms) };
    await expect(new Repository(elsewhere, { clock }).manifest('base')).rejects.toMatchObject({
      problems: [
        {
          code: 'REGISTRY_UNREACHABLE',
          path: `0.0.0.0:${port}`,
          message: expect.stringContaining(`https://0.0.0.0:${port} does not answer`) as string,
          hint: 'Is it one that speaks plain HTTP? Then say so: --insecure-registry.',
        },
      ],
    });
    // What speaks another language will not learn ours.
    expect(waits).toEqual([]);
    expect(await new Repository(elsewhere, { insecure: true }).manifest('base')).not.toBeNull();
    expect(await new Repository(parseImage(`${registry.host}/team/base`)).manifest('base')).not.toBeNull();
  });
});
