/** How pods come by the credentials of a bucket; whichever way, nobody reads them anywhere. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileStore, openStore } from '@kube-transform/runtime';
import { accessObjects, type KubeObject, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, kt, makeProject } from '../../kit/kt.js';
import { hasServers, newPlace } from '../../objectstore/servers.js';
import { E2E, object, type TestCluster, testCluster } from '../kit/cluster.js';
import { identityWorks, type Keys, podIdentity, type PodIdentity } from '../kit/pod-identity.js';
import { saidOf } from '../kit/said.js';

const SECRET = 'bucket-keys';
const ROLE = 'arn:aws:iam::111122223333:role/flights';
const NAMES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** A pipeline on the run's own store, and one that writes into a bucket beside it. */
const pipelines = (url: string): string => `import { each, ktFunction, pipeline } from '@kube-transform/sdk';
const small = { memory: '128Mi', cpu: '20m' };
export const put = ktFunction(async ({ n }: { n: number }, { files, log }) => {
  log.info('has begun', { n });
  await files.write('out/' + n, String(n));
  return n;
});
export const sum = ktFunction(async (_: object, { files }) => (await files.listdir('out')).length);
export const copies = pipeline('copies')
  .map('put', put, () => each([1, 2, 3], n => ({ n })), { ...small, itemsPerPod: 1 })
  .job('sum', sum, () => ({}), { ...small, dependencies: ['put'] });
export const aside = ktFunction(async (_: object, context) => {
  context.log.info('has begun');
  const bucket = await context.store(${JSON.stringify(url)}, { write: true });
  await bucket.write('aside.txt', context.files.stream('mine.txt'));
  return await bucket.readText('aside.txt');
});
export const beside = pipeline('beside')
  .job('aside', aside, () => ({}), { ...small, kubernetes: { envFrom: [{ secretRef: { name: '${SECRET}' } }] } });
export const refused = pipeline('refused').job('aside', aside, () => ({}), small);
`;

