/** The contract of file stores, on a server that speaks like Azure Blob Storage. */
import { describe } from 'vitest';
import { azFileStore } from '../../packages/runtime/src/stores/az/az-file-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { newAzurePlace } from './azurite.js';
import { hasServers } from './servers.js';

describe.skipIf(!hasServers)('Azure Blob Storage', () => {
  fileStoreContract(
    'azurite',
    async () => {
      const place = await newAzurePlace();
      const store = azFileStore(place.url);
      return { store, close: async () => place[Symbol.asyncDispose]() };
    },
    // It answers 500 to a listing with a character that XML cannot hold; Azure writes that as in URLs.
    { unlisted: ['\uffff-bmp'] },
  );
});
