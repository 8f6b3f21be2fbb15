import { each, type KtContext, ktFunction, pipeline, type Ref } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { testRun } from '../testing/test-run.js';

const write = ktFunction(async ({ to }: { to: string }, { files }: KtContext) => {
  await files.write(to, to);
  return { to, bytes: to.length };
});
const sum = ktFunction(({ all }: { all: ({ bytes: number } | null)[] }) =>
  all.reduce<number | null>((total, one) => (one === null || total === null ? null : total + one.bytes), 0),
);
const over = (list: string[]) =>
  pipeline('p')
    .map('write', write, () => each(list, to => ({ to })), { outputs: (to: Ref<string>) => [to] })
    .job('sum', sum, ({ write: all }) => ({ all }));

describe('an item whose outputs exist', () => {
  test('is skipped with the result that it had', async () => {
    const first = await testRun(over(['a', 'bb']));
    const second = await testRun(over(['bb', 'a', 'ccc']), { store: first.store });
    expect([0, 1, 2].map(item => second.attempts('write', item))).toEqual([0, 0, 1]);
    expect(second.result('write')).toEqual([
      { to: 'bb', bytes: 2 },
      { to: 'a', bytes: 1 },
      { to: 'ccc', bytes: 3 },
    ]);
    expect([first.result('sum'), second.result('sum')]).toEqual([3, 6]);
  });

  test('has the result of the last that made them', async () => {
    let version = 1;
    const make = ktFunction(async (_: object, { files }: KtContext) => (await files.write('x', ''), version));
    const p = pipeline('p').job('make', make, () => ({}), { outputs: ['x'] });
    const first = await testRun(p);
    await first.files.remove('x');
    version = 2;
    await testRun(p, { store: first.store });
    version = 3;
    expect((await testRun(p, { store: first.store })).result('make')).toBe(2);
  });

  test('has null where none was kept, and the event says so', async () => {
    const run = await testRun(over(['a', 'bb']), { files: { a: 'made by others' } });
    expect([run.result('write'), run.result('sum')]).toEqual([[null, { to: 'bb', bytes: 2 }], null]);
    const ended = run.events.flatMap(event =>
      event.type === 'ItemSucceeded' && event.job === 'write'
        ? [[event.item, event.skipped, event.unkept]]
        : [],
    );
    expect(ended.sort()).toEqual([
      [0, true, true],
      [1, false, undefined],
    ]);
  });

  test('of a dynamic step spawns nothing: its children are spared too', async () => {
    const spawn = ktFunction(() => pipeline('q').job('child', write, () => ({ to: 'x' })));
    const p = pipeline('p').dynamic('spawn', spawn, () => ({}), { outputs: ['x'] });
    const first = await testRun(p);
    const second = await testRun(p, { store: first.store });
    expect([Object.keys(first.statuses), Object.keys(second.statuses)]).toEqual([
      ['spawn', 'child'],
      ['spawn'],
    ]);
    expect(JSON.stringify(second.events)).not.toContain('unkept');
  });
});
