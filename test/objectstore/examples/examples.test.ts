/** Examples whose store is a bucket: what they fetch of it, and that they come to the same as elsewhere. */
import { ktFiles } from '@kube-transform/runtime';
import { writeParquet } from '@kube-transform/formats';
import { testRun } from '@kube-transform/runtime/testing';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import * as crawl from '../../../examples/pipelines/crawl.js';
import routes from '../../../examples/pipelines/routes.js';
import thumbnails from '../../../examples/pipelines/thumbnails.js';
import { openStore } from '../../../packages/runtime/src/open-store.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { answering } from '../answering.js';
import { hasServers, newPlace } from '../servers.js';

/** A store that counts the bytes that are read of one of its files. */
function counting(store: FileStore, path: string): FileStore & { bytes: number } {
  const counted = {
    ...store,
    bytes: 0,
    get: async (key: string, range?: { start: number; end?: number }) => {
      const bytes = await store.get(key, range);
      if (key === path) counted.bytes += bytes.length;
      return bytes;
    },
  };
  return counted;
}

describe.skipIf(!hasServers)('an example in a bucket', () => {
  test.each(['s3', 'rgw'])('%s: routes - fetches a part of the file, and writes Parquet', async name => {
    await using bucket = await openStore(newPlace(name));
    const rows = Array.from({ length: 4000 }, (_, n) => ({
      ...{ origin: 'A', destination: n % 2 === 0 ? 'B' : 'C', delay: n % 7 },
      note: `${n} of no interest `.repeat(25),
    }));
    await writeParquet(ktFiles(bucket), 'in.parquet', rows, { rowGroupRows: 500, codec: 'UNCOMPRESSED' });
    const store = counting(bucket, 'in.parquet');
    const run = await testRun(routes, { store, params: { file: 'in.parquet', size: '200KiB' } });
    expect(run.result('report')).toMatchObject({ routes: 2, worst: { flights: 2000 } });
    expect(run.result('plan').length).toBeGreaterThan(4);
    const size = (await bucket.head('in.parquet'))?.size ?? 0;
    expect(store.bytes).toBeGreaterThan(0);
    expect(store.bytes).toBeLessThan(size);
  });

  test('thumbnails - goes there and back through the disk', async () => {
    await using store = await openStore(newPlace('s3'));
    const image = { width: 80, height: 40, channels: 3 as const, background: 'red' };
    for (const path of ['in/1.png', 'in/2.png', 'mark.png'])
      await store.put(path, await sharp({ create: image }).png().toBuffer());
    const run = await testRun(thumbnails, {
      store,
      params: { images: 'in/*.png', mark: 'mark.png', out: 'out' },
    });
    expect(run.result('sheet')).toEqual({ sheet: 'out/sheet.png', images: 2, missing: 0 });
    expect(await sharp(await store.get('out/sheet.png')).metadata()).toMatchObject({ width: 256 });
  });

  test('crawl - writes its lines there', async () => {
    await using web = await answering((request, response) => {
      response.setHeader('content-type', 'text/html');
      if (request.url === '/') response.end('<a href="/one">1</a><a href="/none">2</a>');
      else response.writeHead(request.url === '/one' ? 200 : 404).end();
    });
    await using store = await openStore(newPlace('s3'));
    const { level, fetchPart, sumUp } = crawl;
    const run = await testRun(crawl.default, {
      store,
      params: { start: `${web.url}/`, pauseMs: 0, out: 'out' },
      functions: { crawl: { level, fetchPart, sumUp } },
    });
    expect(run.result('sum-up')).toMatchObject({ pages: 3, broken: 1 });
  });
});
