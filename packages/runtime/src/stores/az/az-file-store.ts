/** A file store in a container of Azure Blob Storage. */
import type { FileStore } from '../../ports/index.js';
import { ConditionalPuts } from '../conditional-puts.js';
import { objectFileStore } from '../object-file-store.js';
import { putReady } from '../put-bodies.js';
import { copyBlob, deleteBlobs } from './az-change.js';
import { AzContainer } from './az-container.js';
import { pages } from './az-list.js';
import { headBlob, streamBlob } from './az-read.js';
import { azLocationOf } from './az-url.js';
import { putWays, putWhole } from './az-write.js';

/**
 * Makes the file store of a URL such as `az://account/container/prefix` (see azLocationOf).
 *
 * Credentials are those that Azure's tools find: `AZURE_STORAGE_CONNECTION_STRING`, `AZURE_STORAGE_KEY`,
 * `AZURE_STORAGE_SAS_TOKEN`, a workload identity, an application's secret, the identity of the machine, `az
 * login`. A key has at most 1,024 bytes with the prefix. Each put has an etag of its own. An append reads the
 * blob and puts it back.
 *
 * @param options `isTried`: another process has tried whether the server keeps conditions of puts.
 * @throws KtError `UNKNOWN_STORE`.
 */
export function azFileStore(url: string, { isTried = false }: { isTried?: boolean } = {}): FileStore {
  const container = new AzContainer(azLocationOf(url));
  const conditional = new ConditionalPuts(
    {
      name: container.name,
      head: key => headBlob(container, key),
      putEmpty: (key, asked) => putWhole(container, { key, body: new Uint8Array() }, asked),
      remove: key => deleteBlobs(container, [key]),
    },
    isTried,
  );
  return objectFileStore(
    {
      check: key => container.check(key),
      head: async key => (await headBlob(container, key))?.info ?? null,
      stream: (key, range) => streamBlob(container, key, range),
      write: (key, { body, condition }) =>
        putReady(body, putWays(container, key), send => conditional.put(key, condition, send)),
      pages: listing => pages(container, listing),
      remove: keys => deleteBlobs(container, keys),
      copy: (from, to) => copyBlob(container, from, to),
      sign: async (key, grant) => container.signedUrl(key, grant),
      close: () => undefined,
    },
    { kind: 'az', url },
  );
}
