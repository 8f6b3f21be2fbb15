import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { KubeApi } from '../api/kube-api.js';
import type { Job } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { JOB_NAME, LABEL } from '../manifests/names.js';
import { diagnose } from './diagnose.js';
import { InquiryOfJob, InquiryOfRun } from './inquiry.js';
import type { PendingReason } from './rejections.js';

const bench = new KubeBench();
let api: KubeApi;
let inquiry: InquiryOfRun;

beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  inquiry = new InquiryOfRun(api, { runId: 'r', clock: bench.clock });
});
afterEach(() => api.close());

/** A Job that lacks one pod of two. */
const jobOf = (name: string): Job => ({
  metadata: { name, uid: `job-${name}` },
  spec: { completions: 2, parallelism: 2, template: { metadata: { labels: {} }, spec: { containers: [] } } },
  status: { active: 1, ready: 0 },
});
/** A pod that waits; its uid, which the server gives it. */
const podOf = (job: string, name: string): string => {
  const labels = { [JOB_NAME]: job, [LABEL.run]: 'r', [LABEL.component]: 'task' };
  const { metadata } = bench.server.storage.create(paths.pods('ns'), {
    metadata: { name, labels },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'main', state: { waiting: { reason: 'ContainerCreating', message: '' } } }],
    },
  });
  return metadata.uid ?? '';
};
const eventOf = (
  kind: string,
  uid: string,
  what: { reason: string; message?: string; at?: number },
): void => {
  bench.server.storage.create(paths.events('ns'), {
    metadata: { name: `${uid}-${what.reason}` },
    involvedObject: { kind, uid },
    reason: what.reason,
    message: what.message ?? '',
    lastTimestamp: new Date(1_800_000_000_000 + (what.at ?? 0)).toISOString(),
  });
};
/** A Job that its queue has not admitted. */
const queuedOf = (name: string): Job => {
  const { metadata, spec } = jobOf(name);
  return {
    metadata: { ...metadata, labels: { 'kueue.x-k8s.io/queue-name': 'q' } },
    spec: { ...spec!, suspend: true },
  };
};
const asks = (job: Job): Promise<PendingReason | null> => diagnose(inquiry, job);

test('EV1: three lists a moment - however many steps of a run wait', async () => {
  const jobs = Array.from({ length: 300 }, (_, i) => jobOf(`m-${i}`));
  for (const { metadata } of jobs) podOf(metadata.name, `pod-of-${metadata.name}`);
  for (let moment = 1; moment <= 3; moment++) {
    const reasons = await Promise.all(jobs.map(asks));
    expect(new Set(reasons.map(waiting => waiting?.reason))).toEqual(new Set(['Silent']));
    expect(bench.server.asked).toHaveLength(3 * moment);
    bench.clock.advance(1000);
  }
});

test('EV1: three lists a moment - and what they say is told of the step that it is about', async () => {
  const [pulls, waits] = [podOf('m', 'pulls'), podOf('n', 'waits')];
  for (const reason of ['Scheduled', 'Pulling']) eventOf('Pod', pulls, { reason, at: 1 });
  eventOf('Pod', waits, { reason: 'FailedMount', message: 'no such volume', at: 2 });
  expect(await asks(jobOf('m'))).toMatchObject({ reason: 'Pulling' });
  expect(await asks(jobOf('n'))).toMatchObject({ reason: 'FailedMount', message: 'no such volume' });
  expect(bench.server.asked).toHaveLength(3);
});

test('EV1: what a queue says last of a Job is told - one list for all', async () => {
  const says = (job: string, message: string, what: { at: number; type?: string }): void => {
    bench.server.storage.create(paths.events('ns'), {
      metadata: { name: `${job}-${what.at}` },
      ...{ type: what.type ?? 'Warning', reason: 'Pending', message },
      involvedObject: { kind: 'Workload', name: `job-${job}-a1b2c`, uid: `workload-${job}` },
      lastTimestamp: new Date(1_800_000_000_000 + what.at).toISOString(),
    });
  };
  says('m', '500m more needed', { at: 2 });
  says('m', '900m more needed', { at: 1 });
  says('m', 'Preempted', { at: 3, type: 'Normal' });
  says('m-2', 'another Job', { at: 4 });
  const message = 'its Job is suspended until the queue "q" admits it';
  expect(await asks(queuedOf('m'))).toMatchObject({ message: `${message}: 500m more needed` });
  expect(await asks(queuedOf('n'))).toMatchObject({ reason: 'Suspended', message });
  expect(bench.server.asked).toHaveLength(1);
  // Who asks for one Job, as the job server does.
  expect(await diagnose(new InquiryOfJob(api), queuedOf('m'))).toMatchObject({
    message: `${message}: 500m more needed`,
  });
});

test('a Job that names no queue, and that Kueue has taken all the same', async () => {
  const suspended = (name: string): Job => ({ ...jobOf(name), spec: { suspend: true } as Job['spec'] });
  const [taken, left] = [suspended('m'), suspended('n')];
  eventOf('Job', 'job-m', { reason: 'CreatedWorkload', at: 1 });
  expect(await asks(taken)).toMatchObject({
    message: expect.stringContaining('names no queue'),
    remedy: expect.stringContaining('kubectl label job m kueue.x-k8s.io/queue-name=QUEUE'),
  });
  expect(await asks(left)).toMatchObject({ message: 'its Job is suspended' });
  expect(bench.server.asked).toHaveLength(1);
});

test('EV1: a step is asked for by itself - where the list of all pods is not whole', async () => {
  for (let n = 0; n < 501; n++) podOf(n < 500 ? 'another' : 'm', `pod-${String(n).padStart(3, '0')}`);
  expect(await inquiry.pendingPods(jobOf('m'))).toHaveLength(1);
  expect(bench.server.askedFor(/job-name=m(&|$)/)).toHaveLength(1);
});

test('EV1: a step is asked for by itself - where a pod of it was refused: one may have been made since', async () => {
  const quota = 'Error creating: pods "x" is forbidden: exceeded quota: q, requested: pods=1';
  for (const name of ['m', 'n'])
    eventOf('Job', `job-${name}`, { reason: 'FailedCreate', message: quota, at: 1 });
  eventOf('Job', 'job-n', { reason: 'SuccessfulCreate', at: 2 });
  expect(await asks(jobOf('m'))).toMatchObject({ reason: 'QuotaExceeded' });
  expect(await asks(jobOf('n'))).toMatchObject({ reason: 'Silent' });
  expect(await asks(jobOf('o'))).toMatchObject({ reason: 'Silent' });
  expect(bench.server.askedFor(/involvedObject.uid=/)).toHaveLength(2);
});
