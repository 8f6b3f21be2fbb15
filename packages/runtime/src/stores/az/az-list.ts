/** Lists blobs of a container, some thousands a page. */
import type { Listing, Page } from '../listing.js';
import { asText } from '../http/http-client.js';
import type { AzContainer } from './az-container.js';
import { elementsIn, textIn } from './xml.js';

/** All pages of a listing. The server cannot begin at a key: what comes before is passed over here. */
export async function* pages(container: AzContainer, { prefix, delimiter }: Listing): AsyncGenerator<Page> {
  const start = container.prefix.length;
  const asked: Record<string, string> = {
    ...{ restype: 'container', comp: 'list', prefix: container.prefix + prefix },
    ...(delimiter === undefined ? {} : { delimiter }),
  };
  let marker: string | undefined;
  do {
    const url = container.listUrl(marker === undefined ? asked : { ...asked, marker });
    try {
      const { value } = await container.client.send({ method: 'GET', url }, asText);
      yield {
        objects: elementsIn(value, 'Blob')
          // Accounts with real folders list them as well.
          .filter(blob => textIn(blob, 'ResourceType') !== 'directory')
          .map(blob => ({
            key: (textIn(blob, 'Name') ?? '').slice(start),
            size: Number(textIn(blob, 'Content-Length') ?? 0),
            modifiedMs: Date.parse(textIn(blob, 'Last-Modified') ?? '') || 0,
            etag: (textIn(blob, 'Etag') ?? '').replaceAll('"', ''),
          })),
        prefixes: elementsIn(value, 'BlobPrefix').map(found => (textIn(found, 'Name') ?? '').slice(start)),
      };
      marker = textIn(value, 'NextMarker') || undefined;
    } catch (error) {
      throw container.failed(error, 'list', prefix);
    }
  } while (marker !== undefined);
}
