/** Images that have nothing but their program, and pods of containers that cannot start. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readResults } from '@kube-transform/runtime/internal';
import type { KTJobInput } from '@kube-transform/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterBackend } from '../../../packages/cli/src/backends/cluster/cluster-backend.js';
import { bareImage } from '../kit/bare-image.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, submitJobs } from '../kit/submitted.js';

const busybox = process.env['KT_E2E_BUSYBOX'] ?? '';
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('images');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const step = (name: string, more: Partial<GivenJob>, image = busybox): GivenJob => ({
  ...{ name, type: 'container', memory: '32Mi', retries: 0 },
  container: { image, command: ['true'] },
  ...more,
});

test('an image without a shell - is run, gives its result, fails and is debugged with a sentence', async ({
  skip,
}) => {
  const bare = await bareImage();
  if (bare.why !== undefined) return skip(bare.why);
  const { image } = bare;
  await mkdir(join(cluster.dir, 'in'));
  await writeFile(join(cluster.dir, 'in/7'), '{"rows": 7}\n');
  await writeFile(join(cluster.dir, 'in/odd $(X)'), '{"rows": 8}\n');
  const run = await submitJobs(cluster, [
    step('each', {
      items: ['7', 'odd $(X)'],
      container: { image, args: [{ $text: ['/mnt/data/in/', { $ref: 'item#' }] }], result: 'json' } as never,
    }),
    step('missing', { container: { image, args: ['/mnt/data/in/none'] } }),
    step('shell', { container: { image, command: ['sh', '-c', 'true'] } }),
  ]);
  await run.ended;
  expect(await readResults(cluster.store, run.runId, 'each')).toEqual([{ rows: 7 }, { rows: 8 }]);
  expect(run.causeOf('missing')?.message).toMatch(/exit code 1\. It said: .*No such file/);
  expect(run.causeOf('shell')).toMatchObject({
    kind: 'NotStarted',
    message: expect.stringMatching(/\bsh\b.*Look whether the image has the program/s) as string,
  });
  const backend = new ClusterBackend(cluster.api);
  const debugged = backend.debug(await backend.find(run.runId), {
    ...{ selector: 'missing', local: false, keepMs: 20_000 },
    note: () => undefined,
    signal: new AbortController().signal,
  });
  await expect(debugged).rejects.toMatchObject({
    code: 'DEBUG_POD_ENDED',
    message: expect.stringContaining('it waits with sh and sleep') as string,
    problems: [{ hint: expect.stringContaining('--image busybox') as string }],
  });
});

const SOON = { startTimeout: '6s' };
const CASES = [
  {
    mode: 'image',
    job: { container: { image: 'docker.io/library/nope:1' } as KTJobInput['container'], kubernetes: SOON },
    reason: 'ErrImagePull',
    says: /nope:1.*not found\. Correct the name or tag of the image \("image" of the step\)/,
  },
  {
    mode: 'memory',
    job: { memory: '2Ti', kubernetes: SOON },
    reason: 'Unschedulable',
    says: /Insufficient memory\b.*\. Ask for less memory \(now 2Ti a pod\)/,
  },
  {
    mode: 'secret',
    job: { kubernetes: { envFrom: [{ secretRef: { name: 'token' } }], ...SOON } },
    reason: 'CreateContainerConfigError',
    says: /secret "token" not found\. Make the Secret "token" in the namespace/,
  },
  {
    mode: 'claim',
    job: {
      kubernetes: { volumes: [{ name: 'm', persistentVolumeClaim: { claimName: 'archive' } }], ...SOON },
    },
    reason: 'Unschedulable',
    says: /persistentvolumeclaim "archive" not found\. Make the PersistentVolumeClaim "archive"/,
  },
  {
    mode: 'account',
    job: { kubernetes: { serviceAccountName: 'nobody' } },
    reason: 'ServiceAccountMissing',
    says: /serviceaccount "nobody" not found\. .*kubectl create serviceaccount nobody/,
  },
];

test('containers that cannot start - say why and what to change, as functions do', async () => {
  const run = await submitJobs(
    cluster,
    CASES.map(({ mode, job }) => step(mode, job)),
  );
  await run.ended;
  for (const { mode, reason, says } of CASES) {
    const cause = run.causeOf(mode);
    expect(cause).toMatchObject({ kind: 'NotStarted', reason });
    expect(cause?.message).toMatch(says);
  }
});
