/** The contract of file stores, on real servers that speak S3. */
import { describe } from 'vitest';
import { s3FileStore } from '../../packages/runtime/src/stores/s3/s3-file-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { hasServers, newPlace } from './servers.js';

describe.skipIf(!hasServers)('S3', () => {
  for (const server of ['s3', 'rgw'])
    fileStoreContract(
      server,
      async () => {
        const store = s3FileStore(newPlace(server));
        return { store, close: async () => store[Symbol.asyncDispose]() };
      },
      // The first answers with another character, whatever encoding it is asked for.
      { etag: 'content', unlisted: server === 's3' ? ['\uffff-bmp'] : [] },
    );
});
