/** The contract of file stores, on a server whose answers fail one time in twelve. */
import { describe, expect, test } from 'vitest';
import { s3FileStore } from '../../packages/runtime/src/stores/s3/s3-file-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { type Faults, faultyProxy } from './faulty-proxy.js';
import { hasServers, newPlace } from './servers.js';

describe.skipIf(!hasServers)('S3 behind a network that fails', () => {
  let faults: Faults = new Map();
  fileStoreContract(
    'through a faulty proxy',
    async () => {
      const url = new URL(newPlace('rgw'));
      const proxy = await faultyProxy(url.searchParams.get('endpoint') ?? '', 80);
      ({ faults } = proxy);
      url.searchParams.set('endpoint', proxy.url);
      const store = s3FileStore(url.href);
      const close = async (): Promise<void> => {
        await store[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      };
      return { store, close };
    },
    { etag: 'content' },
  );
  test('each kind of fault was met', () => {
    expect([...faults.keys()].sort()).toEqual(
      ['conflict', 'cut after', 'cut before', 'cut within', 'failed', 'throttled'].sort(),
    );
  });
});
