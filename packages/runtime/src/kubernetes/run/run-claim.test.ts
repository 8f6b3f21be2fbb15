import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hintsKey } from '../../run-store/layout.js';
import { openJournal } from '../../run-store/journal.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { KubeApi } from '../api/kube-api.js';
import { paths } from '../api/paths.js';
import { announceController } from './announce-controller.js';
import { claimRun, holdsClaim } from './run-claim.js';

const bench = new KubeBench();
const configMaps = paths.configMaps('ns');
let api: KubeApi;
beforeEach(() => {
  bench.server.storage.create(configMaps, { metadata: { name: 'run' }, data: { 'run.json': '{}' } });
  api = new KubeApi(bench.connection(), { clock: bench.clock });
});
afterEach(() => api.close());
const claimantOf = (uid: string): { configMap: string; uid: string } => ({ configMap: 'run', uid });

test('RC1: of controllers that claim a run at once - the one with the newest epoch has it, and can drive', async () => {
  const uids = ['a', 'b', 'c', 'd'];
  const claims = await Promise.all(
    uids.map(async uid => ({ uid, epoch: (await claimRun(api, claimantOf(uid))).epoch })),
  );
  expect(claims.map(({ epoch }) => epoch).sort()).toEqual([1, 2, 3, 4]);
  const newest = claims.find(({ epoch }) => epoch === 4)?.uid;
  const held = await Promise.all(uids.map(uid => holdsClaim(api, claimantOf(uid))));
  expect(uids.filter((_, n) => held[n])).toEqual([newest]);
  // Whoever comes to the journal last.
  const store = memoryFileStore();
  await openJournal(store, 'r', { epoch: 4 });
  for (const epoch of [1, 2, 3])
    await expect(openJournal(store, 'r', { epoch })).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
});

test('a claim whose answer was lost is one more claim', async () => {
  bench.server.storage.patch(configMaps, 'run', { data: { controller: 'a', epoch: '7' } });
  expect((await claimRun(api, claimantOf('a'))).epoch).toBe(8);
});

test('a run that was deleted cannot be claimed', async () => {
  bench.server.storage.delete(configMaps, 'run', 'Background');
  await expect(claimRun(api, claimantOf('a'))).rejects.toMatchObject({ code: 'NO_RUN' });
});

test('where a controller listens - is what the newest says, whoever says it last', async () => {
  const store = memoryFileStore();
  const tell = (epoch: number): Promise<void> =>
    announceController(store, 'r', { host: 'h', port: epoch, token: 't', epoch });
  await tell(2);
  await tell(3);
  await tell(1);
  const { port } = JSON.parse(new TextDecoder().decode(await store.get(hintsKey('r')))) as { port: number };
  expect(port).toBe(3);
});
