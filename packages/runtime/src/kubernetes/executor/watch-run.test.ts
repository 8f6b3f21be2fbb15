import { expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { systemClock } from '../../process/system-clock.js';
import { KubeApi } from '../api/kube-api.js';
import { paths } from '../api/paths.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { runLabels } from '../manifests/names.js';
import { ownerOf } from '../manifests/names.js';
import { watchRun } from './watch-run.js';

const bench = new KubeBench();
const frame = {
  runId: 'r',
  pipeline: 'p',
  settings: clusterSettings({ namespace: 'ns', store: 'mem:' }),
  digest: 'd',
  bundleParts: 0,
  owner: ownerOf('r', 'u'),
};
const begin = (signal: AbortSignal, told: string[] = [], jobsSince?: string) => {
  const api = new KubeApi(bench.connection(), { clock: systemClock });
  signal.addEventListener('abort', () => api.close());
  const options = { api, clock: systemClock, frame, jobsSince, onTrouble: () => undefined };
  return watchRun(options, signal, {
    jobsAre: jobs => told.push(`${jobs.length} jobs`),
    jobIs: job => told.push(job.metadata.name),
    podFailed: pod => told.push(pod.metadata.name),
    broke: error => told.push(String(error)),
  });
};

test('a watch of a run that is stopped before it has listed - ends, and holds nobody up', async () => {
  const { listed, ended } = begin(AbortSignal.abort());
  await Promise.all([listed, ended]);
});

test('a watch of a run - lists Jobs as of a version that was just seen, and pods when there is a Job', async () => {
  const stop = new AbortController();
  const told: string[] = [];
  const { listed, ended } = begin(stop.signal, told, '7');
  await listed;
  const [first] = bench.server.askedFor(/^GET .*\/jobs/);
  expect(first?.query.get('resourceVersion')).toBe('7');
  expect(first?.query.get('resourceVersionMatch')).toBe('NotOlderThan');
  expect(bench.server.askedFor(/^GET .*\/pods/)).toEqual([]);
  const labels = runLabels('r', 'p', 'task');
  bench.server.storage.create(paths.pods('ns'), {
    metadata: { name: 'failed', labels },
    status: { phase: 'Failed' },
  });
  bench.server.storage.create(paths.jobs('ns'), { metadata: { name: 'job', labels } });
  await expect.poll(() => told, { interval: 5 }).toEqual(['0 jobs', 'job', 'failed']);
  stop.abort();
  await ended;
});
