/**
 * `node test/scale/pods.mjs STORE [ITEMS=10000 [PODS_AT_ONCE=10]]`: a map on a cluster, each item in a pod of its
 * own, whose store is a bucket that pods reach at the same address as this machine (`s3://…?endpoint=http://…`).
 * A proxy on that address counts what they ask. Ends with 1 where the result is wrong, or where an item costs
 * more than three requests. With KT_FAKE_NODES=1 the workers are processes of this machine, each with the
 * environment of a pod on a node that is none (`fake-nodes.mjs`): containers are most of what 10,000 pods take.
 */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { openStore } from '@kube-transform/runtime';
import { readResults, systemClock } from '@kube-transform/runtime/internal';
import { withDrivers } from '../../packages/cli/dist/bundle/with-drivers.js';
import { controllerOf, openPlace } from '../e2e/open-place.mjs';
import { runToEnd } from '../e2e/run-to-end.mjs';
import { FakeNodes, onFakeNodes } from './fake-nodes.mjs';

const MOST_AN_ITEM = 3;
const SHOWN = 14;
const SECRET = 'bucket-keys';
const [, , given = '', items = '10000', podsAtOnce = '10'] = process.argv;
const count = Number(items);
const [folder = '', options = ''] = given.split('?');
const query = new URLSearchParams(options);
const server = new URL(query.get('endpoint') ?? '');

/** What a request is about, without what tells one run, pod or item from another. */
function kindOf(method, path) {
  const [key = '', asked = ''] = path.split('?');
  const prefix = new URLSearchParams(asked).get('prefix');
  const of = decodeURIComponent(prefix === null ? key : `list of ${prefix}`);
  return `${method} ${of.replace(/^.*kt-metadata\/[^/]+/, '…').replace(/\d+/g, 'N')}`;
}

const asked = new Map();
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const allAsked = () => [...asked.values()].reduce((sum, n) => sum + n, 0);
const proxy = createServer((from, to) => {
  const kind = kindOf(from.method, from.url);
  asked.set(kind, (asked.get(kind) ?? 0) + 1);
  const { method, url: path, headers } = from;
  const { hostname, port } = server;
  const on = request({ hostname, port, method, path, headers, agent }, answer => {
    to.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(to);
  });
  on.on('error', () => to.destroy());
  from.pipe(on);
}).listen(0, server.hostname);
await once(proxy, 'listening');
query.set('endpoint', `http://${server.hostname}:${proxy.address().port}`);
const url = `${folder.replace(/\/?$/, `/kt-pods-${process.pid}`)}?${query}`;

const store = await openStore(url);
const place = await openPlace('kt-pods', 'test/scale/one-a-pod.ts');
if (place === null) {
  console.error('There is no cluster: set KT_E2E_KUBECONFIG, and KT_E2E_IMAGE to an image with Node.');
  process.exit(2);
}
let nodes = null;
try {
  const { api, namespace } = place;
  const isFake = process.env.KT_FAKE_NODES === '1';
  const bundle = await withDrivers(place.bundle, url);
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  await api.create(`/api/v1/namespaces/${namespace}/secrets`, {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET } },
    stringData: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
  });
  const settings = { ...place.settings, store: url, volume: null, storeSecret: SECRET };
  const { default: pipelineOf } = await (await import(bundle.catalog)).modules[bundle.entries[0]]();
  const pipeline = pipelineOf(Number(podsAtOnce), isFake ? onFakeNodes : {});
  if (isFake) nodes = new FakeNodes(api, { namespace, worker: bundle.worker });
  await nodes?.open(4);
  const { runId, summary, ms } = await runToEnd(
    { api, bundle, settings },
    { pipeline, params: { n: count } },
  );
  const seconds = ms / 1000;
  const requests = allAsked();
  const kinds = [...asked].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  const { peakMiB, apiRequests } = await controllerOf(place, runId);
  const readFromMs = systemClock.elapsedMs();
  const results = await readResults(store, runId, 'one');
  const readS = (systemClock.elapsedMs() - readFromMs) / 1000;
  const isRight =
    summary?.status === 'Completed' && results.length === count && results.every((x, i) => x === i);
  console.log(
    `${count} items, each in a pod of its own${isFake ? ' (on nodes that are none)' : ''}, on a bucket: ${summary?.status}, ${isRight ? 'right' : 'WRONG'}, ` +
      `${seconds.toFixed(0)} s, ${(requests / count).toFixed(2)} requests an item, ` +
      `controller ${peakMiB} MiB, ${apiRequests} API requests; all results ` +
      `read in ${readS.toFixed(1)} s with ${((allAsked() - requests) / count).toFixed(2)} requests an item`,
  );
  for (const [kind, n] of kinds) console.log(`  ${String(n).padStart(8)} ${kind}`);
  if (!isRight && summary?.lastError) console.log(`  ${summary.lastError}`);
  process.exitCode = isRight && requests / count <= MOST_AN_ITEM ? 0 : 1;
} finally {
  await nodes?.close();
  await place.close();
  proxy.closeAllConnections();
  proxy.close();
  agent.destroy();
}
