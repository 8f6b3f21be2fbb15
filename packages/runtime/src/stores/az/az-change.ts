/** Deletes blobs of a container, some at once, and copies them within the server. */
import pLimit from 'p-limit';
import { asText } from '../http/http-client.js';
import { HttpFailure } from '../http/http-failure.js';
import { pause } from '../retries.js';
import { notFound } from '../store-key.js';
import { type AzContainer, isMissing } from './az-container.js';

const DELETES_AT_ONCE = 32;

/** Deletes blobs and markers of folders; those that are not there are no error. */
export async function deleteBlobs(container: AzContainer, keys: readonly string[]): Promise<void> {
  const headers = { 'x-ms-delete-snapshots': 'include' };
  await pLimit(DELETES_AT_ONCE).map(keys, async key => {
    try {
      await container.client.send({ method: 'DELETE', url: container.urlOf(key), headers }, asText);
    } catch (error) {
      if (!isMissing(error)) throw container.failed(error, 'delete', key);
    }
  });
}

/** Copies a blob; the server takes its time for a large one. @throws KtError `NOT_FOUND`. */
export async function copyBlob(container: AzContainer, from: string, to: string): Promise<void> {
  const url = container.urlOf(to);
  const headers = { 'x-ms-copy-source': container.urlOf(from) };
  try {
    const { headers: begun } = await container.client.send({ method: 'PUT', url, headers }, asText);
    let status = begun.get('x-ms-copy-status');
    for (let asked = 1; status === 'pending'; asked++) {
      await pause(asked);
      const { headers: now } = await container.client.send({ method: 'HEAD', url }, asText);
      status = now.get('x-ms-copy-status');
    }
    if (status !== 'success')
      throw new HttpFailure(`the server ended the copy: ${status ?? 'it is gone'}`, { code: '' });
  } catch (error) {
    throw isMissing(error) ? notFound(from, container.name) : container.failed(error, 'copy', from);
  }
}
