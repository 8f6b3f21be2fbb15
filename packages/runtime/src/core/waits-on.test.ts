import { formatProblem, mustParsePipeline, parseSpawn, type KTJobInput } from '@kube-transform/sdk';
import { describe, expect, it } from 'vitest';
import { apply, createRunState, jobState, statusCounts, type RunState } from './index.js';

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

/** Spawns from `parent` and returns the problems as text. */
function spawnFrom(state: RunState, parent: string, spawned: KTJobInput[]): string[] {
  const parsed = parseSpawn(spawned, parent);
  apply(state, { type: 'JobSucceeded', job: parent, spawned: parsed.ok ? parsed.value : [] });
  const own = jobState(state, parent)?.own;
  return own?.state === 'failed' && own.cause.kind === 'InvalidSpawn'
    ? own.cause.problems.map(problem => `${problem.code} ${formatProblem(problem)}`)
    : [];
}
const run = (): RunState =>
  createRunState(
    mustParsePipeline({
      name: 'p',
      jobs: [job('extract'), dynamic('plan'), job('report', ['plan']), job('mail', ['report'])],
    }).jobs,
  );

describe('a spawn', () => {
  it.each<[string, KTJobInput[], string[]]>([
    [
      'joins the run with dependencies inside the list, in any order, and outside',
      [job('b', ['a', 'extract']), job('a')],
      [],
    ],
    ['may depend on the same job twice', [job('b', ['extract', 'extract'])], []],
    [
      'must not take the name of a step of the run',
      [job('extract')],
      [
        'DUPLICATE_NAME spawned[0].name: The name "extract" is taken by a step of the run. Give each step its own name.',
      ],
    ],
    [
      'must not take the name of the job that spawns it',
      [job('plan')],
      [
        'DUPLICATE_NAME spawned[0].name: The name "plan" is taken by a step of the run. Give each step its own name.',
      ],
    ],
    [
      'must not repeat a name',
      [job('a'), job('b'), job('a')],
      ['DUPLICATE_NAME spawned[2].name: The name "a" is taken by spawned[0]. Give each step its own name.'],
    ],
    [
      'must not depend on a stranger',
      [job('a'), job('b', ['a', 'extrat'])],
      [
        'UNKNOWN_DEPENDENCY spawned[1].dependencies[1]: Step "b", spawned by "plan", depends on "extrat", which does not exist. Did you mean "extract"?',
      ],
    ],
    [
      'must not depend on its parent',
      [job('a', ['plan'])],
      [
        'CYCLE spawned[0].dependencies[0]: Step "a" depends on "plan", which waits on it: a → plan → a. "plan" is done only when "a" is: remove this dependency.',
      ],
    ],
    [
      'must not depend on what waits on its parent',
      [job('a', ['mail'])],
      [
        'CYCLE spawned[0].dependencies[0]: Step "a" depends on "mail", which waits on it: a → mail → report → plan → a. "plan" is done only when "a" is: remove this dependency.',
      ],
    ],
    [
      'must not depend on itself',
      [job('a', ['extract', 'a'])],
      ['CYCLE spawned[0].dependencies[1]: Step "a" depends on itself. Remove one of these dependencies.'],
    ],
    [
      'must not go in a circle',
      [job('x', ['a']), job('a', ['b']), job('b', ['extract', 'a'])],
      [
        'CYCLE spawned[1].dependencies[0]: Steps depend on each other in a circle: a → b → a. Remove one of these dependencies.',
      ],
    ],
    [
      'is told everything that is wrong at once',
      [job('extract'), job('a', ['nobody', 'plan'])],
      [
        'DUPLICATE_NAME spawned[0].name: The name "extract" is taken by a step of the run. Give each step its own name.',
        'UNKNOWN_DEPENDENCY spawned[1].dependencies[0]: Step "a", spawned by "plan", depends on "nobody", which does not exist.',
        'CYCLE spawned[1].dependencies[1]: Step "a" depends on "plan", which waits on it: a → plan → a. "plan" is done only when "a" is: remove this dependency.',
      ],
    ],
  ])('%s', (_, spawned, problems) => {
    const state = run();
    expect(spawnFrom(state, 'plan', spawned)).toEqual(problems);
    expect(jobState(state, 'plan')?.status).toBe(problems.length === 0 ? 'AwaitingDescendants' : 'Failed');
    expect(jobState(state, 'b') === undefined).toBe(
      problems.length > 0 || !spawned.some(each => each.name === 'b'),
    );
  });

  it('must not depend on an ancestor, nor on what waits on one, even where that was skipped', () => {
    for (const dependency of ['top', 'after', 'skipped']) {
      const state = createRunState(
        mustParsePipeline({
          name: 'p',
          jobs: [dynamic('top'), job('after', ['top']), job('bad'), job('skipped', ['bad', 'top'])],
        }).jobs,
      );
      apply(state, { type: 'JobFailed', job: 'bad', cause: { kind: 'Lost', message: 'gone' } });
      expect(spawnFrom(state, 'top', [dynamic('mid')])).toEqual([]);
      expect(spawnFrom(state, 'mid', [job('low', [dependency])])).toHaveLength(1);
      expect(jobState(state, 'top')?.status).toBe('DescendantFailed');
    }
  });

  it('that waits on another family is refused where that family already waits on it', () => {
    const state = createRunState(
      mustParsePipeline({ name: 'p', jobs: [dynamic('one'), dynamic('two')] }).jobs,
    );
    expect(spawnFrom(state, 'one', [job('one-child', ['two'])])).toEqual([]);
    expect(spawnFrom(state, 'two', [job('two-child', ['one'])])).toEqual([
      expect.stringContaining('two-child → one → one-child → two → two-child'),
    ]);
    expect(statusCounts(state)).toMatchObject({
      Failed: 1,
      DescendantFailed: 1,
      SkippedDueToUpstreamFailure: 1,
    });
  });

  it('sums up in the cause what its problems are', () => {
    const state = run();
    spawnFrom(state, 'plan', [job('extract'), job('report')]);
    expect(jobState(state, 'plan')?.own).toMatchObject({
      cause: {
        message:
          'What step "plan" spawned cannot join the run. The name "extract" is taken by a step of the run. (and 1 more)',
      },
    });
  });

  it('of thousands of jobs with unknown dependencies is refused without searching for each', () => {
    const spawned = Array.from({ length: 5_000 }, (_, i) => job(`s${i}`, [`missing-number-${i}`]));
    expect(spawnFrom(run(), 'plan', spawned)).toHaveLength(5_000);
  });
});

