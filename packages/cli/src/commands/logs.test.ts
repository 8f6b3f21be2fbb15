import { describe, expect, test } from 'vitest';
import { ktOn } from '../../../../test/kit/backends/kt-on.js';
import { completed, failed, FAILED, LINES, running } from '../../../../test/kit/backends/memory-bench.js';
import { MemoryBackend } from '../../../../test/kit/backends/memory-backend.js';
import { expectMistake } from '../../../../test/kit/kt.js';

function withFailed(): MemoryBackend {
  const backend = new MemoryBackend();
  backend.set(failed('first'), { lines: LINES, failed: FAILED });
  return backend;
}
const parsed = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>);

describe('kt logs', () => {
  test('text - time, step, item, attempt, level, message and data', async () => {
    const { code, out } = await ktOn(withFailed(), ['logs', 'latest', 'work/4']);
    expect(out).toBe(`22:13:20.001 work[4]#1 info  working on 4 {"i":4}
22:13:20.002 work[4]#2 info  working on 4 {"i":4}
`);
    expect(code).toBe(0);
  });

  test('--json - an object a line', async () => {
    const { out } = await ktOn(withFailed(), ['logs', 'first', '--json']);
    expect(parsed(out)).toEqual(LINES);
  });

  test('--previous - what the attempts before the latest printed', async () => {
    const { out } = await ktOn(withFailed(), ['logs', 'first', '--previous']);
    expect(out.match(/working on/g)).toHaveLength(2);
    expect(out).toMatch(/work\[1\]#1[^]*work\[4\]#1/);
    expect(out).not.toContain('#2');
  });

  test('--failed - the latest attempt of what failed, why, and where', async () => {
    const { out } = await ktOn(withFailed(), ['logs', 'first', 'work/4', '--failed']);
    expect(out).toBe(`22:13:20.002 work[4]#2 info  working on 4 {"i":4}
work[4] failed after 2 attempts (Threw): no answer from host-4
  at work (flaky.ts:20:11)
`);
    const json = parsed((await ktOn(withFailed(), ['logs', 'first', '--failed', '--json'])).out);
    expect(json).toMatchObject([
      { job: 'work', item: 1, attempts: 2, cause: { kind: 'Threw' }, lines: [{ item: 1, attempt: 2 }] },
      { job: 'work', item: 4, attempts: 2, lines: [{ item: 4, attempt: 2 }] },
    ]);
  });

  test('--failed - a step that failed without an item', async () => {
    const backend = new MemoryBackend();
    const cause = { kind: 'NotStarted', message: 'no image', reason: 'ErrImagePull' } as const;
    backend.set(
      { runId: 'r', status: 'Failed', jobs: [{ name: 'a', status: 'Failed', cause }] },
      { failed: [{ job: 'a', item: null, attempts: 0, cause, lines: [] }] },
    );
    expect((await ktOn(backend, ['logs', 'r', '--failed'])).out).toBe('a failed (NotStarted): no image\n');
  });

  test('nothing - it says so to people, and prints nothing', async () => {
    const backend = new MemoryBackend();
    backend.set(completed('done'));
    const [lines, none, json] = await Promise.all([
      ktOn(backend, ['logs', 'done']),
      ktOn(backend, ['logs', 'done', '--failed']),
      ktOn(backend, ['logs', 'done', '--json']),
    ]);
    expect([lines.out, lines.err, lines.code]).toEqual(['', 'Nothing was printed.\n', 0]);
    expect([none.out, none.err, none.code]).toEqual(['', 'Nothing failed.\n', 0]);
    expect([json.out, json.err]).toEqual(['', '']);
  });

  test('mistakes - a step, an item and options that mean nothing', async () => {
    const backend = withFailed();
    const [step, item, follow, previous] = await Promise.all([
      ktOn(backend, ['logs', 'first', 'wrok']),
      ktOn(backend, ['logs', 'first', 'work/7']),
      ktOn(backend, ['logs', 'first', '-f', '--failed']),
      ktOn(backend, ['logs', 'first', '-f', '--previous']),
    ]);
    expectMistake(step, /UNKNOWN_JOB.*has no step "wrok"\. Did you mean "work"\?/);
    expectMistake(item, /UNKNOWN_ITEM.*Step "work" has no item "7"\. Its items are 0 to 4\./);
    expectMistake(follow, /BAD_OPTIONS {2}--follow: .*--failed what was printed/);
    expectMistake(previous, /BAD_OPTIONS {2}--follow: .*--previous what was printed/);
  });
});

describe('kt logs --follow', () => {
  test('text - lines as they are printed, to the end of the run', async () => {
    const backend = new MemoryBackend({ name: 'ctx/ns' });
    backend.set(running('going'), { lines: LINES.slice(0, 2) });
    const { code, out } = await ktOn(backend, ['logs', 'going', '-f'], {
      onOut: text => {
        if (text.split('\n').length === 3) backend.set(running('going'), { lines: LINES.slice(0, 4) });
        if (text.split('\n').length === 5) backend.set(completed('going'), { lines: LINES.slice(0, 5) });
      },
    });
    expect(out.match(/work\[\d\]#1/g)).toEqual(LINES.slice(0, 5).map(({ item }) => `work[${item}]#1`));
    expect(code).toBe(0);
  });

  test('Ctrl-C - the run is left alone', async () => {
    const backend = new MemoryBackend();
    backend.set(running('going'), { lines: LINES.slice(0, 1) });
    const left = await ktOn(backend, ['logs', 'going', '-f'], { onOut: (_, interrupt) => interrupt() });
    expect(left.out).toContain('work[0]#1');
    expect(left.code).toBe(130);
    expect((await backend.list())[0]?.status).toBe('Running');
  });
});
