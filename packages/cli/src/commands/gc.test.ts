import { describe, expect, test } from 'vitest';
import { ktOn } from '../../../../test/kit/backends/kt-on.js';
import { completed, running } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend } from '../../../../test/kit/backends/memory-backend.js';
import { expectMistake } from '../../../../test/kit/kt.js';
import { FallbackBackend } from '../backends/fallback-backend.js';

function both(): { here: MemoryBackend; there: MemoryBackend; backend: FallbackBackend } {
  const [here, there] = [new MemoryBackend(), new MemoryBackend({ name: 'ctx/ns' })];
  here.set(completed('mine'));
  there.set(completed('theirs'));
  there.set(running('going'));
  return { here, there, backend: new FallbackBackend(here, async () => there, { note: () => undefined }) };
}

describe('kt gc', () => {
  test('text - what was deleted, where, and how much it was', async () => {
    const { here, backend } = both();
    const { code, out } = await ktOn(backend, ['gc', '--older-than', '0s']);
    expect(out).toBe(`deleted run mine  1.0 kB
deleted run theirs in ctx/ns  1.0 kB
2 entries, 2.0 kB.
`);
    expect(code).toBe(0);
    expect(await here.list()).toEqual([]);
    expect((await ktOn(backend, ['gc', '--older-than', '0s'])).out).toBe('Nothing to delete.\n');
  });

  test('--dry-run - what would be deleted stays', async () => {
    const { here } = both();
    expect((await ktOn(here, ['gc', '--dry-run'])).out).toBe(`would delete run mine  1.0 kB
1 entry, 1.0 kB (dry run: nothing was deleted).
`);
    expect(await here.list()).toHaveLength(1);
  });

  test('--json - one document; `where` is left out here', async () => {
    const { backend } = both();
    expect(JSON.parse((await ktOn(backend, ['gc', '--json'])).out)).toEqual({
      ...{ dryRun: false, bytes: 2000 },
      deleted: [
        { kind: 'run', name: 'mine', bytes: 1000 },
        { kind: 'run', name: 'theirs', bytes: 1000, where: 'ctx/ns' },
      ],
    });
  });

  test.each([
    [[], { olderThanMs: 30 * 86_400_000, keep: 0, interrupted: false, dryRun: false }],
    [['--keep', '3'], { olderThanMs: 0, keep: 3 }],
    [['--keep', '0', '--older-than', '12h'], { olderThanMs: 12 * 3_600_000, keep: 0 }],
    [['--older-than', '4w', '--interrupted'], { olderThanMs: 28 * 86_400_000, interrupted: true }],
  ])('options - %j', async (args, asked) => {
    const backend = new MemoryBackend();
    await ktOn(backend, ['gc', ...args]);
    expect(backend.asked.collect).toMatchObject(asked);
  });

  test('mistakes - ages and counts that are none', async () => {
    const backend = new MemoryBackend();
    expectMistake(
      await ktOn(backend, ['gc', '--older-than', 'long']),
      /Expected an age such as 12h, 30d or 4w/,
    );
    expectMistake(await ktOn(backend, ['gc', '--keep', 'all']), /Expected a whole number/);
    expect(backend.asked.collect).toBeUndefined();
  });
});
