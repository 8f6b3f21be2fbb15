import { describe, expect, test } from 'vitest';
import { ktOn } from '../../../../test/kit/backends/kt-on.js';
import { completed, failed } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend } from '../../../../test/kit/backends/memory-backend.js';
import { FallbackBackend } from '../backends/fallback-backend.js';

describe('kt runs', () => {
  test('text - a table, the newest first; a run that has not begun has no figures', async () => {
    const backend = new MemoryBackend();
    backend.set(failed('first'));
    backend.set({ ...completed('second'), updatedMs: 1_700_000_126_000 });
    backend.set({ runId: 'third', pipeline: 'other', updatedMs: null, status: 'Interrupted' });
    const { code, out } = await ktOn(backend, ['runs']);
    expect(out).toBe(`RUN     PIPELINE  STATUS       STEPS  STARTED               TOOK
third   other     Interrupted  –      2023-11-14T22:13:22Z  –
second  flaky     Completed    3/3    2023-11-14T22:13:21Z  2m 05s
first   flaky     Failed       1/3    2023-11-14T22:13:20Z  500 ms
`);
    expect(code).toBe(0);
  });

  test('text - where runs are, if they are not all in one place', async () => {
    const [here, there] = [new MemoryBackend(), new MemoryBackend({ name: 'ctx/ns' })];
    here.set({ ...completed('mine'), createdMs: 1_700_000_050_000 });
    there.set(completed('theirs'));
    const both = new FallbackBackend(here, async () => there, { note: () => undefined });
    const { out } = await ktOn(both, ['runs']);
    expect(out).toMatch(/^RUN .* WHERE\nmine .* here\ntheirs .* ctx\/ns\n$/);
    expect((await ktOn(there, ['runs'])).out).not.toContain('WHERE');
    const json = JSON.parse((await ktOn(both, ['runs', '--json'])).out) as object[];
    expect(json).toEqual([
      {
        ...{ runId: 'mine', pipeline: 'flaky', status: 'Completed', jobs: { Completed: 3 } },
        ...{ createdAtMs: 1_700_000_050_000, updatedAtMs: 1_700_000_050_500 },
      },
      {
        ...{ runId: 'theirs', pipeline: 'flaky', status: 'Completed', jobs: { Completed: 3 } },
        ...{ createdAtMs: 1_700_000_000_000, updatedAtMs: 1_700_000_000_500, where: 'ctx/ns' },
      },
    ]);
  });

  test('nothing - how to begin a run', async () => {
    expect((await ktOn(new MemoryBackend(), ['runs'])).out).toBe(
      'There are no runs in this store. Begin one: kt run PIPELINE\n',
    );
    expect((await ktOn(new MemoryBackend({ name: 'ctx/ns' }), ['runs'])).out).toBe(
      'There are no runs in ctx/ns. Begin one: kt submit PIPELINE\n',
    );
    expect((await ktOn(new MemoryBackend(), ['runs', '--json'])).out).toBe('[]\n');
  });
});
