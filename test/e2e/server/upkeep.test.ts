/** Jobs that wait for others, and ends that are told, by two servers with the rights that are rendered. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, paths, type Rule } from '@kube-transform/runtime/kubernetes';
import { serverObjects } from '@kube-transform/server';
import { expect, onTestFinished, test } from 'vitest';
import { E2E, testCluster } from '../kit/cluster.js';
import { eventually } from '../kit/projects.js';
import { userWith } from '../kit/user.js';
import { serve } from './serving.js';

const SPEC = `apiVersion: batch/v1
kind: Job
metadata: {name: step}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "${E2E.image}", command: [sh, -c, "test {{ code }} = 0"]}]
`;
interface Told {
  type: string;
  data: { job_name: string; reason: string | null };
}
interface Shown {
  state: string;
  waiting: { reason: string; message: string } | null;
  status: { conditions: { type: string; reason: string; message: string }[] | null };
}

test('JD1, ET1: jobs that wait for others - begin or fail after them, each end is told once, and one of a queue is left to it', async () => {
  await using cluster = await testCluster('upkeep', { access: false });
  const { namespace, api } = cluster;
  const dir = await mkdtemp(join(tmpdir(), 'kt-server-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const secret = Buffer.alloc(32, 7);
  await writeFile(join(dir, 'secret'), `whsec_${secret.toString('base64')}`);
  await writeFile(join(dir, 'definitions.yaml'), JSON.stringify([{ name: 'step', spec: SPEC }]));
  const told: Told[] = [];
  const ids: string[] = [];
  const hook = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      const signed = `${id}.${String(request.headers['webhook-timestamp'])}.${text}`;
      const digest = createHmac('sha256', secret).update(signed).digest('base64');
      if (request.headers['webhook-signature'] !== `v1,${digest}`) return response.writeHead(401).end();
      ids.push(id);
      told.push(JSON.parse(text) as Told);
      return response.writeHead(204).end();
    });
  });
  await new Promise<void>(resolve => hook.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void hook.close());

  const objects = serverObjects({ namespace, image: E2E.image }) as (KubeObject & { rules?: Rule[] })[];
  const rules = objects.find(({ kind }) => kind === 'Role')!.rules!;
  const env = {
    KUBECONFIG: await userWith(cluster, 'job-server', rules),
    JOB_SIGNATURE: 'e2e-upkeep',
    JOB_NAMESPACE: namespace,
    JOB_DEFINITIONS_CONFIG_PATH: join(dir, 'definitions.yaml'),
    JOB_SERVER_WEBHOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/ends`,
    JOB_SERVER_WEBHOOK_SECRET_PATH: join(dir, 'secret'),
  };
  const servers = await Promise.all([serve(env), serve(env)]);
  const create = async (code: number, query = ''): Promise<string> => {
    const answer = await fetch(`${servers[0].url}/jobs?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ job_definition_name: 'step', code }),
    });
    const { job_name: name } = (await answer.json()) as { job_name: string };
    return name;
  };
  const shown = async (name: string): Promise<Shown> =>
    (await (await fetch(`${servers[1].url}/jobs/${name}`)).json()) as Shown;
  const endOf = (name: string): Promise<Shown> =>
    eventually(
      () => shown(name),
      ({ state }) => state !== 'Running',
    );

  const first = await create(0, 'array_size=2');
  const second = await create(0, `depends_on=${first}`);
  const queued = await create(0, `depends_on=${second}&queue=batch`);
  const fails = await create(1);
  const never = await create(0, `depends_on=${fails}&depends_on=${first}`);
  const after = await create(0, `depends_on=${never}`);
  expect((await shown(queued)).waiting).toEqual({
    reason: 'WaitsForJobs',
    message: `it waits for the job "${second}"`,
  });

  expect((await endOf(second)).state).toBe('Complete');
  const { state, status } = await endOf(after);
  expect(state).toBe('Failed');
  expect(status.conditions!.find(({ type }) => type === 'Failed')).toMatchObject({
    reason: 'DependencyFailed',
    message: `It could not begin: the job "${never}" has failed.`,
  });
  // No queue is there: it stays where the server has left it.
  const left = await eventually(
    () => api.get<KubeObject & { spec: { suspend?: boolean } }>(paths.jobs(namespace, queued)),
    job => job?.metadata.labels?.['kueue.x-k8s.io/queue-name'] === 'batch',
  );
  expect(left!.spec.suspend).toBe(true);

  const ended = [first, second, fails, never, after].sort();
  await eventually(
    async () => told.length,
    count => count >= ended.length,
  );
  expect(told.map(({ data }) => data.job_name).sort()).toEqual(ended);
  expect(new Set(ids).size).toBe(ended.length);
  expect(told.find(({ data }) => data.job_name === never)).toMatchObject({
    type: 'job.failed',
    data: { reason: 'DependencyFailed' },
  });
  expect(await Promise.all(servers.map(one => one.end()))).toEqual([0, 0]);
});
