/** Many writers at once, of whom each condition lets one through: directly, and where answers are lost. */
import { describe, expect, test } from 'vitest';
import { openStore } from '../../packages/runtime/src/open-store.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { bytes, text } from '../kit/stores.js';
import { faultyProxy } from './faulty-proxy.js';
import { hasServers, openPlace } from './servers.js';

const WRITERS = 50;

describe.skipIf(!hasServers).each(['gcs', 'azurite'])('%s', server => {
  /** Does work with as many stores of one place as there are writers, each a client of its own. */
  async function withStores(perMille: number, work: (stores: FileStore[]) => Promise<void>): Promise<void> {
    await using place = await openPlace(server);
    const url = new URL(place.url);
    const target = url.searchParams.get('endpoint') ?? '';
    await using proxy = await faultyProxy(target, { perMille, conflicts: false });
    url.searchParams.set('endpoint', proxy.url);
    const options = { isTried: true };
    await work(await Promise.all(Array.from({ length: WRITERS }, () => openStore(url.href, options))));
  }

  test.each([0, 100])('of 50 writers with ifAbsent one wins; %i of 1,000 requests fail', perMille =>
    withStores(perMille, async stores => {
      for (let round = 0; round < 5; round++) {
        const etags = await Promise.all(
          stores.map((store, i) => store.put(`once/${round}`, bytes(`writer ${i}`), { ifAbsent: true })),
        );
        const winners = etags.flatMap((etag, i) => (etag === null ? [] : [i]));
        expect(winners).toHaveLength(1);
        expect(text(await stores[0]!.get(`once/${round}`))).toBe(`writer ${winners[0]}`);
      }
    }),
  );

  test.each([0, 100])(
    'a counter that ten writers add 5 to each misses none; %i of 1,000 requests fail',
    perMille =>
      withStores(perMille, async stores => {
        const [first] = stores;
        await first!.put('counter', bytes('0'), { ifAbsent: true });
        await Promise.all(
          stores.slice(0, 10).map(async store => {
            for (let added = 0; added < 5;) {
              const etag = (await store.head('counter'))!.etag;
              const next = bytes(String(Number(text(await store.get('counter'))) + 1));
              if ((await store.put('counter', next, { ifMatch: etag })) !== null) added++;
            }
          }),
        );
        expect(text(await first!.get('counter'))).toBe('50');
      }),
  );
});
