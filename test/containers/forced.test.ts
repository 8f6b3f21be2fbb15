/** Steps that are forced: they and what comes after them run, whatever there is of them; once in a run. */
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { each, type KtContext, ktFunction, pipeline, type Ref, text } from '@kube-transform/sdk';
import { openStore } from '@kube-transform/runtime';
import { newRun, retryRun, systemClock, writeRecord } from '@kube-transform/runtime/internal';
import { testRun } from '@kube-transform/runtime/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ItemTargets } from '../../packages/runtime/src/worker/item-targets.js';
import { ktFiles } from '../../packages/runtime/src/files/kt-files.js';

const write = ktFunction(async ({ to }: { to: string }, { files }: KtContext) => {
  await files.write(to, to);
  return to;
});
const count = ktFunction(({ all }: { all: (string | null)[] }) => all.length);

/** A function, a map, a container, a cached step, and one of which nothing depends on the rest. */
const steps = pipeline('p')
  .job('first', write, () => ({ to: 'first' }), { outputs: ['first'] })
  .map('parts', write, () => each(['a', 'b'], to => ({ to })), {
    outputs: (to: Ref<string>) => [to],
    after: ['first'],
  })
  .job('count', count, ({ parts }) => ({ all: parts }), { cache: true })
  .container('load', ({ count: n }) => ({ image: 'i', args: [n], outputs: [text`loaded`] }))
  .job('other', write, () => ({ to: 'other' }), { outputs: ['other'] });
const containers = {
  load: async ({ files }: { files: { write(to: string, body: string): Promise<void> } }) => {
    await files.write('loaded', '');
  },
};
const attemptsOf = (run: Awaited<ReturnType<typeof testRun<typeof steps>>>): Record<string, number> => ({
  first: run.attempts('first'),
  a: run.attempts('parts', 0),
  count: run.attempts('count'),
  load: run.attempts('load'),
  other: run.attempts('other'),
});

describe('a step that is forced', () => {
  let store: Awaited<ReturnType<typeof testRun>>['store'];
  beforeAll(async () => {
    ({ store } = await testRun(steps, { containers }));
  });

  test('none: nothing runs of what is made', async () => {
    const run = await testRun(steps, { containers, store });
    expect(attemptsOf(run)).toEqual({ first: 0, a: 0, count: 0, load: 0, other: 0 });
  });

  test('runs, and so does all that depends on it: maps, containers, what is cached', async () => {
    const run = await testRun(steps, { containers, store, force: ['first'] });
    expect(attemptsOf(run)).toEqual({ first: 1, a: 1, count: 1, load: 1, other: 0 });
    const skipped = run.events.filter(event => event.type === 'ItemSucceeded' && event.skipped);
    expect(skipped).toMatchObject([{ job: 'other' }]);
  });

  test('leaves what is before it as it is', async () => {
    const run = await testRun(steps, { containers, store, force: ['load', 'load'] });
    expect(attemptsOf(run)).toEqual({ first: 0, a: 0, count: 0, load: 1, other: 0 });
  });

  test('has what it is given of a step without files, which would have been left out', async () => {
    const p = pipeline('q')
      .job('list', count, () => ({ all: ['x'] }))
      .job('make', write, ({ list }) => ({ to: text`n${list}` }), { outputs: ['n1'] });
    const { store: made } = await testRun(p);
    expect((await testRun(p, { store: made })).attempts('list')).toBe(0);
    const forced = await testRun(p, { store: made, force: ['make'] });
    expect([forced.attempts('list'), forced.attempts('make')]).toEqual([1, 1]);
  });

  test('has what it spawns run anew, and what comes after that', async () => {
    const spawn = ktFunction(() =>
      pipeline('s').job('child', write, () => ({ to: 'child' }), { outputs: ['child'] }),
    );
    const p = pipeline('q')
      .dynamic('spawn', spawn)
      .job('last', write, () => ({ to: 'last' }), { outputs: ['last'], after: ['spawn'] });
    const { store: made } = await testRun(p);
    const skips = async (force: 'spawn'[]): Promise<unknown[]> =>
      (await testRun(p, { store: made, force })).events.flatMap(event =>
        event.type === 'ItemSucceeded' && event.skipped ? [event.job] : [],
      );
    expect(await skips([])).toEqual(['child', 'last']);
    expect(await skips(['spawn'])).toEqual([]);
  });

  test('is done once in a run, also where its driver dies', async () => {
    for (const afterFacts of [1, 2, 3, 5, 7]) {
      const faults = [{ kind: 'crashDriver' as const, afterFacts }];
      const run = await testRun(steps, { containers, store, force: ['first'], faults });
      expect(run.restarts).toBe(1);
      expect(attemptsOf(run)).toEqual({ first: 1, a: 1, count: 1, load: 1, other: 0 });
    }
  });

  test('that the pipeline has not is refused, with the one that was meant', async () => {
    const made = newRun({ pipeline: steps, clock: systemClock, force: ['laod', 'other'] });
    await expect(made).rejects.toMatchObject({
      code: 'UNKNOWN_STEP',
      problems: [{ path: '--force', hint: 'Did you mean "load"?' }],
    });
    const far = newRun({ pipeline: { name: 'none', jobs: [] }, clock: systemClock, force: ['..\n'] });
    await expect(far).rejects.toThrow('Pipeline "none" has no step "..\\n" to force.');
  });

  test('is repeated by a retry, although it succeeded, with all that depends on it', async () => {
    const bad = ktFunction(() => Promise.reject(new Error('never')));
    const p = pipeline('q')
      .job('first', write, () => ({ to: 'first' }), { outputs: ['first'] })
      .job('next', write, () => ({ to: 'next' }), { outputs: ['next'], after: ['first'] })
      .job('aside', write, () => ({ to: 'aside' }))
      .job('bad', bad);
    const failed = await testRun(p, { force: ['next'] });
    const record = await retryRun(failed.store, failed.runId, { clock: systemClock, force: ['first'] });
    expect(record.forced).toEqual(['next', 'first']);
    // Of what is not repeated the retry has the items.
    const has = async (step: string): Promise<boolean> =>
      (await failed.store.head(`kt-metadata/${record.runId}/jobs/${step}/job.json`)) !== null;
    expect([await has('aside'), await has('first'), await has('next')]).toEqual([true, false, false]);
    await expect(
      retryRun(failed.store, failed.runId, { clock: systemClock, force: ['nxet'] }),
    ).rejects.toThrow('Did you mean "next"?');
  });
});

describe('the files of a forced step', () => {
  let dir: string;
  beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'kt-forced-'))));
  afterAll(() => rm(dir, { recursive: true }));

  test('FO1: what the run itself has made is not made again; what is older, or as old, is', async () => {
    await using store = await openStore(`file:${dir}`);
    const record = await newRun({ pipeline: steps, clock: systemClock, runId: 'r', force: ['first'] });
    await writeRecord(store, record);
    const files = ktFiles(store);
    await files.write('first', '');
    const [job] = record.pipeline.jobs;
    const isMade = async (seconds: number): Promise<unknown> => {
      await utimes(join(dir, 'kt-metadata/r/spec.json'), 1000, 1000);
      await utimes(join(dir, 'first'), seconds, seconds);
      const host = { store, files, resultCache: new Map() };
      return new ItemTargets({ runId: 'r', job: job!, isForced: true }, host).look({ value: null, index: 0 });
    };
    expect(await isMade(999)).toMatchObject({ isMade: false });
    expect(await isMade(1000)).toMatchObject({ isMade: false });
    expect(await isMade(1001)).toMatchObject({ isMade: true });
  });
});
