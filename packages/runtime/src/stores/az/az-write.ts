/*
 * Writes blobs of a container.
 *
 * 1. What is no longer than a part is put in one request.
 * 2. A longer stream goes up in blocks, with two in memory, which become the blob when their list is put; the
 *    condition is that of the list. Blocks without a list are gone after a week. Whoever puts the blob
 *    meanwhile takes the blocks of others away: one of two streams that meet fails.
 */
import { omitUndefined } from '@kube-transform/sdk';
import { type Asked, PUT_IDS, type Sent } from '../conditional-puts.js';
import { asText, type HttpRequest } from '../http/http-client.js';
import { HttpFailure, statusOf } from '../http/http-failure.js';
import { PART_BYTES, type PutWays } from '../put-bodies.js';
import { type AzContainer, codeOf, etagOf } from './az-container.js';

const BYTES_TYPE = 'application/octet-stream';

/** How bodies of a key are put. */
export const putWays = (container: AzContainer, key: string): PutWays => ({
  partBytes: PART_BYTES,
  whole: (body, asked) => putWhole(container, { key, body }, asked),
  inParts: (parts, asked) => putInBlocks(container, { key, parts }, asked),
});

/** Puts bytes in one request. */
export function putWhole(
  container: AzContainer,
  { key, body }: { key: string; body: Uint8Array },
  asked: Asked,
): Promise<Sent> {
  const headers = { 'x-ms-blob-type': 'BlockBlob', 'content-type': BYTES_TYPE, ...headersOf(asked) };
  return put(container, key, { url: container.urlOf(key), headers, body });
}

async function putInBlocks(
  container: AzContainer,
  { key, parts }: { key: string; parts: AsyncIterable<Uint8Array> },
  asked: Asked,
): Promise<Sent> {
  const upload = crypto.randomUUID();
  const ids: string[] = [];
  const putBlock = async (body: Uint8Array): Promise<void> => {
    const blockid = Buffer.from(`${upload}-${String(ids.length).padStart(6, '0')}`).toString('base64');
    ids.push(blockid);
    const url = container.urlOf(key, { comp: 'block', blockid });
    await container.client.send({ method: 'PUT', url, body }, asText).catch((error: unknown) => {
      throw container.failed(error, 'write', key);
    });
  };
  for await (const part of parts) await putBlock(part);
  const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${ids.map(id => `<Latest>${id}</Latest>`).join('')}</BlockList>`;
  return put(container, key, {
    url: container.urlOf(key, { comp: 'blocklist' }),
    headers: { 'x-ms-blob-content-type': BYTES_TYPE, 'content-type': 'application/xml', ...headersOf(asked) },
    body: Buffer.from(list),
  });
}

/** Puts what makes a blob; no etag where the condition did not hold. */
async function put(
  container: AzContainer,
  key: string,
  request: Pick<HttpRequest, 'url' | 'body'> & { headers: Record<string, string> },
): Promise<Sent> {
  const { headers: asked } = request;
  const isConditional = asked['if-match'] !== undefined || asked['if-none-match'] !== undefined;
  try {
    const { headers, tries } = await container.client.send({ method: 'PUT', ...request }, asText);
    return { etag: etagOf(headers), tries };
  } catch (error) {
    if (isConditional && error instanceof HttpFailure) {
      const isThere = codeOf(error) === 'BlobAlreadyExists';
      const isGone = asked['if-match'] !== undefined && codeOf(error) === 'BlobNotFound';
      if (statusOf(error) === 412 || isThere || isGone) return { etag: null, tries: error.tries };
      // The blocks are gone: with the first answer, which was lost, or with the put of another.
      if (codeOf(error) === 'InvalidBlockList') return { etag: null, tries: error.tries + 1 };
    }
    throw container.failed(error, 'write', key);
  }
}

const headersOf = ({ condition, ids }: Asked): Record<string, string> =>
  omitUndefined({
    'if-none-match': condition?.ifAbsent === true ? '*' : undefined,
    'if-match': condition?.ifMatch === undefined ? undefined : `"${condition.ifMatch}"`,
    [`x-ms-meta-${PUT_IDS}`]: ids,
  });