describe.skipIf(!hasServers)('credentials of pods', () => {
  let cluster: TestCluster;
  let identity: PodIdentity;
  let bucket: FileStore;
  let dir: string;
  let keys: Keys;
  let google: string;
  beforeAll(async () => {
    google = newPlace('gcs');
    const url = newPlace('s3');
    const [id = '', secret = ''] = NAMES.map(name => process.env[name]);
    keys = { id, secret };
    bucket = await openStore(url);
    await bucket.head('it finds the keys, and keeps them');
    // Only pods have them.
    for (const name of Object.keys(process.env))
      if (/^AWS_/.test(name)) Reflect.deleteProperty(process.env, name);
    cluster = await testCluster('keys');
    const stringData = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
    await cluster.api.create(`/api/v1/namespaces/${cluster.namespace}/secrets`, {
      ...object('Secret', SECRET, { stringData }),
      apiVersion: 'v1',
    });
    const address = new URL(new URL(url).searchParams.get('endpoint') ?? '').hostname;
    identity = await podIdentity(cluster, { address, keys, role: ROLE });
    await accessWithRole(cluster, 'flights');
    const common = {
      ...{ kubeconfig: E2E.kubeconfig, namespace: cluster.namespace },
      ...{ image: E2E.image, imagePullPolicy: 'IfNotPresent', keepFinished: true },
    };
    const contexts = {
      secret: { ...common, store: url, storeSecret: SECRET },
      identity: {
        ...{ ...common, store: url.replace('?', '/of-identity?'), serviceAccount: 'flights' },
        defaults: { env: { AWS_ENDPOINT_URL_STS: identity.endpoint, AWS_REGION: 'us-east-1' } },
      },
      google: { ...common, store: google },
      volume: { ...common, volume: `host:${cluster.dir}` },
    };
    dir = await makeProject({
      'copies.ts': pipelines(url),
      'kt.config.ts': `export default ${JSON.stringify({ contexts, drivers: ['s3'] })};`,
    });
    await identityWorks(cluster, 'flights');
  });
  afterAll(async () => {
    await identity[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const submit = (name: string, context: string): Promise<Ended> =>
    kt(dir, [
      'submit',
      `copies.ts#${name}`,
      '--context',
      context,
      '--run-id',
      `${name}-${context}`,
      '--follow',
    ]);

  /** Nothing that people read holds a secret; `more` are texts besides. */
  async function expectSilence(runId: string, more: Ended[]): Promise<void> {
    const said = [...(await saidOf(cluster, runId)), ...more.flatMap(({ out, err }) => [out, err])];
    // That all was read shows by what is there for everybody.
    for (const known of [runId, 'has begun', '"kind":"Job"', '"containerStatuses"'])
      expect(said.join('')).toContain(known);
    for (const text of said)
      for (const secret of [keys.secret, Buffer.from(keys.secret).toString('base64'), ...identity.tokens])
        expect(text).not.toContain(secret);
  }

  test('a Secret - opens the store of a run', async () => {
    const ran = await submit('copies', 'secret');
    expect(ran.code, ran.out + ran.err).toBe(0);
    expect(Buffer.from(await bucket.get('out/3')).toString()).toBe('3');
    await expectSilence('copies-secret', [ran]);
  });

  test('a web identity - opens the store of a run, in its controller and all its pods', async () => {
    const ran = await submit('copies', 'identity');
    expect(ran.code, ran.out + ran.err).toBe(0);
    expect(Buffer.from(await bucket.get('of-identity/out/3')).toString()).toBe('3');
    const pods = (await cluster.api.list<Pod>(paths.pods(cluster.namespace))).items.filter(
      ({ spec }) => (spec as { serviceAccountName?: string }).serviceAccountName === 'flights',
    );
    expect(pods.length).toBeGreaterThanOrEqual(4);
    expect(identity.tokens.size).toBeGreaterThanOrEqual(4);
    expect(new Set(identity.exchanged)).toEqual(
      new Set([`system:serviceaccount:${cluster.namespace}:flights`]),
    );
    for (const pod of pods) expect(JSON.stringify(pod)).not.toContain(SECRET);
    await expectSilence('copies-identity', [ran]);
  });

  test('the environment of one step - opens a bucket beside a volume, with the driver that is named', async () => {
    await writeFile(join(cluster.dir, 'mine.txt'), 'of the volume');
    const ran = await submit('beside', 'volume');
    expect(ran.code, ran.out + ran.err).toBe(0);
    expect(Buffer.from(await bucket.get('aside.txt')).toString()).toBe('of the volume');
    await expectSilence('beside-volume', [ran]);
  });

  test('a step without credentials - fails with what to do', async () => {
    const ran = await submit('refused', 'volume');
    expect(ran.code).toBe(1);
    expect(ran.out + ran.err).toMatch(/Cannot write "aside\.txt" in s3:/);
    await expectSilence('refused-volume', [ran]);
  });

  test("a server that asks for no credentials - keeps a run too: one of Google's kind", async () => {
    const ran = await submit('copies', 'google');
    expect(ran.code, ran.out + ran.err).toBe(0);
    await using store = await openStore(google);
    expect(Buffer.from(await store.get('out/3')).toString()).toBe('3');
  });

  test('what is rendered - names the Secret, and holds none', async () => {
    for (const [name, value] of NAMES.map((name, i) => [name, i === 0 ? keys.id : keys.secret] as const))
      process.env[name] = value;
    const rendered = await Promise.all(
      ['secret', 'identity'].map(context => kt(dir, ['render', 'copies.ts', '--context', context])),
    );
    for (const name of NAMES) Reflect.deleteProperty(process.env, name);
    for (const { code, out, err } of rendered) {
      expect(code, err).toBe(0);
      expect(out + err).not.toContain(keys.secret);
    }
    expect(rendered[0]?.out).toContain(SECRET);
    expect(rendered[1]?.out).toContain('AWS_ENDPOINT_URL_STS');
  });
});

/** A service account with a role, as people annotate it for EKS, that may run pipelines. */
async function accessWithRole({ namespace, apply }: TestCluster, serviceAccount: string): Promise<void> {
  const [account, role, binding] = accessObjects({ namespace, serviceAccount });
  const named = (of: KubeObject | undefined): KubeObject => ({
    ...of,
    metadata: { ...of?.metadata, name: `kt-${serviceAccount}` },
  });
  const annotations = { 'eks.amazonaws.com/role-arn': ROLE };
  await apply({ ...account, metadata: { name: serviceAccount, annotations } }, named(role), named(binding));
}
