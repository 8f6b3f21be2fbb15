/** The contract of files, on real servers that speak S3. */
import { describe } from 'vitest';
import { s3FileStore } from '../../packages/runtime/src/stores/s3/s3-file-store.js';
import { filesContract } from '../contracts/store/files.js';
import { textFilesContract } from '../contracts/store/text-files.js';
import { hasServers, newPlace } from './servers.js';

describe.skipIf(!hasServers)('files in a bucket', () => {
  for (const server of ['s3', 'rgw'])
    for (const contract of [filesContract, textFilesContract])
      contract(server, async () => {
        const store = s3FileStore(newPlace(server));
        return { store, close: async () => store[Symbol.asyncDispose]() };
      });
});
