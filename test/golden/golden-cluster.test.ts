/** What earlier versions left in a cluster, on a scripted server; see `fixtures/golden-runs/README.md`. */
import { readdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore, readFailedLogs, readRecord, readRun } from '@kube-transform/runtime';
import { type ConfigMap, type Job, LABEL, paths } from '@kube-transform/runtime/kubernetes';
import { collect } from '../kit/collect.js';
import { type Ended, kt } from '../kit/kt.js';
import { addBundle, submittedTo } from '../kit/kube-runs.js';
import { KubeServer } from '../kit/kube-server.js';
import type { StoredObject } from '../kit/kube-storage.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/golden-runs', import.meta.url));
const VERSIONS = readdirSync(FIXTURES).filter(name => /^\d/.test(name));
const COLLECTIONS: Record<string, string> = {
  ConfigMap: paths.configMaps('ns'),
  CronJob: paths.cronJobs('ns'),
  Job: paths.jobs('ns'),
};

let server: KubeServer;
let dir: string;

beforeEach(async () => {
  server = await KubeServer.start();
  dir = await submittedTo(server);
});
afterEach(() => server.close());

/** Puts the objects into the storage, which gives them other uids; owners come before what they own. */
function addObjects(version: string): void {
  const objects = JSON.parse(
    readFileSync(join(FIXTURES, version, 'cluster/objects.json'), 'utf8'),
  ) as StoredObject[];
  const uids = new Map<string | undefined, string>();
  for (const { metadata, ...object } of objects) {
    const ownerReferences = (metadata.ownerReferences ?? []).map(owner => ({
      ...owner,
      uid: uids.get(owner.uid)!,
    }));
    const whole = { ...object, metadata: { ...metadata, ownerReferences } };
    uids.set(metadata.uid, server.storage.create(COLLECTIONS[object.kind ?? '']!, whole).metadata.uid!);
  }
  // The code itself was not recorded.
  const digests = objects.map(({ metadata }) => metadata.labels?.[LABEL.bundle]);
  for (const digest of new Set(digests.filter(digest => digest !== undefined))) addBundle(server, digest);
}

/** What a command that begins or resumes a run has made. */
async function made(
  ...args: string[]
): Promise<{ ended: Ended; run: object | undefined; job: Job | undefined }> {
  const before = server.asked.length;
  const ended = await kt(dir, args);
  const posted = server.asked.slice(before).filter(({ method }) => method === 'POST');
  const bodies = posted.map(({ text }) => JSON.parse(text) as ConfigMap | Job);
  const text = bodies
    .map(body => ('data' in body ? body.data?.['run.json'] : undefined))
    .find(data => data !== undefined);
  const job = bodies.find((body): body is Job => body.kind === 'Job');
  return { ended, run: text === undefined ? undefined : (JSON.parse(text) as object), job };
}

const SOURCE = { pipeline: 'pipelines/golden.ts', functions: [] };