describe('refs of what is spawned', () => {
  const using = (name: string, source: string, dependencies: string[] = []): KTJobInput => ({
    type: 'static',
    name,
    dependencies,
    tasks: [{ function: 'work', args: { x: { $ref: `${source}#/0` } } }],
  });

  it('must be to dependencies, whether in the list or in the run', () => {
    expect(
      spawnFrom(run(), 'plan', [job('a'), using('b', 'a', ['a']), using('c', 'extract', ['extract'])]),
    ).toEqual([]);
    expect(spawnFrom(run(), 'plan', [job('a'), using('b', 'a'), using('c', 'extract')])).toEqual([
      'REF_WITHOUT_DEPENDENCY spawned[1].tasks[0].args.x: Step "b" uses the result of "a", which is not among its dependencies. Add "a" to its dependencies.',
      'REF_WITHOUT_DEPENDENCY spawned[2].tasks[0].args.x: Step "c" uses the result of "extract", which is not among its dependencies. Add "extract" to its dependencies.',
    ]);
  });

  it('must not be to parameters, nor as items to what does not exist', () => {
    expect(
      spawnFrom(run(), 'plan', [
        using('a', 'params'),
        { type: 'map', name: 'm', function: 'work', items: { $ref: 'nobody#' } },
      ]),
    ).toEqual([
      'BAD_REF spawned[0].tasks[0].args.x: Step "a" has a ref to parameters, which only the pipeline of a run has. Give the values to the function that spawns it.',
      'UNKNOWN_REF spawned[1].items: Step "m" uses the result of "nobody", which does not exist. Refs are written {"$ref": "STEP#/0"}.',
    ]);
  });

  it('that were data stay data: no step comes by their name', () => {
    const state = createRunState(
      mustParsePipeline({ name: 'p', jobs: [dynamic('plan'), using('early', 'child'), job('late')] }).jobs,
    );
    expect(spawnFrom(state, 'plan', [job('child')])).toEqual([
      'REF_WITHOUT_DEPENDENCY spawned[0].name: Step "early" has a ref to "child", but does not wait for it. Spawn what uses the result of "child" along with it, with the dependency.',
    ]);
  });
});
