/** The verbs of the command line on a cluster, as people type them. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readResults } from '@kube-transform/runtime/internal';
import { type Job, paths, type ReadValue, selectRun } from '@kube-transform/runtime/kubernetes';
import { findClusterRun } from '../../../packages/cli/src/backends/cluster/find-runs.js';
import { readStored } from '../../../packages/cli/src/backends/cluster/logs/stored-logs.js';
import { expectMistake, kt } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { eventually, leftovers, podsRun, release, taskPods, testProject } from '../kit/projects.js';

interface Line {
  job: string;
  item: number;
  attempt: number;
  message: string;
}

let cluster: TestCluster;
let dir: string;
const json = <T>(text: string): T[] =>
  text
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T);

beforeAll(async () => {
  cluster = await testCluster('cli');
  dir = await testProject();
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const IN_POD = expect.stringMatching(/^kt-work-/) as string;

describe('a failing run', () => {
  test('is submitted and followed', async () => {
    const { code, out, err } = await kt(dir, [
      'submit',
      'shaky',
      ...cluster.args,
      '--run-id',
      'first',
      '--follow',
    ]);
    expect(err).toContain(`run first in namespace ${cluster.namespace}`);
    expect(out).toMatch(/^run first: pipeline "shaky", 3 steps$/m);
    expect(out).toMatch(/^list: Completed$/m);
    expect(out).toContain('2 × no answer from host-‹n› in pipelines/shaky.ts:6  (work[1], work[4])');
    expect(out).toContain('kt retry first --failed');
    expect(code).toBe(1);
  });

  test('is listed and shown, from the place that was used last', async () => {
    const [runs, table, status, text] = await Promise.all([
      kt(dir, ['runs', '--json']),
      kt(dir, ['runs']),
      kt(dir, ['status', 'first', '--json']),
      kt(dir, ['status', 'fir']),
    ]);
    expect(JSON.parse(runs.out)).toMatchObject([
      {
        runId: 'first',
        pipeline: 'shaky',
        status: 'Failed',
        where: expect.stringContaining(cluster.namespace),
      },
    ]);
    expect(table.out).toMatch(/^RUN +PIPELINE +STATUS +STEPS +STARTED +TOOK +WHERE$/m);
    expect(JSON.parse(status.out)).toEqual({
      runId: 'first',
      pipeline: 'shaky',
      status: 'Failed',
      jobs: {
        list: { status: 'Completed', items: 1, done: 1, failed: 0 },
        work: {
          status: 'Failed',
          items: 7,
          done: 5,
          failed: 2,
          cause: expect.objectContaining({ kind: 'ItemsFailed', failed: 2, total: 7 }) as object,
        },
        report: { status: 'SkippedDueToUpstreamFailure', items: null, done: 0, failed: 0 },
      },
      failures: {
        groups: [
          {
            ...{ kind: 'Threw', count: 2, message: 'no answer from host-‹n›', where: 'pipelines/shaky.ts:6' },
            examples: [1, 4].map(
              item => expect.objectContaining({ job: 'work', item, podName: IN_POD }) as object,
            ),
          },
        ],
        omitted: 0,
      },
    });
    expect(text.out).toMatch(/work +7\/7 items {2}2 failed {2}2 retried/);
    expect(text.out).toContain('2 × no answer from host-‹n› in pipelines/shaky.ts:6  (work[1], work[4])');
    expectMistake(
      await kt(dir, ['status', 'frist']),
      /There is no run "frist" in namespace .* Nor is it in the store here\..*Did you mean "first"/,
    );
  });

  test('is read while its pods are there and when they are gone', async () => {
    const read = async (): Promise<void> => {
      const [logs, failed, item, previous] = await Promise.all([
        kt(dir, ['logs', 'latest', '--json']),
        kt(dir, ['logs', 'first', '--failed']),
        kt(dir, ['logs', 'first', 'work/4']),
        kt(dir, ['logs', 'first', '--previous', '--json']),
      ]);
      expect(json<Line>(logs.out)).toHaveLength(9);
      expect(failed.out).toMatch(
        /work\[4\]#2 info +working on 4 .*\n.*work\[4\] in kt-work-\S+ failed after 2 attempts \(Threw\): no answer from host-4\n.*at .*pipelines\/shaky\.ts:6:/,
      );
      expect(failed.out.match(/working on/g)).toHaveLength(2);
      expect(item.out.match(/work\[4\]#/g)).toHaveLength(2);
      // As they were said: which pod is first is chance.
      expect(
        json<Line>(previous.out)
          .map(({ item: i, attempt }) => [i, attempt])
          .sort(),
      ).toEqual([
        [1, 1],
        [4, 1],
      ]);
    };
    await read();
    await cluster.api.deleteAll(paths.jobs(cluster.namespace), { labelSelector: selectRun('first', 'task') });
    await eventually(
      () => taskPods(cluster, 'first'),
      pods => pods.length === 0,
    );
    await read();
    const mistake = await kt(dir, ['logs', 'first', 'wrok']);
    // On a busy cluster it is said what is waited for.
    const err = mistake.err.replace(/^The pod that reads the logs has not started yet: .*\n/gm, '');
    expectMistake({ ...mistake, err }, /Run "first" has no step "wrok"\. Did you mean "work"/);
  });

  test('is read in pages without a gap', async () => {
    const run = await findClusterRun(cluster.api, 'first');
    const read = async (what: 'lines' | 'failed', pageBytes: number): Promise<ReadValue[]> => {
      const values: ReadValue[] = [];
      const reading = { signal: new AbortController().signal, note: () => undefined, pageBytes };
      for await (const value of readStored(
        { api: cluster.api, ...run },
        { what, selector: null, previous: false },
        reading,
      ))
        values.push(value);
      return values;
    };
    for (const what of ['lines', 'failed'] as const)
      expect(await read(what, 300)).toEqual(await read(what, 1e6));
    const { items } = await cluster.api.list<Job>(paths.jobs(cluster.namespace), {
      labelSelector: selectRun('first', 'reader'),
    });
    expect(items).toEqual([]);
  });

  test('is repeated: only what failed runs again', async () => {
    await release(cluster, 'fixed');
    const retried = await kt(dir, ['retry', 'first', '--failed', '--follow']);
    expect(retried.out).toMatch(/^7\nCompleted in/m);
    expect(retried.code).toBe(0);
    const { runId } = (JSON.parse((await kt(dir, ['runs', '--json'])).out) as { runId: string }[])[0] ?? {
      runId: '',
    };
    const [logs, status] = await Promise.all([
      kt(dir, ['logs', runId, '--json']),
      kt(dir, ['status', runId]),
    ]);
    expect(
      json<Line>(logs.out)
        .map(({ item }) => item)
        .sort(),
    ).toEqual([1, 4]);
    expect(status.out).toMatch(/list +1\/1 item\n.*work +7\/7 items\n.*report +1\/1 item/);
    expect(status.out).toContain('repeats first');
    expect(await readResults(cluster.store, runId, 'work')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const [again, whole] = await Promise.all([
      kt(dir, ['retry', runId, '--failed']),
      kt(dir, ['retry', 'first']),
    ]);
    expectMistake(again, /completed: nothing failed in it.*kt submit pipelines\/shaky\.ts/);
    expectMistake(whole, /MISSING_OPTION {2}--failed/);
  });
});

describe('a run that goes on', () => {
  test('is followed and left with Ctrl-C, read live, and not driven twice', async () => {
    const followed = await kt(
      dir,
      ['submit', 'gated#gated', ...cluster.args, '--run-id', 'live', '--follow'],
      (out, kill) => {
        if (out.includes('work: Running')) kill('SIGINT');
      },
    );
    expect(followed.code).toBe(130);
    expect(followed.err).toContain('The run goes on. Come back to it: kt status live --follow');
    await podsRun(cluster, 'live', 2);
    const [status, text, resume, retry, gc] = await Promise.all([
      kt(dir, ['status', 'live', '--json']),
      kt(dir, ['status', 'live']),
      kt(dir, ['submit', '--resume', 'live']),
      kt(dir, ['retry', 'live', '--failed']),
      kt(dir, ['gc', '--older-than', '0s', '--dry-run']),
    ]);
    expect(JSON.parse(status.out)).toMatchObject({
      status: 'Running',
      jobs: { list: { status: 'Completed' }, work: { status: 'Running', items: 4 } },
      pods: expect.arrayContaining([{ name: IN_POD, job: 'work' }]) as object,
    });
    expect(text.out).toMatch(/^work: runs in kt-work-\S+, kt-work-/m);
    expectMistake(resume, /RUN_IS_DRIVEN.*kt status live --follow; if you know that it is lost, use --steal/);
    expectMistake(retry, /RUN_IS_DRIVEN.*kt cancel live/);
    expect(gc.out).not.toMatch(/run live/);

    let isReleased = false;
    const logs = await kt(dir, ['logs', 'live', '-f', '--json'], out => {
      if (isReleased || [0, 2].some(i => !out.includes(`begun ${i}`))) return;
      isReleased = true;
      expect(out).not.toContain('ended');
      void release(cluster);
    });
    expect(logs.code).toBe(0);
    const lines = json<Line>(logs.out).map(({ item, message }) => `${item} ${message}`);
    expect(lines.sort()).toEqual([0, 1, 2, 3].flatMap(i => [`${i} begun ${i}`, `${i} ended ${i}`]));
    const ended = await kt(dir, ['status', 'live', '--follow']);
    expect(ended.out).toContain('Completed in');
    expect(ended.code).toBe(0);
  });

  test('is interrupted when its controller goes, and resumed with all that it had done', async () => {
    await rm(`${cluster.dir}/go`, { force: true });
    await kt(dir, ['submit', 'gated#gated', ...cluster.args, '--run-id', 'lost']);
    await podsRun(cluster, 'lost', 2);
    await cluster.api.deleteAll(paths.jobs(cluster.namespace), {
      labelSelector: selectRun('lost', 'controller'),
    });
    // Until its pod has gone too, it may bring the run to its end.
    await eventually(
      () =>
        cluster.api.list(paths.pods(cluster.namespace), { labelSelector: selectRun('lost', 'controller') }),
      ({ items }) => items.length === 0,
    );
    const status = await kt(dir, ['status', 'lost']);
    expect(status.out).toMatch(/run lost: Interrupted[\s\S]*kt submit --resume lost/);
    await release(cluster);
    const resumed = await kt(dir, ['submit', '--resume', 'lost', '--follow']);
    expect(resumed.out).toContain('Completed in');
    const shown = await kt(dir, ['status', 'lost']);
    expect(shown.out).toMatch(/list +1\/1 item\n.*work +4\/4 items/);
    expectMistake(await kt(dir, ['submit', '--resume', 'lost']), /RUN_OVER.*it is Completed/);
  });
});

test('nothing is left after kt gc', async () => {
  const left = await kt(dir, ['gc', '--older-than', '0s', '-n', cluster.namespace]);
  expect(left.out).toMatch(/deleted run first in .*\n/);
  expect(left.code).toBe(0);
  await eventually(
    () => leftovers(cluster),
    names => names.length === 0,
  );
  expect((await kt(dir, ['runs', '-n', cluster.namespace])).out).toContain('There are no runs in');
});
