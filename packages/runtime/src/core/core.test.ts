import {
  mustParsePipeline,
  parseSpawn,
  type JobStatus,
  type KTJob,
  type KTJobInput,
} from '@kube-transform/sdk';
import { describe, expect, it } from 'vitest';
import {
  apply,
  createRunState,
  decide,
  isDone,
  jobState,
  jobStates,
  runStatus,
  statusCounts,
  unfinished,
  type Fact,
  type RunState,
} from './index.js';

const job = (name: string, dependencies: string[] = []): KTJobInput => ({
  type: 'static',
  name,
  dependencies,
  tasks: [{ function: 'work' }],
});
const dynamic = (name: string, dependencies: string[] = []): KTJobInput => ({
  type: 'dynamic',
  name,
  dependencies,
  function: 'spawn',
});
const noop = (name: string, dependencies: string[] = []): KTJobInput => ({
  type: 'static',
  name,
  dependencies,
});
const start = (...jobs: KTJobInput[]): RunState =>
  createRunState(mustParsePipeline({ name: 'p', jobs }).jobs);
const spawn = (...jobs: KTJobInput[]): KTJob[] => {
  const parsed = parseSpawn(jobs, 'parent');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};
const submitted = (name: string): Fact => ({ type: 'JobSubmitted', job: name });
const succeeded = (name: string, ...spawned: KTJobInput[]): Fact => ({
  type: 'JobSucceeded',
  job: name,
  spawned: spawn(...spawned),
});
const failed = (name: string): Fact => ({
  type: 'JobFailed',
  job: name,
  cause: { kind: 'Threw', message: 'no', name: 'Error' },
});
const tell = (state: RunState, ...facts: Fact[]): string[] =>
  facts.flatMap(fact => apply(state, fact)).map(({ job: name, from, to }) => `${name}: ${from} → ${to}`);
const statuses = (state: RunState): Record<string, JobStatus> =>
  Object.fromEntries([...jobStates(state)].map(each => [each.job.name, each.status]));
const todo = (state: RunState): string[] =>
  decide(state).map(action =>
    action.type === 'finish'
      ? 'finish'
      : `${action.type} ${action.type === 'submit' ? action.job.name : action.job}`,
  );

describe('a run', () => {
  it('hands out jobs as their dependencies complete, each once, and then says finish', () => {
    const state = start(job('c', ['a', 'b']), job('a'), job('b'));
    expect(todo(state)).toEqual(['submit a', 'submit b']);
    expect(todo(state)).toEqual([]);
    expect(tell(state, submitted('a'), succeeded('a'))).toEqual([
      'a: Pending → Running',
      'a: Running → Completed',
    ]);
    expect(todo(state)).toEqual([]);
    tell(state, submitted('b'), succeeded('b'));
    expect(todo(state)).toEqual(['submit c']);
    expect([isDone(state), runStatus(state)]).toEqual([false, 'Running']);
    tell(state, submitted('c'), succeeded('c'));
    expect(todo(state)).toEqual(['finish']);
    expect([isDone(state), runStatus(state)]).toEqual([true, 'Completed']);
  });

  it('of no jobs is completed at once', () => {
    const state = createRunState([]);
    expect([todo(state), runStatus(state)]).toEqual([['finish'], 'Completed']);
    expect(tell(state, { type: 'RunCancelled', reason: 'late' })).toEqual([]);
    expect(runStatus(state)).toBe('Completed');
  });

  it('counts its jobs by status', () => {
    const state = start(job('a'), job('b', ['a']), job('c'));
    tell(state, failed('a'), submitted('c'));
    expect(statusCounts(state)).toMatchObject({
      Failed: 1,
      SkippedDueToUpstreamFailure: 1,
      Running: 1,
      Pending: 0,
    });
  });

  it('goes on with what does not depend on a failed job, and ends Failed', () => {
    const state = start(job('a'), job('b', ['a']), job('c'));
    todo(state);
    tell(state, failed('a'));
    expect(todo(state)).toEqual([]);
    expect(isDone(state)).toBe(false);
    tell(state, succeeded('c'));
    expect(statuses(state)).toEqual({ a: 'Failed', b: 'SkippedDueToUpstreamFailure', c: 'Completed' });
    expect([todo(state), runStatus(state)]).toEqual([['finish'], 'Failed']);
  });

  it('hands out again after a fold what is ready, and names what was submitted', () => {
    const jobs = mustParsePipeline({ name: 'p', jobs: [job('a'), job('b'), job('c', ['a']), job('d')] }).jobs;
    const state = createRunState(jobs);
    tell(state, submitted('a'), submitted('b'), succeeded('a'));
    expect(todo(state)).toEqual(['submit d', 'submit c']);
    expect(unfinished(state)).toEqual(['b']);
  });

  it('does not overflow the stack on a chain of 100,000 jobs, whether it fails or completes', () => {
    const [first] = mustParsePipeline({ name: 'p', jobs: [job('j0')] }).jobs;
    const chain = Array.from(
      { length: 100_000 },
      (_, i) => ({ ...first, name: `j${i}`, dependencies: i === 0 ? [] : [`j${i - 1}`] }) as KTJob,
    );
    const state = createRunState(chain);
    expect(apply(state, failed('j0'))).toHaveLength(100_000);
    expect(statusCounts(state).SkippedDueToUpstreamFailure).toBe(99_999);
    const other = createRunState(chain);
    for (let i = 0; i < chain.length; i++) apply(other, { type: 'JobSucceeded', job: `j${i}` });
    expect(runStatus(other)).toBe('Completed');
  });
});

