/** The contract of file stores, on a server that speaks like Google Cloud Storage. */
import { describe } from 'vitest';
import { gsFileStore } from '../../packages/runtime/src/stores/gs/gs-file-store.js';
import { fileStoreContract } from '../contracts/file-store-contract.js';
import { hasServers, newPlace } from './servers.js';

describe.skipIf(!hasServers)('Google Cloud Storage', () => {
  fileStoreContract('gcs', async () => {
    const store = gsFileStore(newPlace('gcs'));
    return { store, close: async () => store[Symbol.asyncDispose]() };
  });
});
