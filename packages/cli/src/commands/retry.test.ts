import { describe, expect, test } from 'vitest';
import { ktOn } from '../../../../test/kit/backends/kt-on.js';
import { completed, failed, FAILED, LINES, running } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend, type MemoryOptions } from '../../../../test/kit/backends/memory-backend.js';
import { expectMistake } from '../../../../test/kit/kt.js';

function withFailed(options: MemoryOptions): MemoryBackend {
  const backend = new MemoryBackend(options);
  backend.set(failed('first'), { lines: LINES, failed: FAILED });
  return backend;
}

describe('kt retry --failed', () => {
  test('a run that this process drives - it is driven to its end', async () => {
    const backend = withFailed({
      drive: async runId => backend.set({ ...completed(runId), updatedMs: 1_700_000_064_200 }),
    });
    const { code, out, err } = await ktOn(backend, ['retry', 'first', '--failed', '--jobs', '3']);
    expect(out).toBe(`run first-again: pipeline "flaky", 3 steps
list: Completed
work: 5 items
work: Running
report: Running
work: 5/5  1.4/s  eta 0 ms
work: Completed
report: Completed
5
Completed in 4.2 s: 3 steps. Run first-again
`);
    expect([code, err]).toEqual([0, '2 of 7 are repeated\n']);
    expect(backend.asked.retry).toMatchObject({ functions: [], jobs: 3 });
    expect(backend.asked.retry).not.toHaveProperty('executor');
  });

  test('SE1: Ctrl-C drains at first, then stops; the run can be resumed', async () => {
    const heard: string[] = [];
    const backend = withFailed({
      drive: async (runId, { drain, stop }) => {
        for (const [name, signal] of Object.entries({ drain, stop }))
          await new Promise<void>(resolve => {
            if (signal.aborted) resolve();
            signal.addEventListener('abort', () => (heard.push(name), resolve()));
            backend.set({ ...running(runId), jobs: [{ name: 'list' }, { name, status: 'Running' }] });
          });
        backend.set({ ...running(runId), status: 'Interrupted' });
      },
    });
    const left = await ktOn(backend, ['retry', 'first', '--failed'], {
      onOut: (text, interrupt) => {
        if (/(drain|stop): Running\n$/.test(text)) setImmediate(interrupt);
      },
    });
    expect(heard).toEqual(['drain', 'stop']);
    expect(left.err).toContain('Stopping: what runs may end. Press Ctrl-C again to stop it now.\n');
    expect(left.out).toMatch(/Interrupted – nothing is lost\. Go on with: kt run --resume first-again\n$/);
    expect(left.code).toBe(130);
  });

  test('a run that goes on by itself - where it is, and how to see it', async () => {
    const backend = withFailed({ name: 'ctx/ns' });
    const { code, out } = await ktOn(backend, ['retry', 'first', '--failed']);
    expect(out).toBe(`Submitted first-again to namespace ns of ctx; functions d1.
  see how it goes: kt status first-again --follow
`);
    expect(code).toBe(0);
    const json = await ktOn(withFailed({ name: 'ctx/ns' }), ['retry', 'first', '--failed', '--json']);
    expect(JSON.parse(json.out)).toEqual({
      ...{ runId: 'first-again', namespace: 'ns', context: 'ctx', digest: 'd1' },
    });
  });

  test('--follow - a run that goes on by itself is followed', async () => {
    const backend = withFailed({ name: 'ctx/ns' });
    const followed = await ktOn(backend, ['retry', 'first', '--failed', '-f'], {
      onOut: text => {
        if (text.endsWith('report: Running\n')) backend.set(completed('first-again'));
      },
    });
    expect(followed.err).toContain('run first-again in namespace ns of ctx\n');
    expect(followed.out).toMatch(/\n5\nCompleted in .*: 3 steps\. Run first-again\n$/);
    expect(followed.code).toBe(0);
  });

  test('--functions, --executor, --steal - what was typed is handed on', async () => {
    const backend = withFailed({ name: 'ctx/ns' });
    const args = ['--functions', 'a.ts', '--functions', 'b.ts', '--executor', 'in-process', '--steal'];
    await ktOn(backend, ['retry', 'first', '--failed', ...args]);
    expect(backend.asked.retry).toMatchObject({
      ...{ functions: ['a.ts', 'b.ts'], executor: 'in-process', steal: true },
    });
  });

  test('mistakes - without --failed, and of runs in which nothing is to be repeated', async () => {
    for (const [options, verb] of [[{}, 'kt run'] as const, [{ name: 'ctx/ns' }, 'kt submit'] as const]) {
      const backend = withFailed(options);
      backend.set(completed('done'));
      backend.set({ ...running('left'), status: 'Interrupted' });
      const [bare, done, left] = await Promise.all([
        ktOn(backend, ['retry', 'first']),
        ktOn(backend, ['retry', 'done', '--failed']),
        ktOn(backend, ['retry', 'left', '--failed']),
      ]);
      expectMistake(
        bare,
        new RegExp(`MISSING_OPTION {2}--failed: .*kt retry first --failed.*${verb} PIPELINE`),
      );
      expectMistake(done, new RegExp(`completed: nothing failed in it.*${verb} PIPELINE`));
      expectMistake(left, new RegExp(`was interrupted and has not ended\\. .*${verb} --resume left`));
    }
  });
});