describe.each(VERSIONS)('a cluster of version %s', version => {
  beforeEach(() => addObjects(version));

  test('kt runs and kt status - a run that has ended or was left', async () => {
    const [runs, failed, latest] = await Promise.all([
      kt(dir, ['runs', '-n', 'ns', '--json']),
      kt(dir, ['status', 'failed-there', '--json']),
      kt(dir, ['status', 'latest']),
    ]);
    const ended = { Completed: 5, Failed: 1, SkippedDueToUpstreamFailure: 1 };
    expect(JSON.parse(runs.out)).toMatchObject([
      { runId: 'left-there', status: 'Interrupted', jobs: { Completed: 2, Running: 1, Pending: 3 } },
      { runId: 'completed-there', pipeline: 'golden', status: 'Completed', jobs: { Completed: 7 } },
      { runId: 'failed-there', status: 'Failed', jobs: ended, where: 'fake/ns' },
    ]);
    const done = (items: number): object => ({ status: 'Completed', items });
    const cause = { kind: 'ItemsFailed', failed: 1, total: 8, first: { message: 'parcel f is damaged' } };
    expect(JSON.parse(failed.out)).toMatchObject({
      ...{ runId: 'failed-there', pipeline: 'golden', status: 'Failed' },
      jobs: {
        ...{ plan: done(1), weigh: done(8), label: done(8), pack: done(1), boxes: done(2) },
        check: { status: 'Failed', items: 8, cause },
        report: { status: 'SkippedDueToUpstreamFailure', items: null },
      },
    });
    expect(latest.out).toMatch(/^run left-there: Interrupted[\s\S]*its controller is gone/);
    expect(latest.out).toMatch(/weigh +5\/8 items {2}1 retried[\s\S]*kt submit --resume left-there/);
  });

  test('the library - the store that a run of a cluster left', async () => {
    const store = await openStore(`file:${join(FIXTURES, version, 'cluster/store')}`);
    const record = (await readRecord(store, 'failed-there'))!;
    const { status, jobs } = await readRun(store, record);
    expect(status).toBe('Failed');
    expect(Object.fromEntries(jobs.map(({ name, done, failed }) => [name, [done, failed]]))).toEqual({
      ...{ plan: [1, 0], weigh: [8, 0], label: [7, 1], check: [7, 1], pack: [1, 0], boxes: [2, 0] },
      report: [0, 0],
    });
    const failed = await collect(readFailedLogs(store, record, { selector: undefined, previous: false }));
    expect(failed).toMatchObject([
      { job: 'label', item: 3, attempts: 1, cause: { message: 'no address for d' }, lines: [] },
      { job: 'check', item: 5, attempts: 1, cause: { message: 'parcel f is damaged' } },
    ]);
    expect(failed[1]?.lines).toMatchObject([{ level: 'warn', message: 'checking f' }]);
  });

  test('kt submit and kt rollback - a version that is deployed', async () => {
    const [list, { ended, run, job }] = await Promise.all([
      kt(dir, ['rollback', 'golden', '--list']),
      made('submit', 'golden', '--run-id', 'again', '--parcels', '3'),
    ]);
    expect(ended.code, ended.err).toBe(0);
    const [, deployed = 'none'] = /^deployed +(\w{10}) +\d{4}-/m.exec(list.out) ?? [];
    expect(run).toMatchObject({
      runId: 'again',
      kind: 'new',
      version: deployed,
      bundleParts: 1,
      source: SOURCE,
    });
    expect(run).toMatchObject({
      settings: { image: 'registry.example/kt-node:20', volume: { claim: 'data' } },
    });
    expect(JSON.stringify(job)).toContain('"registry.example/kt-node:20"');
  });

  test('kt submit --resume - a run whose controller is gone', async () => {
    const { ended, run, job } = await made('submit', '--resume', 'left-there');
    expect(ended.code, ended.err).toBe(0);
    expect(run).toBeUndefined();
    expect(job?.metadata.labels).toMatchObject({
      'kt.dev/run': 'left-there',
      'app.kubernetes.io/component': 'controller',
    });
    expect(job?.metadata.ownerReferences).toMatchObject([{ kind: 'ConfigMap' }]);
  });

  test('kt retry --failed - a run that repeats another, with its image and its store', async () => {
    await cp(join(FIXTURES, version, 'project/pipelines'), join(dir, 'pipelines'), { recursive: true });
    const { ended, run, job } = await made('retry', 'failed-there', '--failed');
    expect(ended.code, ended.err).toBe(0);
    expect(run).toMatchObject({ kind: 'retry', from: 'failed-there', pipeline: 'golden', source: SOURCE });
    expect(run).toMatchObject({
      settings: { image: 'registry.example/kt-node:20', store: 'file:/mnt/data' },
    });
    expect(job?.metadata.labels).toMatchObject({ 'app.kubernetes.io/component': 'controller' });
  });
});
