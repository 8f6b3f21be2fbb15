/** Runs on a cluster whose store is a bucket: no volume, credentials from a Secret, which is seen nowhere. */
import { openStore } from '@kube-transform/runtime';
import { readResults } from '@kube-transform/runtime/internal';
import { LABEL, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultyProxy } from '../../objectstore/faulty-proxy.js';
import { hasServers, newPlace } from '../../objectstore/servers.js';
import { kt, run as execute } from '../../kit/kt.js';
import { E2E, object, type TestCluster, testCluster } from '../kit/cluster.js';
import { saidOf } from '../kit/said.js';
import { submitJobs } from '../kit/submitted.js';

const SECRET = 'bucket-keys';

describe.skipIf(!hasServers)('a run whose store is a bucket', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    const url = newPlace('s3');
    const place = await testCluster('s3');
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
    await place.api.create(`/api/v1/namespaces/${place.namespace}/secrets`, {
      ...object('Secret', SECRET, { stringData: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } }),
      apiVersion: 'v1',
    });
    cluster = {
      ...place,
      store: await openStore(url),
      settings: { ...place.settings, store: url, volume: null, storeSecret: SECRET },
    };
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('completes without a volume; the secret is in no object, log or output', async () => {
    const run = await submitJobs(
      cluster,
      [
        {
          type: 'map',
          name: 'squares',
          function: 'ends.square',
          items: Array.from({ length: 30 }, (_, i) => i),
          args: { n: { $ref: 'item#' } },
          itemsPerPod: 10,
        },
        { name: 'beside', placement: 'controller', call: ['square', { n: 7 }], dependencies: ['squares'] },
        { name: 'fails', call: ['ends', { how: 'exit' }], dependencies: ['squares'] },
      ],
      { keepFinished: true },
    );
    const { status } = await run.ended;
    expect(status).toBe('Failed');
    expect(await readResults(cluster.store, run.runId, 'squares')).toEqual(
      Array.from({ length: 30 }, (_, i) => i * i),
    );
    expect(await readResults(cluster.store, run.runId, 'beside')).toEqual([49]);
    const pods = (await cluster.api.list<Pod>(paths.pods(cluster.namespace))).items;
    expect(pods.length).toBeGreaterThan(3);
    for (const { spec, metadata } of pods) {
      const { volumes = [] } = spec as { volumes?: { name: string }[] };
      const isWorker = metadata.labels?.[LABEL.component] === 'task';
      expect(volumes.map(({ name }) => name)).toEqual(isWorker ? [] : expect.not.arrayContaining(['data']));
    }
    const said = await saidOf(cluster, run.runId);
    for await (const entry of cluster.store.list(''))
      if (entry.type === 'object')
        said.push(Buffer.from(await cluster.store.get(entry.object.key)).toString());
    for (const text of said) expect(text).not.toContain(process.env['AWS_SECRET_ACCESS_KEY'] ?? '');

    // Its code is laid out when it begins to wait.
    const where = ['-n', cluster.namespace, '--kubeconfig', E2E.kubeconfig];
    const debug = await kt(cluster.dir, ['debug', run.runId, 'squares/4', ...where]);
    expect(debug.code, debug.err).toBe(0);
    const line = /^Run the item:(.*)$/m.exec(debug.out)?.[1] ?? '';
    expect((await execute('sh', ['-c', line], { dir: cluster.dir })).out).toContain('"result":16');
  });

  test('asks the bucket little: a pod needs two requests, one that takes more to do one each', async () => {
    const [bucket = '', options = ''] = cluster.settings.store.split('?');
    const query = new URLSearchParams(options);
    await using proxy = await faultyProxy(query.get('endpoint') ?? '', {
      perMille: 0,
      conflicts: false,
    });
    query.set('endpoint', proxy.url);
    const settings = { ...cluster.settings, store: `${bucket}?${query.toString()}` };
    const requestsOf = async (items: number, itemsPerPod: number | null): Promise<number> => {
      proxy.asked.splice(0);
      const args = { n: { $ref: 'item#' } };
      const all = Array.from({ length: items }, (_, i) => i);
      const run = await submitJobs({ ...cluster, settings }, [
        {
          type: 'map',
          name: 'm',
          function: 'ends.square',
          items: all,
          args,
          ...(itemsPerPod === null ? {} : { itemsPerPod }),
        },
      ]);
      expect((await run.ended).status).toBe('Completed');
      // A net beneath the hints: every five seconds the results are listed. Of the run's own files a few are
      // written as time goes by.
      const ofPods = /jobs\/|controller\.json/;
      return proxy.asked.filter(asked => ofPods.test(asked) && !/list-type=2.*results/.test(asked)).length;
    };
    const [own, packed] = [await requestsOf(40, 1), await requestsOf(2000, null)];
    process.stdout.write(`requests of pods: ${own} for 40 of an item, ${packed} for 2,000 items\n`);
    // On a machine that has time for it two; a pod that is not told in time asks for seven.
    expect(own / 40).toBeLessThanOrEqual(5);
    expect(packed / 2000).toBeLessThanOrEqual(0.2);
  });
});
