/** Two servers under load while one after the other is killed; KT_FIRE_SECONDS: for how long (10). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kube-transform/runtime/internal';
import { isTerminalJob, type Job, paths, watch } from '@kube-transform/runtime/kubernetes';
import { expect, onTestFinished, test } from 'vitest';
import { E2E, testCluster } from '../kit/cluster.js';
import { eventually } from '../kit/projects.js';
import { poster } from './posting.js';
import { type Served, serve } from './serving.js';

const SECONDS = Number(process.env['KT_FIRE_SECONDS'] ?? 10);
const PER_SEC = 20;
const KILL_EVERY_MS = 5000;
/** By then a server has looked through the jobs for the first time. */
const RETENTION_MS = 5000;
const SIGNATURE = 'e2e-fire';
/** One Job of so many has a pod and ends; the others are suspended, which to the server is to run. */
const ENDS_OF = 40;
const SPEC = `apiVersion: batch/v1
kind: Job
metadata: {name: fire}
spec:
  suspend: {{ not ends }}
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "${E2E.image}", command: ["true"]}]
`;

const quantile = (q: number, times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.ceil(times.length * q) - 1] ?? Number.NaN;
const inWords = (times: readonly number[]): string =>
  `p50 ${quantile(0.5, times).toFixed(0)} ms, p99 ${quantile(0.99, times).toFixed(0)} ms`;
/** `shift`: of the time between two, so that others come between. */
const every = async (shift: number, act: (i: number) => Promise<void>): Promise<void> => {
  const beganMs = systemClock.elapsedMs();
  const acts: Promise<void>[] = [];
  for (let i = 0; i < SECONDS * PER_SEC; i++) {
    const dueMs = beganMs + ((i + shift) * 1000) / PER_SEC;
    await systemClock.sleep(Math.max(0, dueMs - systemClock.elapsedMs()));
    acts.push(act(i));
  }
  await Promise.all(acts);
};

