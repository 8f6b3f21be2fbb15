/** Reads blobs of a container: what is known of them, and their bytes. */
import { omitUndefined } from '@kube-transform/sdk';
import type { ByteRange } from '../../ports/index.js';
import type { Found } from '../conditional-puts.js';
import { asItIs, asText } from '../http/http-client.js';
import { statusOf } from '../http/http-failure.js';
import { partOf } from '../http/http-part.js';
import { type Part, rangeHeader, resumedStream } from '../resumed-stream.js';
import { notFound } from '../store-key.js';
import { type AzContainer, etagOf, isMissing } from './az-container.js';

const RANGE_NOT_SATISFIABLE = 416;
const PRECONDITION_FAILED = 412;

/** What is known of a blob; null where there is none. */
export async function headBlob(container: AzContainer, key: string): Promise<Found | null> {
  try {
    const { headers } = await container.client.send({ method: 'HEAD', url: container.urlOf(key) }, asText);
    // Accounts with real folders have them as blobs.
    return headers.get('x-ms-meta-hdi_isfolder') === 'true' ? null : container.found(key, headers);
  } catch (error) {
    if (isMissing(error)) return null;
    throw container.failed(error, 'look at', key);
  }
}

/** The bytes in chunks. */
export function streamBlob(
  container: AzContainer,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  return resumedStream(
    {
      ask: (part, etag) => askFor(container, key, { ...part, etag }),
      need: async () => {
        if ((await headBlob(container, key)) === null) throw notFound(key, container.name);
      },
      failed: error => container.failed(error, 'read', key),
    },
    range,
  );
}

async function askFor(
  container: AzContainer,
  key: string,
  { start, end, etag }: { start: number; end: number; etag: string | undefined },
): Promise<Part | 'past' | 'replaced'> {
  const headers = omitUndefined({
    range: rangeHeader({ start, end }),
    'if-match': etag === undefined ? undefined : `"${etag}"`,
  });
  try {
    const url = container.urlOf(key);
    const { value } = await container.client.send({ method: 'GET', url, headers }, asItIs);
    return await partOf(value, { start, end }, etagOf(value.headers));
  } catch (error) {
    if (isMissing(error)) throw notFound(key, container.name);
    if (statusOf(error) === RANGE_NOT_SATISFIABLE) return 'past';
    if (statusOf(error) === PRECONDITION_FAILED) return 'replaced';
    throw error;
  }
}
