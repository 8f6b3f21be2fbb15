/** The contract of file stores, on real servers: directly, and where answers fail one time in twelve. */
import { describe, expect, test } from 'vitest';
import { openStore } from '../../packages/runtime/src/open-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { type Faults, faultyProxy } from './faulty-proxy.js';
import { emptyStoreOn, hasServers, openPlace } from './servers.js';

const ALWAYS = ['cut after', 'cut before', 'cut within', 'failed', 'throttled'];

interface Row {
  server: string;
  etag: 'content' | 'put';
  unlisted: string[];
  /** It decides for neither of two puts that meet; undefined where no faults are tried. */
  conflicts?: boolean;
}

const ROWS: Row[] = [
  // It answers with another character, whatever encoding it is asked for.
  { server: 's3', etag: 'content', unlisted: ['\uffff-bmp'] },
  { server: 'rgw', etag: 'content', unlisted: [], conflicts: true },
  { server: 'gcs', etag: 'put', unlisted: [], conflicts: false },
  // It answers 500 to a listing with a character that XML cannot hold; Azure writes that as in URLs. The
  // others would be other names there, and are refused: az-server.test.ts.
  { server: 'azurite', etag: 'put', unlisted: ['\uffff-bmp', 'back\\slash', 'a.'], conflicts: false },
];

describe.skipIf(!hasServers).each(ROWS)('$server', ({ server, conflicts, ...answers }) => {
  fileStoreContract(server, emptyStoreOn(server), answers);
  if (conflicts === undefined) return;
  let faults: Faults = new Map();
  fileStoreContract(
    `${server} through a faulty proxy`,
    async () => {
      const place = await openPlace(server);
      const url = new URL(place.url);
      const proxy = await faultyProxy(url.searchParams.get('endpoint') ?? '', { perMille: 80, conflicts });
      ({ faults } = proxy);
      url.searchParams.set('endpoint', proxy.url);
      const store = await openStore(url.href);
      const close = async (): Promise<void> => {
        await store[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
        await place[Symbol.asyncDispose]();
      };
      return { store, close };
    },
    answers,
  );
  test('each kind of fault was met', () => {
    expect([...faults.keys()].sort()).toEqual(conflicts ? ['conflict', ...ALWAYS].sort() : ALWAYS);
  });
});
