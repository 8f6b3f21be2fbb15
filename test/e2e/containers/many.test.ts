/** Maps of many containers of which some fail: within what is allowed, and beyond it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readOutcomes, readResults } from '@kube-transform/runtime/internal';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, submitJobs } from '../kit/submitted.js';

const image = process.env['KT_E2E_BUSYBOX'] ?? '';
const MANY = 200;
/** Every twentieth. */
const fails = (item: number): boolean => item % 20 === 3;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const NUMBERS = numbers(MANY);
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('many');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const map = (name: string, more: Partial<GivenJob>): GivenJob => ({
  ...{ name, type: 'container', memory: '16Mi', cpu: '5m', retries: 0, items: NUMBERS, parallelism: 60 },
  container: {
    image,
    command: ['sh', '-c', '[ $(($1 % 20)) -ne 3 ] || exit 7; echo $(($1 * $1))', 'sh', { $ref: 'item#' }],
    result: 'json',
  } as never,
  ...more,
});

test('200 containers of which 5 % fail - go on within maxFailed, each with its own outcome', async () => {
  const run = await submitJobs(cluster, [
    map('within', { maxFailed: '5%' }),
    { name: 'after', call: ['square', { n: 3 }], dependencies: ['within'] },
  ]);
  const ended = await run.ended;
  expect(ended.status, JSON.stringify(ended)).toBe('Completed');
  expect(ended.jobs[0]).toMatchObject({ done: MANY - 10, failed: 10 });
  expect(await readResults(cluster.store, run.runId, 'within')).toEqual(
    NUMBERS.map(n => (fails(n) ? null : n * n)),
  );
  const outcomes = await readOutcomes(cluster.store, run.runId, 'within');
  expect(outcomes.size).toBe(MANY);
  for (const [item, { attempts, final, cause }] of outcomes) {
    expect({ item, attempts, final }).toEqual({ item, attempts: 1, final: true });
    expect(cause?.kind === 'Exited' ? cause.exitCode : null).toBe(fails(item) ? 7 : null);
  }
  expect(await readResults(cluster.store, run.runId, 'after')).toEqual([9]);
});

test('containers of which more fail than may - fail the step with a sentence that counts them', async () => {
  const run = await submitJobs(cluster, [
    map('beyond', { items: numbers(60), maxFailed: 2 }),
    { name: 'after', call: ['square', { n: 3 }], dependencies: ['beyond'] },
  ]);
  const ended = await run.ended;
  expect(ended.status).toBe('Failed');
  const cause = run.causeOf('beyond');
  expect(cause?.message).toMatch(/3 of 60 items failed/);
  const outcomes = await readOutcomes(cluster.store, run.runId, 'beyond');
  const failed = [...outcomes].filter(([, outcome]) => outcome.cause !== undefined);
  expect(failed.map(([item]) => item).sort((a, b) => a - b)).toEqual([3, 23, 43]);
  expect(ended.jobs.find(({ name }) => name === 'after')?.status).toBe('SkippedDueToUpstreamFailure');
});
