/** The contract of files, on real servers. */
import { describe } from 'vitest';
import { filesContract } from '../contracts/store/files.js';
import { openedContract } from '../contracts/store/opened.js';
import { posixContract } from '../contracts/store/posix.js';
import { signedUrlsContract } from '../contracts/store/signed-urls.js';
import { textFilesContract } from '../contracts/store/text-files.js';
import { emptyStoreOn, hasServers } from './servers.js';

describe.skipIf(!hasServers)('files in a bucket', () => {
  for (const server of ['s3', 'rgw', 'gcs', 'azurite']) {
    filesContract(server, emptyStoreOn(server));
    openedContract(server, emptyStoreOn(server));
    posixContract(server, emptyStoreOn(server), ['/other']);
    // A server of Google's that knows no users signs nothing: gs-server.test.ts.
    const ofPuts: Record<string, string> = server === 'azurite' ? { 'x-ms-blob-type': 'BlockBlob' } : {};
    if (server !== 'gcs') signedUrlsContract(server, emptyStoreOn(server), ofPuts);
    // Azure would make other names of these.
    const unkept = server === 'azurite' ? /\\|\.(\/|$)/ : undefined;
    textFilesContract(server, emptyStoreOn(server), unkept);
  }
});
