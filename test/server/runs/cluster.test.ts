/** Deployed pipelines of a namespace over HTTP: what is begun, once for a key, and what is refused. */
import { pipeline } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  bundleName,
  clusterSettings,
  type ConfigMap,
  KubeApi,
  LABEL,
  paths,
  readRunConfig,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ServedCluster } from '../../../packages/cli/src/serve/served-cluster.js';
import { pipelineObjects } from '../../../packages/cli/src/deploy/deploy-objects.js';
import { makeVersion } from '../../../packages/cli/src/deploy/make-version.js';
import { KubeServer } from '../../kit/kube-server.js';
import { OpenJobs } from '../open-jobs.js';

const namespace = 'jobs';
const MAPS = paths.configMaps(namespace);
const JOBS = paths.jobs(namespace);
const params = z.object({
  day: z.int().min(1),
  label: z.string().trim().optional(),
  all: z.boolean().default(false),
});

let kube: KubeServer;
let api: KubeApi;
let opened: OpenJobs;
beforeEach(async () => {
  kube = await KubeServer.start();
  const connection = { name: 'fake', server: kube.url, namespace, token: async () => undefined };
  api = new KubeApi(connection, { clock: systemClock, retryForMs: 0 });
  kube.storage.create(MAPS, {
    metadata: { name: bundleName('d1', 0), labels: { [LABEL.managedBy]: 'kt', [LABEL.bundle]: 'd1' } },
    binaryData: { f: 'AAAA' },
  });
  await deploy('flights');
  opened = await OpenJobs.open({ app: { perSec: 1e6, runs: new ServedCluster(api) } });
});
afterEach(async () => {
  api.close();
  await opened.close();
  await kube.close();
});

const settings = clusterSettings({ namespace, store: 's3://bucket' });
async function deploy(name: string, takes: 'params' | 'none' = 'params'): Promise<void> {
  const version = await makeVersion(
    {
      pipeline: takes === 'none' ? pipeline(name, {}).schedule('0 3 * * *') : pipeline(name, { params }),
      source: null,
    },
    { settings, published: { digest: 'd1', parts: 1 }, defaults: {} },
  );
  for (const object of pipelineObjects(version, { project: 'p', namespace }))
    if (object.kind === 'ConfigMap') kube.storage.create(MAPS, object);
}
const begin = (body: object, key?: string, name = 'flights') =>
  opened.ask('POST', `/pipelines/${name}/runs`, body, key === undefined ? {} : { 'idempotency-key': key });
const configOf = (runId: string) =>
  readRunConfig(kube.storage.get(MAPS, runName(runId)) as unknown as ConfigMap);
const controllers = (): number => kube.storage.all(JOBS).length;

