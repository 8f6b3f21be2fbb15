import { KtError } from '@kube-transform/sdk';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ktOn } from '../../../../test/kit/backends/kt-on.js';
import { completed, failed, FAILED, LINES, running } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend } from '../../../../test/kit/backends/memory-backend.js';
import type { StatusJson } from '../backends/status-json.js';
import { expectMistake } from '../../../../test/kit/kt.js';

const here = (): MemoryBackend => new MemoryBackend();
const there = (): MemoryBackend => new MemoryBackend({ name: 'ctx/ns' });

describe('kt status', () => {
  test('text - a run that failed: its steps, its failures by kind, and how to go on', async () => {
    const backend = here();
    backend.set(failed('first'), { lines: LINES, failed: FAILED });
    const { code, out, err } = await ktOn(backend, ['status', 'fir']);
    expect(out).toBe(`run first: Failed
pipeline "flaky", begun 2023-11-14T22:13:20.000Z, took 500 ms
  ✓ Completed                    list    1/1 item
  ✗ Failed                       work    5/5 items  2 failed  2 retried
  – SkippedDueToUpstreamFailure  report${'  '}
Failures:
  2 × no answer from host-‹n› in flaky.ts:20  (work[1], work[4])
See what they printed:   kt logs first --failed
Repeat only what failed: kt retry first --failed
`);
    expect([code, err, backend.asked.closed]).toEqual([0, '', true]);
  });

  test('text - a run in a cluster: where it is, and what its steps wait for', async () => {
    const backend = there();
    backend.set({
      ...running('going'),
      retryOf: 'old',
      jobs: [
        { name: 'list', status: 'Completed', items: 1200, done: 1200, skipped: 3 },
        { name: 'work', status: 'Running', items: 5, waiting: 'no node has 500 cores' },
      ],
      trouble: 'The API server is away.',
    });
    vi.useFakeTimers({ now: 1_700_000_190_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { out } = await ktOn(backend, ['status', 'going']);
    // Until now, whenever it was last heard of.
    expect(out).toMatch(
      /^run going: Running {2}\(ctx\/ns\)\npipeline "flaky", begun .*, for 3m 10s, repeats old\n/,
    );
    expect((await ktOn(backend, ['runs'])).out).toMatch(/^going .* 3m 10s$/m);
    expect(out).toContain('list  1,200/1,200 items  3 done before\n');
    expect(out).toContain('\nwork: waiting because no node has 500 cores\nThe API server is away.\n');
    expect(out).not.toContain('kt retry');
  });

  test.each([
    [here(), 'kt run --resume left'],
    [there(), 'kt submit --resume left'],
  ])('text - a run that nobody drives: %#', async (backend, resume) => {
    backend.set({ ...running('left'), status: 'Interrupted', problem: 'Its controller is gone.' });
    const { out } = await ktOn(backend, ['status', 'latest']);
    expect(out).toMatch(/^run left: Interrupted/);
    expect(out).toContain(`\nIts controller is gone.\nGo on with it:           ${resume}\n`);
  });

  test('text - a run of very many steps: those that matter, and how many more', async () => {
    const backend = there();
    const jobs = Array.from({ length: 300 }, (_, i) => ({
      name: `s${i}`,
      status: i === 299 ? ('Failed' as const) : ('Completed' as const),
    }));
    backend.set({ runId: 'many', status: 'Failed', jobs, counts: { Completed: 4000, Failed: 1 } });
    const { out } = await ktOn(backend, ['status', 'many']);
    const rows = out.split('\n').filter(line => /^ {2}[✓✗]/.test(line));
    expect(rows).toHaveLength(200);
    expect(rows[0]).toMatch(/Failed +s299/);
    expect(out).toContain('  … and 3,801 more steps\n');
  });

  test('text - more kinds of failures than are shown are counted', async () => {
    const backend = here();
    const cause = { kind: 'Evicted', message: 'evicted' } as const;
    const kinds = Array.from({ length: 13 }, (_, i) => ({
      ...{ count: 13 - i, message: `kind ${i}`, where: null },
      examples: [0, 1, 2].map(item => ({ job: 'work', item, cause })),
    }));
    backend.set({ runId: 'r', status: 'Failed', failures: kinds });
    const { out } = await ktOn(backend, ['status', 'r']);
    expect(out).toContain('  13 × kind 0  (work[0], work[1], work[2], …)\n');
    expect(out).toContain('  4 × kind 9  (work[0], work[1], work[2], …)\n  … and 3 more kinds\n');
  });

  test('--json - one document, the same here and in a cluster', async () => {
    for (const backend of [here(), there()]) {
      backend.set({
        ...failed('first'),
        ...{ problem: 'not told of a run that has ended', counts: { Completed: 1, Failed: 1, Pending: 7 } },
      });
      const { out } = await ktOn(backend, ['status', 'first', '--json']);
      expect(JSON.parse(out)).toEqual({
        ...{ runId: 'first', pipeline: 'flaky', status: 'Failed', moreJobs: 6 },
        jobs: {
          list: { status: 'Completed', items: 1, done: 1, failed: 0 },
          work: {
            ...{ status: 'Failed', items: 5, done: 3, failed: 2 },
            cause: expect.objectContaining({ kind: 'ItemsFailed', failed: 2, total: 5 }) as object,
          },
          report: { status: 'SkippedDueToUpstreamFailure', items: null, done: 0, failed: 0 },
        },
        failures: {
          groups: [
            {
              ...{ kind: 'Threw', count: 2, message: 'no answer from host-‹n›', where: 'flaky.ts:20' },
              examples: FAILED.map(({ job, item, cause }) => ({ job, item, cause })),
            },
          ],
          omitted: 0,
        },
      });
      backend.set({
        ...running('going'),
        jobs: [{ name: 'work', status: 'Pending', waiting: 'no node' }],
        trouble: 'The API server is away.',
      });
      expect(JSON.parse((await ktOn(backend, ['status', 'going', '--json'])).out)).toEqual({
        ...{ runId: 'going', pipeline: 'flaky', status: 'Running', problem: 'The API server is away.' },
        jobs: { work: { status: 'Pending', items: null, done: 0, failed: 0, waiting: 'no node' } },
        failures: { groups: [], omitted: 0 },
      });
    }
  });

  test('--json - failures are told with their pods, and neither kinds nor texts without an end', async () => {
    const backend = there();
    const message = `${'x'.repeat(1999)}\u{1f600}\n\u001b[31m${'y'.repeat(100_000)}`;
    const stack = `Error: ${message}`;
    const examples = [0, 1, 2].map(item => ({
      ...{ job: 'a\n\u001b[2Jb', item, podName: `kt-a-${item}` },
      cause: { kind: 'Threw', name: 'Error', message, stack } as const,
    }));
    const kinds = Array.from({ length: 130 }, (_, i) => ({
      ...{ count: 1000 - i, message, where: null, examples },
    }));
    backend.set({ runId: 'r', status: 'Failed', failures: kinds, moreFailures: 5 });
    const { out } = await ktOn(backend, ['status', 'r', '--json']);
    expect(out).toMatch(/^[ -~]+\n$/);
    expect(out.length).toBeLessThan(400_000);
    const { failures } = JSON.parse(out) as StatusJson;
    expect(failures.groups.map(({ count }) => count)).toEqual(kinds.slice(0, 20).map(({ count }) => count));
    expect(failures.omitted).toBe(5 + kinds.slice(20).reduce((sum, { count }) => sum + count, 0));
    // The face is left out whole: half of it is no character.
    expect(failures.groups[0]?.message).toBe('x'.repeat(1999));
    expect(failures.groups[0]?.examples[1]).toMatchObject({ item: 1, podName: 'kt-a-1' });
    const text = await ktOn(backend, ['status', 'r']);
    expect(text.out.split('\n')).toContain('  … and 111,665 failures of other kinds');
  });

  test('where - what was typed about it is handed on', async () => {
    const backend = there();
    backend.set(completed('r'));
    expect((await ktOn(backend, ['status', 'r', '-n', 'jobs', '--context', 'prod'])).where).toEqual({
      context: 'prod',
      namespace: 'jobs',
    });
    expect((await ktOn(backend, ['status', 'r', '--store', 'file:x', '--json'])).where).toEqual({
      store: 'file:x',
    });
  });

  test('mistakes - no such run, more than one, none at all, and a backend that is out of reach', async () => {
    const backend = there();
    expectMistake(await ktOn(backend, ['status', 'latest']), /NO_RUNS .*There are no runs in ctx\/ns\./);
    backend.set(completed('alpha-one'));
    backend.set(completed('alpha-two'));
    const [typo, two, none] = await Promise.all([
      ktOn(backend, ['status', 'alpha-onn']),
      ktOn(backend, ['status', 'alpha']),
      ktOn(backend, ['status']),
    ]);
    expectMistake(typo, /UNKNOWN_RUN.*There is no run "alpha-onn" in ctx\/ns\. Did you mean "alpha-one"\?/);
    expectMistake(two, /AMBIGUOUS_RUN.*"alpha" is the beginning of 2 runs\..*alpha-one, alpha-two/);
    expectMistake(none, /MISSING_ARGUMENT/);
    expect(backend.asked.closed).toBe(true);
    const away = new KtError({ code: 'CLUSTER_UNREACHABLE', path: '', message: 'Nobody answers.' });
    const unreachable = await ktOn(away, ['status', 'alpha-one']);
    expect([unreachable.code, unreachable.err]).toEqual([3, 'error CLUSTER_UNREACHABLE  Nobody answers.\n']);
  });
});

describe('kt status --follow', () => {
  test('text - what happens, and what the run came to; the exit code says how it ended', async () => {
    const backend = here();
    backend.set({ ...running('going'), jobs: [{ name: 'list' }] });
    let told = 0;
    const { code, out, err } = await ktOn(backend, ['status', 'going', '-f'], {
      onOut: () => {
        if (++told === 1) backend.set({ ...running('going'), trouble: 'The API server is away.' });
        if (told === 3) backend.set({ ...failed('going'), updatedMs: 1_700_000_062_000 });
      },
    });
    expect(out).toBe(`run going: pipeline "flaky", 1 step
list: Completed
work: 5 items
work: Running
work: Failed – 2 of 5 items failed: no answer from host-1
report: SkippedDueToUpstreamFailure
✗ work: 2 of 5 items failed: no answer from host-1
      at work (flaky.ts:20:11)
Failures:
  2 × no answer from host-‹n› in flaky.ts:20  (work[1], work[4])
Failed after 1m 02s: 1 step failed, 1 skipped.
  see what they printed:   kt logs going --failed
  repeat only what failed: kt retry going --failed
`);
    expect(err).toBe('The API server is away.\n');
    expect(code).toBe(1);
  });

  test('text - the result of a run that completed', async () => {
    const backend = there();
    backend.set({ ...completed('done'), result: { rows: 3 } });
    const { code, out } = await ktOn(backend, ['status', 'done', '--follow']);
    expect(out).toMatch(/\{\n {2}"rows": 3\n\}\nCompleted in 500 ms: 3 steps\. Run done\n$/);
    expect(code).toBe(0);
    backend.set({ ...completed('done'), status: 'Cancelled', result: null });
    const cancelled = await ktOn(backend, ['status', 'done', '--follow']);
    expect(cancelled.out).toMatch(/\nCancelled after 500 ms\. Run done\n$/);
    expect(cancelled.code).toBe(1);
  });

  test('--json - an event a line', async () => {
    const backend = there();
    backend.set(completed('done'));
    const { out } = await ktOn(backend, ['status', 'done', '--follow', '--json']);
    const events = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { type: string });
    expect(events[0]).toMatchObject({ type: 'RunStarted', runId: 'done', jobs: 3 });
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', status: 'Completed' });
  });

  test('Ctrl-C - the run is left alone', async () => {
    const backend = here();
    backend.set(running('going'));
    const left = await ktOn(backend, ['status', 'going', '-f'], { onOut: (_, interrupt) => interrupt() });
    expect(left.err).toBe('The run goes on. Come back to it: kt status going --follow\n');
    expect(left.code).toBe(130);
    expect((await backend.list())[0]?.status).toBe('Running');
  });

  test('a run that nobody drives - it says how to go on', async () => {
    const backend = there();
    backend.set({ ...running('left'), status: 'Interrupted' });
    const { code, out } = await ktOn(backend, ['status', 'left', '-f']);
    expect(out).toMatch(/\nInterrupted – nothing is lost\. Go on with: kt submit --resume left\n$/);
    expect(code).toBe(130);
  });
});
