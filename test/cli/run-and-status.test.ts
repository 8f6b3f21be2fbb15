/** `kt run` and what is told of runs, as processes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectMistake, kt, project, runKt, SHAKY } from '../kit/kt.js';

const lines = (text: string): { type?: string; runId: string }[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

const threwAt = (item: number): object =>
  expect.objectContaining({ kind: 'Threw', message: `no answer from host-${item}` });

test('a failed run is listed, shown, read and repeated', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY });
  const failed = await runKt(dir, ['run', 'shaky', '--run-id', 'first']);
  expect(failed.code).toBe(1);
  expect(failed.out).toContain('kt retry first --failed');

  const [runs, status, statusText, logs, failedLogs, item, failedJson] = await Promise.all([
    runKt(dir, ['runs', '--json']),
    runKt(dir, ['status', 'first', '--json']),
    runKt(dir, ['status', 'fir']),
    runKt(dir, ['logs', 'latest', '--json']),
    runKt(dir, ['logs', 'latest', '--failed']),
    runKt(dir, ['logs', 'latest', 'work/4']),
    runKt(dir, ['logs', 'latest', 'work', '--failed', '--json']),
  ]);
  expect(JSON.parse(runs.out)).toMatchObject([{ runId: 'first', pipeline: 'shaky', status: 'Failed' }]);
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
        cause: expect.objectContaining({ kind: 'ItemsFailed', failed: 2, total: 7 }),
      },
      report: { status: 'SkippedDueToUpstreamFailure', items: null, done: 0, failed: 0 },
    },
    failures: {
      groups: [
        {
          ...{ kind: 'Threw', count: 2, message: 'no answer from host-‹n›', where: 'pipelines/shaky.ts:6' },
          examples: [1, 4].map(item => ({ job: 'work', item, cause: threwAt(item) })),
        },
      ],
      omitted: 0,
    },
  });
  expect(statusText.out).toMatch(/work +7\/7 items {2}2 failed {2}2 retried/);
  expect(statusText.out).toContain('2 × no answer from host-‹n› in pipelines/shaky.ts:6  (work[1], work[4])');
  const printed = lines(logs.out) as unknown as {
    job: string;
    item: number;
    attempt: number;
    atMs: number;
    data: object;
  }[];
  expect(printed).toHaveLength(9);
  expect(printed.map(line => line.atMs)).toEqual(printed.map(line => line.atMs).sort((a, b) => a - b));
  expect(printed[0]).toMatchObject({
    job: 'work',
    item: 0,
    attempt: 1,
    level: 'info',
    message: 'working on 0',
    data: { i: 0 },
  });
  expect(failedLogs.out.match(/working on/g)).toHaveLength(2);
  expect(failedLogs.out).toMatch(
    /work\[4\]#2 info +working on 4 .*\n.*work\[4\] failed after 2 attempts \(Threw\): no answer from host-4\n.*at .*pipelines\/shaky\.ts:6:/,
  );
  expect(item.out.match(/work\[4\]#/g)).toHaveLength(2);
  expect(lines(failedJson.out)).toMatchObject([
    { job: 'work', item: 1, attempts: 2 },
    { job: 'work', item: 4, attempts: 2 },
  ]);

  await writeFile(join(dir, 'fixed'), '');
  const retried = await runKt(dir, ['retry', 'first', '--failed', '--json']);
  expect(retried.code).toBe(0);
  const events = lines(retried.out);
  const attempts = (events as unknown as { type: string; job?: string; item?: number }[]).filter(
    event => event.type === 'ItemStarted' && event.job === 'work',
  );
  expect(attempts.map(({ item: i }) => i)).toEqual([1, 4]);
  const again = await runKt(dir, ['retry', 'latest', '--failed']);
  expectMistake(again, /completed: nothing failed in it.*kt run pipelines\/shaky\.ts/);
});

test('kt run --json - prints one event a line, the first of which carries the run id', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, fixed: '' });
  const { code, out } = await runKt(dir, ['run', 'shaky', '--n', '2', '--json']);
  expect(code).toBe(0);
  const events = lines(out);
  expect(events[0]).toMatchObject({ type: 'RunStarted', runId: expect.stringMatching(/^shaky-/) });
  expect(events.at(-1)).toMatchObject({ type: 'RunFinished', status: 'Completed' });
});

test('kt run - parameters are flags with help and validation', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY });
  const [help, typo, wrong, choice, word] = await Promise.all([
    runKt(dir, ['run', 'shaky', '--help']),
    runKt(dir, ['run', 'shaky', '--lable', 'a']),
    runKt(dir, ['run', 'shaky', '--n', 'many']),
    runKt(dir, ['run', 'shaky', '--label', 'c']),
    runKt(dir, ['run', 'shaky', 'twice']),
  ]);
  expect(help.out).toMatch(
    /Parameters of "shaky":\n +--n <number> +\(default: 7\)\n +--label <string> +\(one of: a, b\) \(default: "a"\)/,
  );
  expect(help.code).toBe(0);
  expectMistake(typo, /Unknown option "--lable"\. Did you mean "--label"\?.*--n, --label/);
  expectMistake(wrong, /params\.n: .*number/);
  expectMistake(choice, /params\.label: /);
  expectMistake(word, /The word "twice" is not expected here/);
});

test('an interrupted run can be seen and resumed', async () => {
  const slow = SHAKY.replace(
    "log.info('working on ' + i, { i });",
    "console.log('at ' + i); if (i === 3 && !(await files.exists('fixed'))) await new Promise(go => setTimeout(go, 60_000));",
  );
  const dir = await project({ 'pipelines/shaky.ts': slow });
  const killed = await kt(dir, ['run', 'shaky', '--run-id', 'dies', '--json', '--jobs', '1'], (out, kill) => {
    if (/"ItemStarted","job":"work","item":3/.test(out)) kill('SIGKILL');
  });
  expect(killed.code).toBeNull();
  const [runs, status, retry, gc] = await Promise.all([
    runKt(dir, ['runs', '--json']),
    runKt(dir, ['status', 'dies', '--json']),
    runKt(dir, ['retry', 'dies', '--failed']),
    runKt(dir, ['gc', '--older-than', '0s', '--dry-run', '--json']),
  ]);
  expect(JSON.parse(runs.out)).toMatchObject([{ runId: 'dies', status: 'Interrupted' }]);
  expect(JSON.parse(status.out)).toMatchObject({
    status: 'Interrupted',
    jobs: { list: { status: 'Completed' }, work: { status: 'Running', items: 7 } },
  });
  expectMistake(retry, /was interrupted and has not ended\. Go on with it: kt run --resume dies/);
  const { deleted } = JSON.parse(gc.out) as { deleted: { kind: string }[] };
  expect(deleted.filter(({ kind }) => kind !== 'temporary file')).toEqual([]);
  await writeFile(join(dir, 'fixed'), '');
  const resumed = await runKt(dir, ['run', '--resume', 'latest', '--json']);
  expect(resumed.code).toBe(0);
  expect(lines(resumed.out)[0]).toMatchObject({ type: 'RunStarted', runId: 'dies', resumed: true });
});

test('a run that goes on or is repeated - a function that is gone is refused before the first call', async () => {
  const slow = SHAKY.replace(
    "log.info('working on ' + i, { i });",
    "if (i === 3 && !(await files.exists('fixed'))) await new Promise(go => setTimeout(go, 60_000));",
  );
  const dir = await project({ 'pipelines/shaky.ts': slow });
  const left = await kt(dir, ['run', 'shaky', '--run-id', 'left', '--json', '--jobs', '1'], (out, kill) => {
    if (/"ItemStarted","job":"work","item":3/.test(out)) kill('SIGKILL');
  });
  expect(left.code).toBeNull();
  await writeFile(join(dir, 'pipelines/shaky.ts'), SHAKY);
  expect((await runKt(dir, ['run', 'shaky', '--run-id', 'ended'])).code).toBe(1);
  const renamed = SHAKY.replace('const report =', 'const reports =').replace(', report,', ', reports,');
  await writeFile(join(dir, 'pipelines/shaky.ts'), renamed);
  await writeFile(join(dir, 'fixed'), '');
  const [resumed, retried] = await Promise.all([
    runKt(dir, ['run', '--resume', 'left']),
    runKt(dir, ['retry', 'ended', '--failed']),
  ]);
  for (const refused of [resumed, retried]) {
    expectMistake(
      refused,
      /UNKNOWN_FUNCTION +report\.tasks\[0\]\.function: .*"shaky\.report".*Did you mean "shaky\.reports"\?/,
    );
    expect(refused.out).toBe('');
  }
});

test('kt run - the first Ctrl-C drains and ends with 130', async () => {
  const slow = SHAKY.replace(
    "log.info('working on ' + i, { i });",
    'await new Promise(go => setTimeout(go, 50));',
  );
  const dir = await project({ 'pipelines/shaky.ts': slow, fixed: '' });
  const stopped = await kt(dir, ['run', 'shaky', '--n', '200', '--json'], (out, kill) => {
    if (out.includes('"ItemSucceeded","job":"work"')) kill('SIGINT');
  });
  expect(stopped.code).toBe(130);
  expect(lines(stopped.out).at(-1)).toMatchObject({ type: 'RunFinished', status: 'Interrupted' });
  expect((await runKt(dir, ['run', '--resume', 'latest'])).code).toBe(0);
});

test('mistakes about runs are sentences', async () => {
  const dir = await project({ 'pipelines/shaky.ts': SHAKY, fixed: '' });
  expectMistake(await runKt(dir, ['status', 'latest']), /NO_RUNS .*There are no runs in this store/);
  await Promise.all([
    runKt(dir, ['run', 'shaky', '--run-id', 'alpha-one']),
    runKt(dir, ['run', 'shaky', '--run-id', 'alpha-two']),
  ]);
  const [typo, two, job, index, bare, taken, store, unreachable] = await Promise.all([
    runKt(dir, ['status', 'alpha-onn']),
    runKt(dir, ['logs', 'alpha']),
    runKt(dir, ['logs', 'alpha-one', 'wrok']),
    runKt(dir, ['logs', 'alpha-one', 'work/7']),
    runKt(dir, ['retry', 'alpha-one']),
    runKt(dir, ['run', 'shaky', '--run-id', 'alpha-one']),
    runKt(dir, ['runs', '--store', 'ftp:x']),
    runKt(dir, ['run', 'shaky', '--store', 'file:package.json']),
  ]);
  expectMistake(typo, /There is no run "alpha-onn" in this store\. Did you mean "alpha-one"\?/);
  expectMistake(two, /"alpha" is the beginning of 2 runs\..*alpha-one, alpha-two/);
  expectMistake(job, /has no step "wrok"\. Did you mean "work"\?/);
  expectMistake(index, /Step "work" has no item "7"\. Its items are 0 to 6\./);
  expectMistake(bare, /--failed: .*kt retry alpha-one --failed/);
  expectMistake(taken, /There is a run "alpha-one" already/);
  expectMistake(store, /unknown scheme "ftp:"/);
  expect(unreachable.err).toMatch(/^error STORE_FAILED {2}Cannot write .*package\.json/);
  expect(unreachable.code).toBe(3);
  await writeFile(join(dir, 'kt-metadata/alpha-two/spec.json'), '{"runId');
  expectMistake(
    await runKt(dir, ['status', 'alpha-two']),
    /BAD_RUN {2}kt-metadata\/alpha-two\/spec\.json: This run cannot be read: it is not JSON: /,
  );
});
