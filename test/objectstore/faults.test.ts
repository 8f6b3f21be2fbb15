/** The contract of file stores, on servers whose answers fail one time in twelve. */
import { describe, expect, test } from 'vitest';
import { openStore } from '../../packages/runtime/src/open-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { type Faults, faultyProxy } from './faulty-proxy.js';
import { hasServers, newPlace } from './servers.js';

const ALWAYS = ['cut after', 'cut before', 'cut within', 'failed', 'throttled'];

describe.skipIf(!hasServers).each([
  { server: 'rgw', etag: 'content', conflicts: true },
  { server: 'gcs', etag: 'put', conflicts: false },
] as const)('$server behind a network that fails', ({ server, etag, conflicts }) => {
  let faults: Faults = new Map();
  fileStoreContract(
    `${server} through a faulty proxy`,
    async () => {
      const url = new URL(newPlace(server));
      const proxy = await faultyProxy(url.searchParams.get('endpoint') ?? '', { perMille: 80, conflicts });
      ({ faults } = proxy);
      url.searchParams.set('endpoint', proxy.url);
      const store = await openStore(url.href);
      const close = async (): Promise<void> => {
        await store[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      };
      return { store, close };
    },
    { etag },
  );
  test('each kind of fault was met', () => {
    expect([...faults.keys()].sort()).toEqual(conflicts ? ['conflict', ...ALWAYS].sort() : ALWAYS);
  });
});
