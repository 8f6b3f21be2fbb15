/** The job server on a real cluster, asked as clients of k8s-jobs do, with the rights that are rendered. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigMap, type KubeObject, paths, type Rule } from '@kube-transform/runtime/kubernetes';
import { serverObjects } from '@kube-transform/server';
import { expect, onTestFinished, test } from 'vitest';
import { E2E, testCluster } from '../kit/cluster.js';
import { eventually } from '../kit/projects.js';
import { userWith } from '../kit/user.js';
import { makeAll, RESTRICTED } from './places.js';
import { serve } from './serving.js';

const SIGNATURE = 'e2e-server';

interface Status {
  active: number | null;
  succeeded: number | null;
  failed: number | null;
  conditions: { type: string; reason: string | null }[] | null;
}

test('the four examples - do what they were meant to, with the rendered rights in a restricted namespace', async () => {
  await using cluster = await testCluster('server', { labels: RESTRICTED, access: false });
  const { api, namespace } = cluster;
  const objects = serverObjects({ namespace, image: E2E.image }) as (KubeObject & { rules?: Rule[] })[];
  // The API server takes each object as it is, and warns of nothing that the namespace does not admit.
  await makeAll(cluster, objects, { dryRun: true });
  const kubeconfig = await userWith(
    cluster,
    'job-server',
    objects.find(({ kind }) => kind === 'Role')!.rules!,
  );

  const dir = await mkdtemp(join(tmpdir(), 'kt-server-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const here = (text: string): string =>
    text.replaceAll('busybox:1.36', E2E.image).replaceAll('/etc/job-server/templates', dir);
  for (const { kind, metadata, data } of objects as ConfigMap[]) {
    if (kind !== 'ConfigMap') continue;
    const texts = Object.entries(data ?? {}).map(([name, text]) => [name, here(text)] as const);
    if (metadata.name === 'helloworld')
      await cluster.apply({
        kind,
        metadata: { name: metadata.name },
        data: Object.fromEntries(texts),
      } as KubeObject);
    else for (const [name, text] of texts) await writeFile(join(dir, name), text);
  }
  const { url, end } = await serve({
    KUBECONFIG: kubeconfig,
    JOB_SIGNATURE: SIGNATURE,
    JOB_NAMESPACE: namespace,
    JOB_DEFINITIONS_CONFIG_PATH: join(dir, 'definitions.yaml'),
    JOB_RETENTION_PERIOD_SEC: '100000',
  });

  const ask = async <T>(
    path: string,
    { method = 'GET', body }: { method?: string; body?: object } = {},
  ): Promise<T> => {
    const init =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${url}${path}`, init);
    return (await answer.json()) as T;
  };
  const create = async (name: string, args: object = {}): Promise<string> =>
    (
      await ask<{ job_name: string }>('/jobs', {
        method: 'POST',
        body: { job_definition_name: name, ...args },
      })
    ).job_name;
  const endOf = async (job: string): Promise<Status> =>
    eventually(
      () => ask<Status>(`/jobs/${job}/status`),
      ({ conditions }) => conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') ?? false,
    );

  expect(await ask('/readyz')).toEqual({ ready: true });
  const evil = 'one "two" {{ 3 }}\n      - name: four';
  const [hello, fail, timeout, template] = await Promise.all([
    create('helloworld'),
    create('fail'),
    create('timeout'),
    create('template', { templatevar: evil }),
  ]);
  const followed = fetch(`${url}/jobs/${hello}/logs/follow`).then(answer => answer.text());

  expect(await endOf(hello)).toMatchObject({ succeeded: 1, failed: null });
  const [logs] = Object.values(await ask<Record<string, Record<string, string[]>>>(`/jobs/${hello}/logs`));
  expect(logs).toEqual({ one: ['Hello, world!', ''], two: ['Hello, other world!', ''] });
  const events = await followed;
  expect(events).toContain('"line":"Hello, other world!"');
  expect(events).toContain('event: end\ndata: {"state":"Complete"}');

  expect((await endOf(fail)).conditions!.map(({ reason }) => reason)).toContain('BackoffLimitExceeded');
  expect((await endOf(timeout)).conditions!.map(({ reason }) => reason)).toContain('DeadlineExceeded');
  await endOf(template);
  const [said] = Object.values(await ask<Record<string, Record<string, string[]>>>(`/jobs/${template}/logs`));
  expect(said).toEqual({ template: [...evil.split('\n'), ''] });

  const { jobs } = await ask<{ jobs: Record<string, Status> }>('/jobs?job_definition_name=fail');
  expect(Object.keys(jobs)).toEqual([fail]);
  // Marked by retention, and kept until their time has come.
  await eventually(
    () => api.get<KubeObject>(paths.jobs(namespace, fail)),
    marked => marked?.metadata.annotations?.['job_deletion_time_unix_sec'] !== undefined,
  );

  const again = (await ask<{ job_name: string }>(`/jobs/${fail}/retry`, { method: 'POST' })).job_name;
  expect((await endOf(again)).failed).toBe(1);
  for (const job of [hello, fail, timeout, template, again])
    expect(await ask(`/jobs/${job}`, { method: 'DELETE' })).toEqual({ job_name: job });
  await eventually(
    () => api.list(paths.pods(namespace)),
    ({ items }) => items.length === 0,
  );
  expect(await end()).toBe(0);
});

test('an array job - tells of each item, and MJ2: two servers make one Job for one key', async () => {
  await using cluster = await testCluster('array', { access: false });
  const { namespace } = cluster;
  const dir = await mkdtemp(join(tmpdir(), 'kt-server-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const spec = `apiVersion: batch/v1
kind: Job
metadata: {name: item}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "${E2E.image}", command: [sh, -c, "test $JOB_COMPLETION_INDEX != {{ bad }}"]}
`;
  await writeFile(join(dir, 'definitions.yaml'), JSON.stringify([{ name: 'item', spec }]));
  const env = {
    KUBECONFIG: E2E.kubeconfig,
    JOB_SIGNATURE: SIGNATURE,
    JOB_NAMESPACE: namespace,
    JOB_DEFINITIONS_CONFIG_PATH: join(dir, 'definitions.yaml'),
  };
  const servers = await Promise.all([serve(env), serve(env)]);
  const made = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const answer = await fetch(`${servers[i % 2]!.url}/jobs?array_size=3`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: JSON.stringify({ job_definition_name: 'item', bad: 1 }),
      });
      return (await answer.json()) as { job_name: string };
    }),
  );
  const names = new Set(made.map(({ job_name: name }) => name));
  expect(names.size).toBe(1);
  const [name] = names;
  const items = await eventually(
    async () => {
      const answer = await fetch(`${servers[0].url}/jobs/${name}/items`);
      return (await answer.json()) as { counts: Record<string, number>; statuses: object };
    },
    ({ counts }) => counts['Complete'] === 2 && counts['Failed'] === 1,
  );
  expect(items.statuses).toEqual({ 0: 'Complete', 1: 'Failed', 2: 'Complete' });
  await fetch(`${servers[1].url}/jobs/${name}`, { method: 'DELETE' });
});
