/** Which steps share warm pods. */
import { type KTJob, type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { frameOf } from '../../../../../test/kit/kube-bench.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { LABEL } from '../manifests/names.js';
import { isWarm, warmClass } from './warm-class.js';

const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
const frame = frameOf(settings);
function jobOf(options: Partial<KTJobInput> = {}, name = 'a'): KTJob {
  const [job] = mustParsePipeline({
    name: 'p',
    jobs: [{ type: 'static', name, reuse: 'run', ...options }],
  }).jobs;
  return job!;
}
const idOf = (options: Partial<KTJobInput> = {}, memory = '1Gi'): string =>
  warmClass(frame, jobOf(options), memory).id;

test('steps are of one class whatever they are called and do', () => {
  const other = jobOf(
    { retries: 3, concurrency: 2, parallelism: 7, tasks: [{ function: 'm.f', args: {} }] },
    'b',
  );
  expect(warmClass(frame, other, '1Gi').id).toBe(idOf());
});

test.each<[string, Partial<KTJobInput>]>([
  ['cpu', { cpu: '2' }],
  ['gpu', { gpu: 1 }],
  ['environment', { env: { A: '1' } }],
  ['labels', { labels: { team: 'x' } }],
  ['a time limit, which needs a process namespace', { timeout: '5m' }],
  ['image', { kubernetes: { image: 'x' } }],
  ['service account', { kubernetes: { serviceAccountName: 'x' } }],
  ['nodes', { kubernetes: { nodeSelector: { a: 'b' } } }],
  ['tolerations', { kubernetes: { tolerations: [{ key: 'a' }] } }],
  ['volumes', { kubernetes: { volumes: [{ name: 'v', emptyDir: {} }] } }],
  ['annotations', { kubernetes: { annotations: { a: 'b' } } }],
  ['a patch of pods', { kubernetes: { podPatch: { hostNetwork: true } } }],
  ['a patch of Jobs', { kubernetes: { jobPatch: { ttlSecondsAfterFinished: 1 } } }],
])('steps are of another class with another %s', (_, options) => {
  expect(idOf(options)).not.toBe(idOf());
});

test('memory is that of the next pod, which grows when a step runs out of it', () => {
  expect(idOf({}, '2Gi')).not.toBe(idOf());
  expect(idOf({ memory: '2Gi' }, '1Gi')).toBe(idOf());
});

test.each<[string, Partial<KTJobInput>]>([
  ['says nothing', { reuse: 'step' }],
  ['says how many items a pod has', { itemsPerPod: 1 }],
  ['runs a container', { type: 'container', container: { image: 'x' } }],
  ['stands in a queue', { kubernetes: { queue: 'q' } }],
])('a step that %s has pods of its own', (_, options) => {
  expect(isWarm(jobOf(options), settings)).toBe(false);
  expect(isWarm(jobOf(), settings)).toBe(true);
  expect(isWarm(jobOf(), { ...settings, defaults: { queue: 'q' } })).toBe(false);
});

test('a Job of warm pods bears the name of no step, and ends with no deadline', () => {
  const { metadata, spec } = warmClass(frame, jobOf({ timeout: '5m' }), '1Gi').jobOf(3, 2);
  expect(metadata.name).toMatch(/^kt-warm-\w{10}-3$/);
  expect(metadata.labels).not.toHaveProperty([LABEL.job]);
  expect(spec).toMatchObject({
    completions: 2,
    parallelism: 2,
    template: { spec: { shareProcessNamespace: true } },
  });
  expect(JSON.stringify(spec)).not.toContain('activeDeadlineSeconds');
});
