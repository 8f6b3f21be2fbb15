import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { testRun } from './test-run.js';

const double = ktFunction(({ n }: { n: number }) => n * 2);
const sum = ktFunction(({ all }: { all: (number | null)[] }) =>
  all.reduce<number>((total, n) => total + (n ?? 0), 0),
);
const doubles = (options: object = {}) =>
  pipeline('doubles')
    .map('twice', double, () => each([1, 2, 3], n => ({ n })), options)
    .job('total', sum, ({ twice }) => ({ all: twice }));

describe('testRun', () => {
  test('gives results, statuses, attempts and events', async () => {
    const run = await testRun(doubles());
    expect(run.status).toBe('Completed');
    expect(run.result('twice')).toEqual([2, 4, 6]);
    expect(run.result('total')).toBe(12);
    expect(run.statuses).toEqual({ twice: 'Completed', total: 'Completed' });
    expect(run.attempts('twice', 2)).toBe(1);
    expect(run.events[0]).toMatchObject({ type: 'RunStarted', runId: run.runId });
    expect(() => run.result('twise' as 'twice')).toThrow(
      'There is no step "twise" in this run; there are: twice, total. Did you mean "twice"?',
    );
  });

  test.each([
    ['throw', 'Threw'],
    ['timeout', 'DeadlineExceeded'],
    ['outOfMemory', 'OutOfMemory'],
  ] as const)(
    'a fault of kind %s costs an attempt, and fails the job where there is no other',
    async (kind, cause) => {
      const faults = [{ kind, step: 'twice', item: 1 }] as const;
      const tried = await testRun(doubles({ retries: 1 }), { faults });
      expect([tried.status, tried.attempts('twice', 0), tried.attempts('twice', 1)]).toEqual([
        'Completed',
        1,
        2,
      ]);
      const failed = await testRun(doubles(), { faults });
      expect(failed.statuses).toEqual({ twice: 'Failed', total: 'SkippedDueToUpstreamFailure' });
      expect(failed.cause('twice')).toMatchObject({ kind: 'ItemsFailed', first: { kind: cause } });
    },
  );

  test('an eviction costs no attempt', async () => {
    const run = await testRun(doubles(), { faults: [{ kind: 'evict', step: 'twice' }] });
    expect([run.status, run.attempts('twice', 0)]).toEqual(['Completed', 1]);
  });

  test.each([1, 2, 3, 4])('when the driver dies after %i facts, another goes on', async afterFacts => {
    const run = await testRun(doubles(), { faults: [{ kind: 'crashDriver', afterFacts }] });
    expect([run.status, run.result('total')]).toEqual(['Completed', 12]);
    expect(run.restarts).toBe(1);
  });

  test('an item that may fail gives null to the next step', async () => {
    const run = await testRun(doubles({ maxFailed: 1 }), {
      faults: [{ kind: 'throw', step: 'twice', item: 0 }],
    });
    expect([run.status, run.result('twice'), run.result('total')]).toEqual(['Completed', [null, 4, 6], 10]);
  });

  test('what was done with cache is not done again in another run, unless its arguments differ', async () => {
    let calls = 0;
    const counted = ktFunction({ cache: true }, ({ n }: { n: number }) => ++calls + n * 0);
    const over = (list: number[]) => pipeline('cached').map('c', counted, () => each(list, n => ({ n })));
    const first = await testRun(over([1, 2]));
    const second = await testRun(over([2, 1, 3]), { store: first.store });
    expect(calls).toBe(3);
    expect(second.attempts('c', 0)).toBe(0);
    expect(second.attempts('c', 2)).toBe(1);
    expect([...first.result('c')].sort()).toEqual([1, 2]);
  });

  test('what one attempt does to its input another never sees', async () => {
    const spoils = ktFunction({ retries: 1 }, ({ list }: { list: number[] }, { attempt }: KtContext) => {
      list.push(9);
      if (attempt === 1) throw new Error('once more');
      return list;
    });
    const make = ktFunction(() => [1]);
    const run = await testRun(
      pipeline('spoils')
        .job('make', make)
        .job('a', spoils, ({ make: list }) => ({ list }))
        .job('b', spoils, ({ make: list }) => ({ list })),
    );
    expect([run.result('a'), run.result('b')]).toEqual([
      [1, 9],
      [1, 9],
    ]);
  });

  test('files and the node:fs-shaped view are one store', async () => {
    const copy = ktFunction(async (_: object, { files, fs }: KtContext) => {
      const { promises } = await fs();
      await promises.writeFile('/data/out/b.txt', `${await files.readText('in/a.txt')}!`);
      return files.readText('out/b.txt');
    });
    const run = await testRun(
      pipeline('view').job('copy', copy, () => ({})),
      { files: { 'in/a.txt': 'hello' } },
    );
    expect(run.result('copy')).toBe('hello!');
    expect(await run.files.readText('out/b.txt')).toBe('hello!');
  });

  test('a bad parameter is said with the value seen', async () => {
    // @ts-expect-error -- it takes none
    await expect(testRun(doubles(), { params: { x: 1 } })).rejects.toThrow(
      'Pipeline "doubles" takes no parameters, but got "x".',
    );
  });

  test('a result that there is not is an error, with the cause of what failed', async () => {
    const fails = ktFunction((): number => {
      throw new Error('no answer');
    });
    const run = await testRun(
      pipeline('p')
        .job('bad', fails)
        .job('next', double, ({ bad }) => ({ n: bad }))
        .job('last', double, ({ next }) => ({ n: next }))
        .job('good', double, () => ({ n: 1 })),
    );
    expect(run.result('good')).toBe(2);
    expect(() => run.result('bad')).toThrow('bad: Step "bad" failed: no answer.');
    expect(() => run.result('last')).toThrow(
      'last: Step "last" has no result: step "bad" failed: no answer.',
    );
    const thrown = (step: 'bad' | 'last'): unknown => {
      try {
        return run.result(step);
      } catch (error) {
        return error;
      }
    };
    expect(thrown('bad')).toMatchObject({
      code: 'JOB_FAILED',
      cause: { kind: 'Threw', message: 'no answer' },
    });
    expect(thrown('last')).toMatchObject({ code: 'NO_RESULT', cause: { kind: 'Threw' } });
  });

  test('a fault of a step that there is not is an error', async () => {
    const faults = [{ kind: 'throw', step: 'twise' as 'twice' }] as const;
    await expect(testRun(doubles(), { faults })).rejects.toThrow(
      'There is no step "twise" in this run; there are: twice, total. Did you mean "twice"?',
    );
    const spawn = ktFunction(() => pipeline('q').job('child', double, () => ({ n: 1 })));
    const spawns = pipeline('p').dynamic('spawn', spawn);
    const run = await testRun(spawns, { faults: [{ kind: 'throw', step: 'child' }] });
    expect(run.statuses).toEqual({ spawn: 'DescendantFailed', child: 'Failed' });
    await expect(testRun(spawns, { faults: [{ kind: 'throw', step: 'chidl' }] })).rejects.toThrow(
      'Did you mean "child"?',
    );
  });
});
