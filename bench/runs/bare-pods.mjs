/**
 * Steps in pods of a run whose store is a bucket (KT_BENCH_STORE, which pods reach at the same address as this
 * machine): pods that mount nothing, beside the same with volumes for code and scratch space.
 */
import { openStore } from '@kube-transform/runtime';
import { withDrivers } from '../../packages/cli/dist/bundle/with-drivers.js';
import { openPlace } from '../../test/e2e/open-place.mjs';
import { ourChain, settled } from '../cluster.mjs';
import { median } from '../compare.mjs';

const ROUNDS = 3;
const SECRET = 'bucket-keys';
/** Who patches a pod has it as it is patched. */
const MOUNTED = { kubernetes: { podPatch: {} } };

export async function benchBarePods() {
  const url = process.env.KT_BENCH_STORE;
  if (url === undefined) throw new Error('Set KT_BENCH_STORE to the URL of a folder in a bucket.');
  const store = await openStore(url);
  const place = await openPlace('kt-bench', 'bench/functions/stamp.ts');
  if (place === null) throw new Error('There is no cluster: set KT_E2E_KUBECONFIG.');
  try {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
    await place.api.create(`/api/v1/namespaces/${place.namespace}/secrets`, {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET } },
      stringData: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
    });
    const settings = { ...place.settings, store: url, volume: null, storeSecret: SECRET };
    const bundle = await withDrivers(place.bundle, url);
    const there = { ...place, settings, bundle, store };
    const [bare, mounted] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      mounted.push((await settled(there, () => ourChain(there, MOUNTED))).ms);
      bare.push((await settled(there, () => ourChain(there))).ms);
    }
    const [medianMs, baselineMs] = [median(bare), median(mounted)];
    return [
      {
        ...{ name: 'a step in a pod that mounts nothing / in one with volumes for code and scratch space' },
        ...{ medianMs, baselineMs, ratio: medianMs / baselineMs, goal: 0.6 },
        note: `on ${store.capabilities.kind}`,
      },
    ];
  } finally {
    await place.close();
    await store[Symbol.asyncDispose]();
  }
}
