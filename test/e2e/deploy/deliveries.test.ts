/** The ways in which code gets into pods: the same outcome by each, and no other code than the run's. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, makeBundle, publishBundle } from '@kube-transform/cli';
import { type ConfigMap, LABEL, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import { kt, makeProject } from '../../kit/kt.js';
import { root } from '../../kit/sources.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type PushArgs, pushArgs, workingBuilder } from '../kit/registry.js';

const FLIGHTS = join(root, 'examples/pipelines/flights.ts');
const INPUTS = [
  'node_modules/vega-datasets/data/flights-3m.parquet',
  'node_modules/vega-datasets/data/airports.csv',
];
const REPORTS = ['delays.csv', 'delays.json', 'delays.svg'];
// A container without the rights to make namespaces builds too.
const BUILDAH = { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs' };

let cluster: TestCluster;
let push: PushArgs;
let expected: string[];
let here: string;

beforeAll(async () => {
  cluster = await testCluster('deliveries');
  push = await pushArgs();
  here = await mkdtemp(join(tmpdir(), 'kt-e2e-here-'));
  for (const place of [cluster.dir, here]) {
    for (const input of INPUTS) {
      await mkdir(join(place, input, '..'), { recursive: true });
      await cp(join(root, input), join(place, input));
    }
  }
  const ran = await kt(root, ['run', FLIGHTS, '--store', `file:${here}`]);
  expect(ran.code).toBe(0);
  expected = await reports(join(here, 'out/flights'));
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(here, { recursive: true, force: true });
});

const reports = (dir: string): Promise<string[]> =>
  Promise.all(REPORTS.map(name => readFile(join(dir, name), 'utf8')));

/** Runs the flights by a delivery; tells the images of its pods. */
async function flown(delivery: string, args: readonly string[] = []): Promise<string[]> {
  const out = `out-${delivery}`;
  const submit = [
    'submit',
    FLIGHTS,
    ...cluster.args,
    '--run-id',
    delivery,
    '--out',
    out,
    '--delivery',
    delivery,
    ...args,
    '--follow',
  ];
  const ended = await kt(root, submit);
  expect(ended.err + ended.out).toContain('Completed in');
  expect(ended.code).toBe(0);
  expect(await reports(join(cluster.dir, out))).toEqual(expected);
  const pods = await cluster.api.list<Pod>(paths.pods(cluster.namespace), {
    labelSelector: `${LABEL.run}=${delivery}`,
  });
  // Those of steps that have ended are gone; the controller is not.
  expect(pods.items.length).toBeGreaterThan(0);
  return [
    ...new Set(pods.items.flatMap(({ spec }) => spec?.containers?.map(({ image }) => image ?? '') ?? [])),
  ];
}

describe('three million flights give the same bytes', () => {
  const bundles = async (): Promise<number> =>
    (
      await cluster.api.list<ConfigMap>(paths.configMaps(cluster.namespace), {
        labelSelector: `${LABEL.component}=bundle`,
      })
    ).items.length;

  test('by registry, from an image named by its digest', async ({ skip }) => {
    if (push.args === undefined) return skip(push.why);
    const images = await flown('registry', push.args);
    expect(images).toEqual([expect.stringMatching(/\/pipelines:[0-9a-f]{16}@sha256:[0-9a-f]{64}$/)]);
    expect(await bundles()).toBe(0);
  });

  test('by docker, from an image that is built once', async ({ skip }) => {
    const builder = workingBuilder();
    if (push.args === undefined) return skip(push.why);
    if (builder === undefined) return skip('none of docker, podman, nerdctl and buildah works here');
    const before = { ...process.env };
    Object.assign(process.env, {
      KT_BUILDER: builder,
      ...(builder === 'buildah' ? { ...BUILDAH, ...before } : {}),
    });
    try {
      const images = await flown('docker', push.args);
      expect(images).toEqual([
        expect.stringMatching(/\/pipelines:[0-9a-f]{16}-[0-9a-f]{8}@sha256:[0-9a-f]{64}$/),
      ]);
      const again = await kt(root, [
        'submit',
        FLIGHTS,
        ...cluster.args,
        '--run-id',
        'again',
        '--delivery',
        'docker',
        ...push.args,
      ]);
      expect(again.code).toBe(0);
      expect(again.err + again.out).not.toContain(`${builder} build`);
      expect(await bundles()).toBe(0);
    } finally {
      process.env = before;
    }
  });

  test('by bundle, from ConfigMaps', async () => {
    expect(await flown('bundle')).toEqual([expect.not.stringContaining('pipelines')]);
    expect(await bundles()).toBeGreaterThan(0);
  });
});

test('code that is not that of the run is not run', async () => {
  const dir = await makeProject({
    'pipelines/honest.ts': `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const work = ktFunction(async (_: object, { files }) => files.write('ran', 'honest'));
export default pipeline('honest', {}).job('work', work, () => ({}), { cpu: '20m', memory: '96Mi' });`,
  });
  try {
    // Before any pod has it: the node keeps what is immutable.
    await change(await makeBundle({ entries: [join(dir, 'pipelines/honest.ts')], projectDir: dir }));
    const ended = await kt(dir, ['submit', 'honest', ...cluster.args, '--run-id', 'forged', '--follow']);
    expect(ended.out + ended.err).toMatch(
      /The code of this pod has the digest [0-9a-f]{16}, and its run began with [0-9a-f]{16}/,
    );
    expect(ended.code).toBe(3);
    expect(await readdir(cluster.dir)).not.toContain('ran');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

/** Publishes a bundle as it is not: with other words in its functions. */
async function change(bundle: Bundle): Promise<void> {
  const { parts, digest } = await publishBundle(cluster.api, bundle);
  expect(parts).toBe(1);
  const at = paths.configMaps(cluster.namespace);
  const { items } = await cluster.api.list<ConfigMap>(at, { labelSelector: `${LABEL.bundle}=${digest}` });
  const [{ metadata, binaryData = {}, ...rest } = { metadata: { name: '' } }] = items;
  const forged = Object.entries(binaryData).map(([name, body]) => {
    const text = Buffer.from(body, 'base64').toString();
    return [name, Buffer.from(text.replace(/(['"])honest\1\)/, '"forged")')).toString('base64')];
  });
  const { name, labels = {} } = metadata;
  expect(Object.fromEntries(forged)).not.toEqual(binaryData);
  // It is immutable: somebody deletes it and makes another of the same name.
  await cluster.api.delete(`${at}/${name}`);
  const made = {
    ...rest,
    metadata: { name, namespace: cluster.namespace, labels },
    binaryData: Object.fromEntries(forged),
  };
  expect(await cluster.api.create(at, made)).not.toBeNull();
}
