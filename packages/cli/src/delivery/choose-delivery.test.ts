import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import type { Bundle } from '../bundle/make-bundle.js';
import { chooseDelivery, wayOf } from './choose-delivery.js';

test.each<[string, Parameters<typeof wayOf>[0], string]>([
  ['nothing said', {}, 'bundle'],
  ['a repository', { repository: 'r.example/a' }, 'registry'],
  ['a build command', { build: './build.sh' }, 'docker'],
  ['a build command and a repository', { build: './build.sh', repository: 'r.example/a' }, 'docker'],
  ['a named way', { delivery: 'bundle', build: './build.sh', repository: 'r.example/a' }, 'bundle'],
])('wayOf - %s', (_, context, expected) => {
  expect(wayOf(context)).toBe(expected);
});

test('chooseDelivery - images need a repository', async () => {
  const bundle: Bundle = {
    ...{ digest: 'd1', dir: '/p/.kt/bundles/d1', projectDir: '/p', worker: '', catalog: '' },
    ...{ entries: [], files: {}, outputs: {}, outside: [] },
  };
  const settings = clusterSettings({ namespace: 'jobs', store: 's3://bucket' });
  for (const delivery of ['registry', 'docker'] as const) {
    const chosen = chooseDelivery({ delivery, context: 'far' }, { progress: () => undefined });
    await expect(chosen.deliver(bundle, settings)).rejects.toMatchObject({ code: 'NO_REPOSITORY' });
  }
});
