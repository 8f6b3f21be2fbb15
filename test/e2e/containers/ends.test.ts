/** Container steps on a cluster: images of any kind, what they are told, and what comes of their ends. */
import { readLogs, readRecord, type RunRecord } from '@kube-transform/runtime';
import { readResults } from '@kube-transform/runtime/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KTJobInput } from '@kube-transform/sdk';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, submitJobs } from '../kit/submitted.js';

const image = process.env['KT_E2E_BUSYBOX'] ?? '';
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('containers');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const recordOf = async (runId: string): Promise<RunRecord> => {
  const record = await readRecord(cluster.store, runId);
  if (record === null) throw new Error('the run is not in the store');
  return record;
};
const sh = (script: unknown, ...more: unknown[]): KTJobInput['container'] => ({
  image,
  command: ['sh', '-c', script, 'sh', ...more] as never,
});
const step = (name: string, container: KTJobInput['container'], more: Partial<GivenJob> = {}): GivenJob => ({
  name,
  type: 'container',
  container,
  memory: '32Mi',
  ...more,
});

test('containers - are told what they run, and give results, files and logs', async () => {
  const odd = ['$(KT_JOB)', '$$(X) $HOME', 'line\nbreak', '../x', 'ünï — "q"'];
  const echo = {
    ...sh(
      'echo "said $2"; printf "%s" "$1" | od -An -tx1 | tr -d " \\n"',
      { $ref: 'item#' },
      { $ref: 'index#' },
    ),
    result: 'text',
  };
  const run = await submitJobs(cluster, [
    { name: 'first', call: ['square', { n: 3 }] },
    step(
      'one',
      {
        ...sh('mkdir -p $DATA_DIR/out; echo "{\\"n\\": $1}" > $DATA_DIR/out/one; cat $DATA_DIR/out/one', {
          $ref: 'first#/0',
        }),
        result: 'json',
      } as never,
      { dependencies: ['first'], outputs: ['out/one'] },
    ),
    step('each', echo as never, { items: odd }),
    { name: 'last', call: ['square', { n: { $ref: 'one#/0/n' } }], dependencies: ['one'] },
  ]);
  const ended = await run.ended;
  expect(ended.status, JSON.stringify(ended)).toBe('Completed');
  expect(await readResults(cluster.store, run.runId, 'one')).toEqual([{ n: 9 }]);
  expect(await readResults(cluster.store, run.runId, 'last')).toEqual([81]);
  expect(await readResults(cluster.store, run.runId, 'each')).toEqual(
    odd.map(text => Buffer.from(text).toString('hex')),
  );
  const logs: string[] = [];
  for await (const { job, item, message } of readLogs(cluster.store, await recordOf(run.runId), {
    selector: 'each',
    previous: false,
  }))
    logs.push(`${job}/${item} ${message}`);
  expect(logs).toContain('each/2 said 2');
});

test('containers that fail - are judged by how they ended, and say why', async () => {
  const run = await submitJobs(cluster, [
    step('fails', sh('echo attempt; echo "bad sql" >&2; exit 3'), {
      retries: 1,
      backoff: { initial: '10ms' },
    }),
    step('final', { ...sh('exit 2'), exitCodes: { final: [2] } }, { retries: 3 }),
    step('skips', { ...sh('exit 99'), exitCodes: { skip: [99] } }),
    step('late', sh('echo begun; sleep 600'), { timeout: '2s' }),
    // A node does not see what its kernel does to a container in its first milliseconds.
    step('hungry', sh('sleep 1; tail /dev/zero'), { memory: '8Mi', backoff: { initial: '10ms' } }),
    step('absent', { image, command: ['no-such-program'] }, { backoff: { initial: '10ms' } }),
    step('unnamed', { image: `${image}-there-is-none` }, { kubernetes: { startTimeout: '6s' } }),
    step('unmade', sh('true'), { outputs: ['out/unmade'] }),
    step('file', {
      ...sh('echo "{\\"rows\\": 3}" > /tmp/result.json'),
      result: { file: '/tmp/result.json' },
    }),
  ]);
  await run.ended;
  const said = Object.fromEntries(
    ['fails', 'final', 'late', 'hungry', 'absent', 'unnamed', 'unmade'].map(job => [job, run.causeOf(job)]),
  );
  expect(said).toMatchObject({
    fails: {
      kind: 'Exited',
      exitCode: 3,
      message: expect.stringMatching(/ended with exit code 3. It said: .*bad sql/) as string,
    },
    final: { kind: 'Exited', exitCode: 2 },
    late: { kind: 'DeadlineExceeded', timeoutMs: 2000 },
    hungry: { kind: 'OutOfMemory', memory: '32Mi' },
    absent: { kind: 'NotStarted', message: expect.stringContaining('`no-such-program`') as string },
    unnamed: { kind: 'NotStarted', message: expect.stringContaining('there-is-none') as string },
    unmade: { kind: 'InvalidResult' },
  });
  expect((await run.outcomeOf('fails'))?.attempts).toBe(2);
  expect((await run.outcomeOf('final'))?.attempts).toBe(1);
  expect(await run.outcomeOf('skips')).toMatchObject({ attempts: 0, final: true });
  expect(await readResults(cluster.store, run.runId, 'file')).toEqual([{ rows: 3 }]);
});

test('containers that are forced - run although their files exist, with what comes after them', async () => {
  const bare = (script: string): KTJobInput['container'] => ({
    command: ['sh', '-c', script],
    result: 'text',
  });
  const jobs = [
    step('make', bare('mkdir -p $DATA_DIR/out; echo x >> $DATA_DIR/out/made'), { outputs: ['out/made'] }),
    step('copy', bare('tee $DATA_DIR/out/copy < $DATA_DIR/out/made | wc -l'), {
      outputs: ['out/copy'],
      dependencies: ['make'],
    }),
  ];
  const containerImage = (): Promise<string> => Promise.resolve(image);
  const countOf = async (force: string[]): Promise<unknown> => {
    const run = await submitJobs(cluster, jobs, { force, containerImage });
    expect((await run.ended).status).toBe('Completed');
    return (await readResults(cluster.store, run.runId, 'copy'))[0];
  };
  expect([await countOf([]), await countOf(['make'])]).toEqual(['1', '2']);
});