describe('deployed pipelines', () => {
  test('are listed, and shown with parameters and schedules', async () => {
    await deploy('another one', 'none');
    expect((await opened.ask('GET', '/pipelines')).json['pipelines']).toMatchObject([
      { name: 'another one' },
      { name: 'flights' },
    ]);
    const { json: other } = await opened.ask('GET', '/pipelines/another%20one');
    expect(other).toMatchObject({ name: 'another one', params: null });
    expect(other['schedules']).toEqual([{ cron: '0 3 * * *', timeZone: null, suspend: false }]);
    expect((await opened.ask('GET', '/pipelines/flights')).json).toMatchObject({
      name: 'flights',
      params: { properties: { day: { type: 'integer', minimum: 1 } }, required: ['day'] },
      defaults: null,
    });
    expect((await opened.ask('GET', '/pipelines/fligths')).json).toMatchObject({
      code: 'NOT_DEPLOYED',
      hint: expect.stringContaining('flights') as string,
    });
    expect((await opened.ask('GET', '/pipelines/flights?version=nope')).status).toBe(404);
  });

  test('a run - is begun with its parameters, and has a controller', async () => {
    const { status, json } = await begin({ params: { day: 3 } });
    expect(status).toBe(200);
    expect(json).toMatchObject({ context: 'fake', namespace, digest: 'd1' });
    const runId = String(json['runId']);
    expect(configOf(runId)).toMatchObject({ pipeline: 'flights', version: json['version'], kind: 'new' });
    expect(controllers()).toBe(1);
    expect((await opened.ask('GET', `/runs/${runId}`)).json).toMatchObject({
      pipeline: 'flights',
      status: 'Running',
    });
    expect((await opened.ask('GET', '/runs')).json['runs']).toHaveLength(1);
  });

  test.each([
    [{ params: {} }, 'BAD_PARAM', /day/],
    [{ params: { day: 0 } }, 'BAD_PARAM', /day/],
    [{ params: { day: '3' } }, 'BAD_PARAM', /params\.day/],
    [{ params: { day: 3, all: 'yes' } }, 'BAD_PARAM', /all/],
    [{ params: { day: 3, label: 'y' } }, 'BAD_PARAM', /changed by code/],
    [{ params: { day: 3 }, runId: 'Not one' }, 'BAD_RUN_ID', /Not one/],
    [{ params: { day: 3 }, runId: '../x' }, 'BAD_RUN_ID', /\.\.\/x/],
    [{ params: { day: 3 }, version: 'zzz' }, 'UNKNOWN_VERSION', /zzz/],
  ])('the body %j - is refused with a sentence', async (body, code, words) => {
    const { json } = await begin(body, 'k');
    expect(json.code).toBe(code);
    expect(json.error).toMatch(words);
    expect(controllers()).toBe(0);
  });

  test('a pipeline without parameters - takes none', async () => {
    await deploy('plain', 'none');
    expect((await begin({ params: { a: 1 } }, undefined, 'plain')).json.code).toBe('UNKNOWN_PARAM');
    expect((await begin({}, undefined, 'plain')).status).toBe(200);
  });

  test('a key - has one run, whoever asks at the same time, and of one request', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => begin({ params: { day: 3 } }, 'k')));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    const ids = new Set(all.map(({ json }) => json['runId']));
    expect(ids.size).toBe(1);
    expect(controllers()).toBe(1);
    const other = await begin({ params: { day: 4 } }, 'k');
    expect([other.status, other.json.code]).toEqual([409, 'KEY_IN_USE']);
    expect((await begin({ params: { day: 3 }, version: String(all[0]?.json['version']) }, 'k')).status).toBe(
      409,
    );
    expect((await begin({ params: { day: 4 } }, 'k2')).json['runId']).not.toBe([...ids][0]);
    const named = { params: { day: 3 }, runId: 'mine' };
    expect((await begin(named, 'k3')).json['runId']).toBe('mine');
    expect((await begin(named, 'k3')).json['runId']).toBe('mine');
    expect((await begin(named)).json.code).toBe('RUN_EXISTS');
    expect((await begin({ ...named, params: { day: 5 } }, 'k3')).json.code).toBe('KEY_IN_USE');
  });

  test('a run that a server left half made - is made whole by who asks again', async () => {
    kube.on(/^POST .*\/jobs$/, { status: 500 }, 1);
    expect((await begin({ params: { day: 3 } }, 'k')).status).toBe(503);
    expect(controllers()).toBe(0);
    await deploy('flights-2');
    const { status, json } = await begin({ params: { day: 3 } }, 'k');
    expect(status).toBe(200);
    expect(controllers()).toBe(1);
    const documents = kube.storage
      .all(MAPS)
      .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'run-document');
    expect(documents).toHaveLength(1);
    expect(configOf(String(json['runId']))?.createdAtMs).toBe(json['createdMs']);
  });

  test('a run whose code is gone - is refused, whoever asks again', async () => {
    kube.storage.delete(MAPS, bundleName('d1', 0));
    for (const _ of [1, 2]) expect((await begin({ params: { day: 3 } }, 'k')).json.code).toBe('BUNDLE_GONE');
  });

  test('a run that has not ended - is not repeated, and one that was deleted is not there', async () => {
    const { json } = await begin({ params: { day: 3 }, runId: 'mine' });
    expect(json['runId']).toBe('mine');
    const again = await opened.ask('POST', '/runs/mine/retry', undefined, { 'idempotency-key': 'r' });
    expect([again.status, again.json.code]).toEqual([409, 'RUN_IS_DRIVEN']);
    kube.storage.delete(MAPS, runName('mine'));
    expect((await opened.ask('POST', '/runs/mine/retry')).status).toBe(404);
    expect((await opened.ask('GET', '/runs/mine')).json.code).toBe('UNKNOWN_RUN');
  });

  test('rights that the server lacks - are no fault of who asks', async () => {
    const forbidden = {
      kind: 'Status',
      code: 403,
      reason: 'Forbidden',
      message: 'configmaps is forbidden: User "x" cannot list resource "configmaps"',
    };
    kube.on(/configmaps/, { status: 403, body: forbidden });
    const { status, json } = await opened.ask('GET', '/runs');
    expect([status, json.code]).toEqual([503, 'CLUSTER_FORBIDDEN']);
  });
});
