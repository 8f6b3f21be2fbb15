/** The contract of files, on real servers. */
import { describe } from 'vitest';
import { openStore } from '../../packages/runtime/src/open-store.js';
import { filesContract } from '../contracts/store/files.js';
import { textFilesContract } from '../contracts/store/text-files.js';
import { hasServers, openPlace } from './servers.js';

describe.skipIf(!hasServers)('files in a bucket', () => {
  const opener = (server: string) => async () => {
    const place = await openPlace(server);
    const store = await openStore(place.url);
    const close = async (): Promise<void> => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    };
    return { store, close };
  };
  for (const server of ['s3', 'rgw', 'gcs', 'azurite']) {
    filesContract(server, opener(server));
    // Azure would make other names of these.
    const unkept = server === 'azurite' ? /\\|\.(\/|$)/ : undefined;
    textFilesContract(server, opener(server), unkept);
  }
});
