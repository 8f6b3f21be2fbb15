import { ktFunction, pipeline } from '@kube-transform/sdk';
import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { makeVersion, type VersionFrame } from './make-version.js';

const times = ktFunction({ name: 'times', input: z.object({ n: z.number() }) }, async ({ n }) => n * 2);
const hasDefault = pipeline('nightly', { params: z.object({ n: z.number().default(7) }) }).job(
  'times',
  times,
  ({ params }) => ({ n: params.n }),
);
const lacksDefault = pipeline('nightly', { params: z.object({ n: z.number() }) }).job(
  'times',
  times,
  ({ params }) => ({ n: params.n }),
);

const source = { pipeline: 'pipelines/nightly.ts', functions: [], digest: 'here' };
const frame = (digest = 'd1', defaults: VersionFrame['defaults'] = {}): VersionFrame => ({
  settings: clusterSettings({ namespace: 'jobs', store: 's3://bucket' }),
  published: { digest, parts: 2 },
  defaults,
});

test('makeVersion - the same pipeline and code are the same version, in any namespace', async () => {
  const first = await makeVersion({ pipeline: hasDefault, source }, frame());
  const { settings, ...rest } = frame();
  const other = await makeVersion(
    { pipeline: hasDefault, source },
    { ...rest, settings: { ...settings, namespace: 'elsewhere' } },
  );
  expect(other).toEqual(first);
  expect((await makeVersion({ pipeline: hasDefault, source }, frame('d2'))).version).not.toBe(first.version);
});

test('makeVersion - says with what a scheduled run is made, and which code was published', async () => {
  const version = await makeVersion({ pipeline: hasDefault, source }, frame());
  expect(version).toMatchObject({
    pipeline: 'nightly',
    defaults: { n: 7 },
    params: { properties: { n: { default: 7 } } },
    digest: 'd1',
    bundleParts: 2,
    source: { ...source, digest: 'd1' },
  });
  expect(version.settings).not.toHaveProperty('namespace');
});

test('makeVersion - steps have the defaults of the context where they say nothing', async () => {
  const { spec } = await makeVersion({ pipeline: hasDefault, source }, frame('d1', { memory: '64Mi' }));
  expect(spec.jobs?.[0]).toMatchObject({ memory: '64Mi' });
});

test('makeVersion - a parameter without a default is allowed, but not with a schedule', async () => {
  expect((await makeVersion({ pipeline: lacksDefault, source }, frame())).defaults).toBeNull();
  const scheduled = lacksDefault.schedule('0 3 * * *');
  await expect(makeVersion({ pipeline: scheduled, source }, frame())).rejects.toMatchObject({
    code: 'PARAM_WITHOUT_DEFAULT',
  });
});

test('makeVersion - a document is checked as a whole', async () => {
  const document = { name: 'p', jobs: [{ name: 'a', type: 'static' as const, dependencies: ['gone'] }] };
  await expect(makeVersion({ pipeline: document, source: null }, frame())).rejects.toMatchObject({
    code: 'UNKNOWN_DEPENDENCY',
  });
});