test('MJ2: two servers, of which one is killed every 5 s - lose no job that they acknowledged, and make none twice', async () => {
  await using cluster = await testCluster('fire', { access: false });
  const { api, namespace } = cluster;
  const dir = await mkdtemp(join(tmpdir(), 'kt-server-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'definitions.yaml'), JSON.stringify([{ name: 'fire', spec: SPEC }]));
  const env = {
    KUBECONFIG: E2E.kubeconfig,
    JOB_SIGNATURE: SIGNATURE,
    JOB_NAMESPACE: namespace,
    JOB_DEFINITIONS_CONFIG_PATH: join(dir, 'definitions.yaml'),
    // Each server looks through the jobs soon after it has started.
    JOB_RETENTION_PERIOD_SEC: '5',
  };
  const servers: Served[] = await Promise.all([serve(env), serve(env)]);
  // The caller is to be as warm as who makes Jobs without a server: that one has made the namespace.
  const send = poster();
  for (let i = 0; i < 20; i++) for (const { url } of servers) await send(`${url}/jobs`, {}, '');

  const watching = new AbortController();
  const uids = new Map<string, Set<string>>();
  const endedBefore = new Map<string, boolean>();
  const seen = (job: Job): void => {
    const { name, uid = '', deletionTimestamp, labels } = job.metadata;
    if (labels?.['app.kubernetes.io/managed-by'] !== SIGNATURE) return;
    uids.set(name, (uids.get(name) ?? new Set()).add(uid));
    if (deletionTimestamp !== undefined && !endedBefore.has(uid)) endedBefore.set(uid, isTerminalJob(job));
  };
  // All Jobs: the watch, in the process of the callers, is to cost the bare creates what it costs the others.
  const target = { path: paths.jobs(namespace) };
  const watched = (async () => {
    for await (const change of watch<Job>(api, target, { signal: watching.signal, clock: systemClock }))
      if (change.type === 'list') for (const job of change.items) seen(job);
      else seen(change.object);
  })();

  const acknowledged = new Map<string, string>();
  const [answers, whole, bare]: number[][] = [[], [], []];
  let retries = 0;
  const post = async (i: number): Promise<void> => {
    const firstMs = systemClock.elapsedMs();
    for (let attempt = i; ; attempt++) {
      const beganMs = systemClock.elapsedMs();
      try {
        const { status, text } = await send(
          `${servers[attempt % 2]!.url}/jobs`,
          { 'content-type': 'application/json', 'idempotency-key': `k-${i}` },
          JSON.stringify({ job_definition_name: 'fire', ends: i % ENDS_OF === 0 }),
        );
        if (status === 200) {
          answers!.push(systemClock.elapsedMs() - beganMs);
          whole!.push(systemClock.elapsedMs() - firstMs);
          acknowledged.set(`k-${i}`, (JSON.parse(text) as { job_name: string }).job_name);
          return;
        }
        if (status < 500 && status !== 429) throw new TypeError(text);
      } catch (error) {
        if (error instanceof TypeError && error.message.startsWith('{')) throw error;
      }
      retries++;
      await systemClock.sleep(100);
    }
  };
  const container = { name: 'main', image: E2E.image, command: ['true'] };
  const pods = { metadata: { labels: {} }, spec: { restartPolicy: 'Never', containers: [container] } };
  const create = async (i: number): Promise<void> => {
    const beganMs = systemClock.elapsedMs();
    // As many of them have pods, which take the processors at that moment.
    const spec = { suspend: i % ENDS_OF !== ENDS_OF / 2, backoffLimit: 0, template: pods };
    await api.create(paths.jobs(namespace), { metadata: { name: `bare-${i}` }, spec });
    bare!.push(systemClock.elapsedMs() - beganMs);
  };
  let killed = 0;
  const firing = new AbortController();
  const kill = async (): Promise<void> => {
    for (let n = 0; ; n++) {
      const isOver = await systemClock.sleep(KILL_EVERY_MS, firing.signal).then(
        () => false,
        () => true,
      );
      if (isOver) return;
      await servers[n % 2]!.end('SIGKILL');
      killed++;
      servers[n % 2] = await serve(env);
    }
  };
  const killing = kill();
  await Promise.all([every(0, post), every(0.5, create)]);
  firing.abort();
  await killing;

  // A server that starts once all is made and some have ended: its retention has something to delete.
  await eventually(
    async () => {
      const last = await serve(env);
      await systemClock.sleep(RETENTION_MS);
      await last.end();
      return [...endedBefore.values()].length;
    },
    deleted => deleted > 0,
  );
  const labelSelector = `app.kubernetes.io/managed-by=${SIGNATURE}`;
  const { items } = await api.list<Job>(target.path, { labelSelector });
  const there = new Set(items.map(({ metadata }) => metadata.name));
  watching.abort();
  await watched;

  const ratio = (quantile(0.99, answers!) / quantile(0.99, bare!)).toFixed(2);
  process.stdout.write(
    `${acknowledged.size} jobs acknowledged in ${SECONDS} s, ${retries} requests sent again, ${killed} servers killed, ${endedBefore.size} jobs deleted by retention. ` +
      `POST /jobs: ${inWords(answers!)}; a bare create: ${inWords(bare!)}; p99 is ${ratio}×. With what was sent again: ${inWords(whole!)}.\n`,
  );
  expect(killed).toBeGreaterThan(0);
  expect(acknowledged.size).toBe(SECONDS * PER_SEC);
  const names = [...acknowledged.values()];
  expect(new Set(names).size).toBe(names.length);
  // Each was made once, and there is none beside them.
  expect([...uids.keys()].sort()).toEqual([...names].sort());
  expect([...uids].filter(([, made]) => made.size !== 1)).toEqual([]);
  // What is not there any more had ended before it was deleted.
  expect([...endedBefore].filter(([, ended]) => !ended)).toEqual([]);
  const gone = names.filter(name => !there.has(name));
  const deleted = new Set(
    [...uids].filter(([, made]) => [...made].every(uid => endedBefore.has(uid))).map(([name]) => name),
  );
  expect(gone.filter(name => !deleted.has(name))).toEqual([]);
});