describe('what went wrong in the seed', () => {
  it('1: a job with nothing to run completes and its dependents go on', () => {
    const state = start(
      noop('a'),
      job('b', ['a']),
      { type: 'dynamic', name: 'c' },
      { type: 'static', name: 'd', tasks: [{}, { function: 'work' }] },
    );
    expect(todo(state)).toEqual(['complete a', 'complete c', 'submit d']);
    expect(tell(state, succeeded('a'))).toEqual(['a: Pending → Completed']);
    expect(todo(state)).toEqual(['submit b']);
  });

  it('2: a dynamic job waits for what it spawned', () => {
    const state = start(dynamic('d'), job('after', ['d']));
    todo(state);
    expect(tell(state, submitted('d'), succeeded('d', job('x'), job('y', ['x'])))).toEqual([
      'd: Pending → Running',
      'd: Running → AwaitingDescendants',
      'x: null → Pending',
      'y: null → Pending',
    ]);
    expect(jobState(state, 'y')?.parent).toBe('d');
    expect(todo(state)).toEqual(['submit x']);
    expect(tell(state, succeeded('x'), succeeded('y'))).toEqual([
      'x: Pending → Completed',
      'y: Pending → Completed',
      'd: AwaitingDescendants → Completed',
    ]);
    expect(todo(state)).toEqual(['submit after']);
  });

  it('3: a parent that has failed stays so when other children complete', () => {
    const state = start(dynamic('d'));
    tell(state, succeeded('d', job('c1'), job('c2')));
    expect(tell(state, failed('c1'))).toEqual([
      'c1: Pending → Failed',
      'd: AwaitingDescendants → DescendantFailed',
    ]);
    expect(isDone(state)).toBe(false);
    expect(tell(state, succeeded('c2'))).toEqual(['c2: Pending → Completed']);
    expect([statuses(state)['d'], runStatus(state)]).toEqual(['DescendantFailed', 'Failed']);
  });

  it('4: a replayed spawn changes nothing', () => {
    const state = start(dynamic('d'));
    const fact = succeeded('d', job('x'));
    tell(state, fact);
    expect(tell(state, fact, submitted('d'), failed('d'))).toEqual([]);
    expect(statuses(state)).toEqual({ d: 'AwaitingDescendants', x: 'Pending' });
  });

  it('5: an unknown dependency or a circle in a spawn fails the job that spawned it', () => {
    for (const child of [job('x', ['nobody']), job('x', ['x']), job('x', ['d'])]) {
      const state = start(dynamic('d'));
      expect(tell(state, succeeded('d', child))).toEqual(['d: Pending → Failed']);
      expect([isDone(state), jobState(state, 'x')]).toEqual([true, undefined]);
    }
  });

  it('6: names are taken as they are', () => {
    const state = start(job('Load_Data'), job('b', ['Load_Data']));
    tell(state, succeeded('Load_Data'));
    expect(todo(state)).toEqual(['submit b']);
  });

  it('7 and 8: a child that depends on a failed job is skipped at once, and so fails its parent', () => {
    const state = start(job('out'), dynamic('d'), job('after', ['d']));
    expect(tell(state, failed('out'), succeeded('d', job('x', ['out']), job('y', ['x'])))).toEqual([
      'out: Pending → Failed',
      'd: Pending → DescendantFailed',
      'x: null → SkippedDueToUpstreamFailure',
      'y: null → SkippedDueToUpstreamFailure',
      'after: Pending → SkippedDueToUpstreamFailure',
    ]);
    expect(isDone(state)).toBe(true);
  });

  it('9: a failure in a ladder of 2,000 layers visits each edge once', () => {
    const rungs = Array.from({ length: 2_000 }, (_, i) =>
      ['l', 'r'].map(side => job(`${side}${i}`, i === 0 ? [] : [`l${i - 1}`, `r${i - 1}`])),
    ).flat();
    const state = start(...rungs);
    expect(tell(state, failed('l0'))).toHaveLength(3_999);
    expect(statusCounts(state).Pending).toBe(1);
  });

  it('10: dependencies may be null in a document', () => {
    expect(
      todo(start({ type: 'static', name: 'a', dependencies: null, tasks: [{ function: 'work' }] })),
    ).toEqual(['submit a']);
  });

  it('11: long names that begin alike are different jobs', () => {
    const long = 'x'.repeat(63);
    expect(todo(start(job(`${long}a`), job(`${long}b`)))).toEqual([`submit ${long}a`, `submit ${long}b`]);
  });
});

