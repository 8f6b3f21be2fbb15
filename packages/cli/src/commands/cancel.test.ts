import { describe, expect, test } from 'vitest';
import { ktOn } from '../../../../test/kit/backends/kt-on.js';
import { completed, failed, running } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend } from '../../../../test/kit/backends/memory-backend.js';
import { expectMistake } from '../../../../test/kit/kt.js';
import type { Cancelled, CancelOptions, RunRef } from '../backends/backend.js';

describe('kt cancel', () => {
  test('a run that goes on - it is ended, and again that changes nothing', async () => {
    for (const backend of [new MemoryBackend(), new MemoryBackend({ name: 'ctx/ns' })]) {
      backend.set(running('going'));
      const { code, out } = await ktOn(backend, ['cancel', 'goi']);
      expect([code, out]).toEqual([0, 'Run going is Cancelled: nothing of it runs any more.\n']);
      expect((await backend.list())[0]?.status).toBe('Cancelled');
      expect((await ktOn(backend, ['cancel', 'going'])).code).toBe(0);
    }
  });

  test('a run that has ended - it is refused, with what can be done', async () => {
    const backend = new MemoryBackend();
    backend.set(completed('done'));
    backend.set(failed('bad'));
    expectMistake(await ktOn(backend, ['cancel', 'done']), /RUN_OVER.*it is Completed.*kt status done/);
    expectMistake(await ktOn(backend, ['cancel', 'bad']), /RUN_OVER.*it is Failed.*kt retry bad --failed/);
  });

  test('pods that stay - they are named, and the exit code is 1', async () => {
    const pods = Array.from({ length: 6 }, (_, i) => `pod-${i}`);
    const backend = new MemoryBackend({ name: 'ctx/ns', pods });
    backend.set(running('going'));
    const { code, out, err } = await ktOn(backend, ['cancel', 'going', '--timeout', '3s']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      'Cancelling run going: 6 pods have still to end.\n' +
        'Run going is cancelled. 6 pods of it are left: pod-0, pod-1, pod-2, pod-3, pod-4, …. ' +
        'See what becomes of it: kt status going --follow; or wait again: kt cancel going\n',
    );
    expect(backend.asked.cancel?.timeoutMs).toBe(3000);
  });

  test('Ctrl-C - it is cancelled all the same, and not waited for', async () => {
    class Slow extends MemoryBackend {
      override async cancel(_run: RunRef, { signal, progress }: CancelOptions = {}): Promise<Cancelled> {
        await new Promise(resolve => {
          signal?.addEventListener('abort', resolve);
          progress?.('waiting for its controller');
          process.nextTick(() => this.onWait());
        });
        return { pods: ['pod-0'], ended: false };
      }
      onWait = (): void => undefined;
    }
    const backend = new Slow({ name: 'ctx/ns' });
    backend.set(running('going'));
    const left = await ktOn(backend, ['cancel', 'going'], {
      onStart: interrupt => (backend.onWait = interrupt),
    });
    expect(left.err).toMatch(
      /^Cancelling run going: waiting for its controller\.\nRun going is to be cancelled, and has not ended yet\. 1 pod of it is left: pod-0\./,
    );
    expect(left.code).toBe(130);
  });

  test('mistakes - a timeout that is none', async () => {
    const wrong = await ktOn(new MemoryBackend(), ['cancel', 'r', '--timeout', 'soon']);
    expectMistake(wrong, /Expected a duration such as 30s or 5m/);
  });
});
