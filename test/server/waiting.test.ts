/** Why a job waits, in every answer about it alone. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JOB_NAME, paths } from '@kube-transform/runtime/kubernetes';
import { DONE, job, JOBS, OpenJobs, PODS, putJobs } from './open-jobs.js';

let opened: OpenJobs;
beforeEach(async () => {
  opened = await OpenJobs.open();
});
afterEach(() => opened.close());

const waitingOf = async (name: string): Promise<unknown> => {
  const [{ json: whole }, { json: status }] = [
    await opened.ask('GET', `/jobs/${name}`),
    await opened.ask('GET', `/jobs/${name}/status`),
  ];
  expect(whole['waiting']).toEqual(status['waiting']);
  return status['waiting'];
};
const podThatWaits = (reason: string, message: string): void =>
  void opened.kube.storage.create(PODS, {
    metadata: { name: 'a-0', labels: { [JOB_NAME]: 'a' } },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'main', state: { waiting: { reason, message } } }],
    },
  });

test('a job whose image is not there - says so', async () => {
  putJobs(opened, [job('a', { status: { active: 1, ready: 0 } })]);
  podThatWaits('ErrImagePull', 'docker.io/library/nope:1: not found');
  expect(await waitingOf('a')).toEqual({
    reason: 'ErrImagePull',
    message: 'docker.io/library/nope:1: not found',
  });
});

test('a job whose pods a quota refuses - says so', async () => {
  putJobs(opened, [job('a')]);
  const uid = opened.kube.storage.all(JOBS)[0]?.metadata.uid;
  opened.kube.storage.create(paths.events('jobs'), {
    metadata: { name: 'e' },
    involvedObject: { uid },
    reason: 'FailedCreate',
    message: 'Error creating: pods "a-x" is forbidden: exceeded quota: q, requested: pods=1',
    lastTimestamp: '2024-01-01T00:00:00Z',
  });
  expect(await waitingOf('a')).toEqual({
    reason: 'QuotaExceeded',
    message: 'exceeded quota: q, requested: pods=1',
  });
});

test('a job that is held by a queue - says so, and is asked for what the queue says', async () => {
  const { spec, ...rest } = job('a', { labels: { 'kueue.x-k8s.io/queue-name': 'batch' } });
  putJobs(opened, [{ ...rest, spec: { ...(spec as object), suspend: true } }]);
  const before = opened.kube.asked.length;
  expect(await waitingOf('a')).toMatchObject({
    reason: 'Suspended',
    message: expect.stringContaining('"batch"'),
  });
  expect(opened.kube.asked.length - before).toBe(4);
});

test('a job that runs or has ended - waits for nothing, and nothing more is asked', async () => {
  putJobs(opened, [job('a', { status: { active: 1, ready: 1 } }), job('b', { status: DONE })]);
  const before = opened.kube.asked.length;
  expect([await waitingOf('a'), await waitingOf('b')]).toEqual([null, null]);
  expect(opened.kube.asked.length - before).toBe(4);
});

test('a job of a moment ago - may be without a pod; later that is told', async () => {
  const { metadata, ...rest } = job('a');
  const creationTimestamp = new Date(opened.clock.nowMs()).toISOString();
  putJobs(opened, [{ ...rest, metadata: { ...metadata, creationTimestamp } }]);
  expect(await waitingOf('a')).toBeNull();
  opened.clock.advance(40_000);
  expect(await waitingOf('a')).toMatchObject({ reason: 'Silent' });
});

test('a server that may not list events - tells how the job stands all the same', async () => {
  putJobs(opened, [job('a')]);
  opened.kube.on(/^GET .*\/events/, { status: 403 });
  const { status, json } = await opened.ask('GET', '/jobs/a/status');
  expect([status, json['waiting']]).toEqual([200, null]);
});