describe('facts that change nothing', () => {
  it.each<[string, Fact[], Fact]>([
    ['a second submission', [submitted('a')], submitted('a')],
    ['a second success', [succeeded('a')], succeeded('a')],
    ['a failure after success', [succeeded('a')], failed('a')],
    ['a success after failure', [failed('a')], succeeded('a')],
    ['a success of a skipped job', [failed('a')], succeeded('b')],
    ['a submission of a job with an open dependency', [], submitted('b')],
    ['a success of a job with an open dependency', [], succeeded('b')],
    ['a fact about a stranger', [], succeeded('stranger')],
    [
      'a success after the run was cancelled',
      [submitted('a'), { type: 'RunCancelled', reason: 'asked' }],
      succeeded('a'),
    ],
    [
      'a second cancellation',
      [{ type: 'RunCancelled', reason: 'asked' }],
      { type: 'RunCancelled', reason: 'again' },
    ],
  ])('%s', (_, before, fact) => {
    const state = start(job('a'), job('b', ['a']));
    tell(state, ...before);
    const was = JSON.stringify([...jobStates(state)]);
    expect(tell(state, fact)).toEqual([]);
    expect(JSON.stringify([...jobStates(state)])).toBe(was);
  });

  it('a success whose submission was lost - counts all the same, and says how many items failed', () => {
    const state = start(job('a'));
    expect(tell(state, { type: 'JobSucceeded', job: 'a', failedItems: 3 })).toEqual([
      'a: Pending → Completed',
    ]);
    expect(jobState(state, 'a')?.own).toEqual({ state: 'succeeded', failedItems: 3 });
  });
});

describe('cancelling a run', () => {
  it('fails what has not ended, and what awaits descendants derives from them', () => {
    const state = start(job('done'), dynamic('d'), job('running'), job('waiting', ['d']));
    tell(state, succeeded('done'), succeeded('d', job('x')), submitted('running'));
    expect(tell(state, { type: 'RunCancelled', reason: 'asked by ann' })).toEqual([
      'running: Running → Failed',
      'waiting: Pending → Failed',
      'x: Pending → Failed',
      'd: AwaitingDescendants → DescendantFailed',
    ]);
    expect(jobState(state, 'waiting')?.own).toEqual({
      state: 'failed',
      cause: { kind: 'Cancelled', message: 'asked by ann' },
    });
    expect([todo(state), runStatus(state), unfinished(state)]).toEqual([['finish'], 'Cancelled', []]);
  });
});
