/** Runs over HTTP on a real cluster: the contract, and `kt serve` with what `kt deploy` left. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServedRuns } from '@kube-transform/server';
import { isAway, ServerClient } from '@kube-transform/server/client';
import { expect, onTestFinished, test } from 'vitest';
import { ServerBackend } from '../../../packages/cli/src/backends/server/server-backend.js';
import { RUN_RULES } from '../../../packages/cli/src/checks/rights.js';
import { ServedCluster } from '../../../packages/cli/src/serve/served-cluster.js';
import { type BackendBench, runBackendContract } from '../../contracts/run-backend-contract.js';
import { BIN, makeProject, run } from '../../kit/kt.js';
import { reach } from '../../kit/backends/server-bench.js';
import { SERVER_RULES } from '../../../packages/server/src/manifests/server-objects.js';
import { clusterBench } from '../kit/cluster-bench.js';
import { testCluster } from '../kit/cluster.js';
import { userWith } from '../kit/user.js';
import { serve } from './serving.js';

runBackendContract('a job server of a namespace', async (): Promise<BackendBench> => {
  const bench = await clusterBench();
  const runs: ServedRuns = new ServedCluster(bench.api);
  const reached = await reach(runs);
  return {
    ...bench,
    backend: new ServerBackend(reached.client, { isAway }),
    [Symbol.asyncDispose]: async () => {
      await reached[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
});

const GATED = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const wait = ktFunction({ input: z.object({ n: z.number() }) }, async ({ n }, { files, log }) => {
  for (let i = 0; i < 3; i++) log.info('line ' + i);
  for (let i = 0; i < 3000 && !(await files.exists('go')); i++) await new Promise(resolve => setTimeout(resolve, 100));
  log.info('gone');
  return n * 2;
});
export default pipeline('gated', { params: z.object({ n: z.number() }) })
  .job('wait', wait, ({ params }) => ({ n: params.n }), { cpu: '20m', memory: '96Mi' });
`;

test('kt submit --server --follow - with the rights that are rendered, over the end of the server', async () => {
  await using cluster = await testCluster('server-runs');
  const { namespace, store } = cluster;
  const dir = await makeProject({
    'package.json': '{"name":"p","type":"module"}',
    'pipelines/gated.ts': GATED,
  });
  const serving = await mkdtemp(join(tmpdir(), 'kt-server-'));
  onTestFinished(async () => {
    for (const folder of [dir, serving]) await rm(folder, { recursive: true, force: true });
  });
  const deployed = await run(process.execPath, [BIN, 'deploy', ...cluster.args], { dir });
  expect(deployed.code, deployed.err).toBe(0);
  await writeFile(join(serving, 'definitions.yaml'), '[]');
  const env = {
    KUBECONFIG: await userWith(cluster, 'job-server', [...SERVER_RULES, ...RUN_RULES]),
    JOB_SIGNATURE: 'e2e-runs',
    JOB_NAMESPACE: namespace,
    JOB_DEFINITIONS_CONFIG_PATH: join(serving, 'definitions.yaml'),
    JOB_SERVER_RUNS: 'true',
  };
  const first = await serve(env);
  const { port } = new URL(first.url);
  const onServer = (...args: string[]) => [BIN, ...args, '--server', first.url];
  let restarted: Promise<unknown> | undefined;
  const restart = async (): Promise<void> => {
    await first.end('SIGKILL');
    await serve({ ...env, JOB_SERVER_PORT: port });
    await store.put('go', new Uint8Array());
  };
  const lines: string[] = [];
  const submitted = run(
    process.execPath,
    onServer('submit', 'gated', '--n', '21', '--run-id', 'over-http', '--follow'),
    { dir },
  );
  const client = new ServerClient({ url: first.url, retryForMs: 60_000 });
  const backend = new ServerBackend(client, { isAway });
  const isThere = async (): Promise<boolean> =>
    backend.find('over-http').then(
      () => true,
      () => false,
    );
  for (let i = 0; i < 200 && !(await isThere()); i++) await new Promise(resolve => setTimeout(resolve, 100));
  for await (const { message } of backend.logs(await backend.find('over-http'), { follow: true })) {
    lines.push(message);
    if (lines.length === 3) restarted ??= restart();
  }
  await restarted;
  const ended = await submitted;
  expect(ended.code, ended.err).toBe(0);
  expect(ended.out).toMatch(/^42$/m);
  expect(lines).toEqual(['line 0', 'line 1', 'line 2', 'gone']);
  const stored = await run(process.execPath, onServer('logs', 'over-http', 'wait/0', '--json'), { dir });
  expect(stored.out.trim().split('\n')).toHaveLength(4);
  const key = { path: { pipeline: 'gated' }, body: { params: { n: 1 } }, idempotencyKey: 'k' };
  const [one, other] = await Promise.all([client.ask('startRun', key), client.ask('startRun', key)]);
  expect(other.runId).toBe(one.runId);
  const over = await backend.follow(await backend.find(one.runId), {
    sink: { publish: () => undefined },
    note: () => undefined,
    signal: AbortSignal.timeout(120_000),
  });
  expect(over).toMatchObject({ status: 'Completed', result: 2 });
  const gone = await run(process.execPath, onServer('gc', '--keep', '0', '--json'), { dir });
  expect([gone.code, (await backend.list()).length]).toEqual([0, 0]);
});
