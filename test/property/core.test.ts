/*
 * The core against an oracle that knows nothing of it: after every fact the oracle works out each status anew, by sweeping the
 * truth table over the whole graph until nothing changes. Random pipelines, outcomes, spawns, orders, repeats and cancellations.
 */
import type { JobStatus, KTJob } from '@kube-transform/sdk';
import fc from 'fast-check';
import { describe, it } from 'vitest';
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
} from '../../packages/runtime/src/core/index.js';

// ── The oracle ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface OracleJob {
  deps: readonly string[];
  parent: string | null;
  own: 'waiting' | 'submitted' | 'succeeded' | 'failed';
  cause?: string;
}
type Oracle = Map<string, OracleJob>;
type Statuses = Map<string, JobStatus>;

const TERMINAL = ['Completed', 'Failed', 'DescendantFailed', 'SkippedDueToUpstreamFailure'];
const BAD = ['Failed', 'DescendantFailed', 'SkippedDueToUpstreamFailure'];

function oracleStatuses(jobs: Oracle): Statuses {
  const found: Statuses = new Map();
  const isBad = (name: string): boolean => BAD.includes(found.get(name) ?? '');
  const row = (name: string, job: OracleJob): JobStatus => {
    if (job.own === 'failed') return 'Failed';
    if (job.own === 'submitted') return 'Running';
    if (job.own === 'waiting') return job.deps.some(isBad) ? 'SkippedDueToUpstreamFailure' : 'Pending';
    const children = [...jobs].filter(([, other]) => other.parent === name).map(([child]) => child);
    if (children.some(isBad)) return 'DescendantFailed';
    return children.every(child => found.get(child) === 'Completed') ? 'Completed' : 'AwaitingDescendants';
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const [name, job] of jobs) {
      const status = row(name, job);
      if (found.get(name) !== status) changed = true;
      found.set(name, status);
    }
  }
  return found;
}

const isReady = (job: OracleJob, statuses: Statuses): boolean => job.own === 'waiting' && job.deps.every(dep => statuses.get(dep) === 'Completed');

function oracleAccepts(jobs: Oracle, parent: string, spawned: readonly KTJob[]): boolean {
  const all: Oracle = new Map(jobs);
  for (const job of spawned) {
    if (all.has(job.name)) return false;
    all.set(job.name, { deps: job.dependencies, parent, own: 'waiting' });
  }
  if (spawned.some(job => job.dependencies.some(dep => !all.has(dep)))) return false;
  // Take away, again and again, what waits on nothing that is left; a circle stays.
  const waitsOn = (name: string, job: OracleJob): string[] => [
    ...job.deps,
    ...[...all].flatMap(([child, other]) => (other.parent === name ? [child] : [])),
  ];
  const left = new Map([...all].map(([name, job]) => [name, waitsOn(name, job)]));
  for (let took = true; took;) {
    took = false;
    for (const [name, needs] of left) if (!needs.some(need => left.has(need))) took = left.delete(name);
  }
  return left.size === 0;
}

function oracleApply(jobs: Oracle, statuses: Statuses, fact: Fact): void {
  if (fact.type === 'RunCancelled') {
    for (const [name, job] of jobs) {
      if (job.own === 'succeeded' || TERMINAL.includes(statuses.get(name) ?? '')) continue;
      job.own = 'failed';
      job.cause = 'Cancelled';
    }
    return;
  }
  const job = jobs.get(fact.job);
  if (job === undefined || !(job.own === 'submitted' || isReady(job, statuses))) return;
  if (fact.type === 'JobSubmitted') job.own = 'submitted';
  else if (fact.type === 'JobFailed') [job.own, job.cause] = ['failed', fact.cause.kind];
  else if (!oracleAccepts(jobs, fact.job, fact.spawned ?? [])) [job.own, job.cause] = ['failed', 'InvalidSpawn'];
  else {
    job.own = 'succeeded';
    for (const child of fact.spawned ?? []) jobs.set(child.name, { deps: child.dependencies, parent: fact.job, own: 'waiting' });
  }
}

// ── Random pipelines ────────────────────────────────────────────────────────────────────────────────────────────────

interface Sketch {
  deps: number;
  outside: number;
  /** 0–2 fails, 3–4 has nothing to run, else succeeds. */
  outcome: number;
  /** Which way its spawn is broken; not at all from 8 on. */
  broken: number;
  children: Sketch[];
}

const sketch = (depth: number): fc.Arbitrary<Sketch> =>
  fc.record({
    deps: fc.nat(255),
    outside: fc.nat(1023),
    outcome: fc.nat(15),
    broken: fc.nat(depth === 0 ? 0 : 40),
    children:
      depth === 0
        ? fc.constant([])
        : fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(sketch(depth - 1), { minLength: 1, maxLength: 3 }) }),
  });
const sketches = fc.array(sketch(2), { minLength: 1, maxLength: 7 });

interface Plan {
  roots: KTJob[];
  /** What each job's success spawns. */
  spawns: Map<string, KTJob[]>;
  fails: Set<string>;
}

function makeJob(name: string, dependencies: string[], sketched: Sketch): KTJob {
  const dynamic = sketched.children.length > 0;
  const work = dynamic || sketched.outcome < 3 || sketched.outcome > 4;
  return {
    type: dynamic ? 'dynamic' : 'static',
    name,
    memory: '1Gi',
    cpu: '500m',
    dependencies,
    function: dynamic ? 'spawn' : null,
    args: {},
    tasks: dynamic ? [] : [{ function: work ? 'work' : null, args: {} }],
    items: null,
    retries: 0,
    backoff: { initial: '1s', factor: 2, max: '1m' },
    timeout: null,
    itemsPerPod: null,
    concurrency: null,
    parallelism: null,
    maxFailed: 0,
    failFast: false,
    cache: false,
    outputs: [],
    env: {},
    labels: {},
    gpu: 0,
    kubernetes: {},
  };
}

const picked = (names: readonly string[], mask: number): string[] =>
  names.filter((_, i) => ((mask >> (i % 10)) & 1) === 1 && ((mask >> ((i + 3) % 10)) & 1) === 0);

/** Jobs depend only on earlier siblings and on those of their ancestors, and the broken spawns are broken in every order. */
function orderlyPlan(list: readonly Sketch[]): Plan {
  const plan: Plan = { roots: [], spawns: new Map(), fails: new Set() };
  const build = (siblings: readonly Sketch[], above: { name: string; root: string }[], visible: readonly string[]): KTJob[] => {
    const jobs: KTJob[] = [];
    siblings.forEach((sketched, i) => {
      const name = above.length === 0 ? `r${i}` : `${above.at(-1)?.name ?? ''}.${i}`;
      const earlier = jobs.map(job => job.name);
      const job = makeJob(name, [...picked(earlier, sketched.deps), ...picked(visible, sketched.outside)], sketched);
      jobs.push(job);
      if (sketched.outcome < 3) plan.fails.add(name);
      if (sketched.children.length === 0) return;
      // What a dependency spawned is there when this job runs.
      const done = job.dependencies.flatMap(dep => (earlier.includes(dep) ? (plan.spawns.get(dep)?.map(child => child.name) ?? []) : []));
      const root = above[0]?.root ?? name;
      const children = build(sketched.children, [...above, { name, root }], [...visible, ...earlier, ...done]);
      const first = children[0] ?? job;
      const last = children.at(-1) ?? job;
      if (sketched.broken === 0) first.dependencies.push(name);
      if (sketched.broken === 1) last.dependencies.push(root);
      if (sketched.broken === 2) last.name = root;
      if (sketched.broken === 3) first.dependencies.unshift('nobody');
      if (sketched.broken === 4) children.push({ ...first });
      if (sketched.broken === 5) first.dependencies.push(last.name);
      if (sketched.broken === 5) last.dependencies.push(first.name);
      if (sketched.broken === 6) last.dependencies.push(above.at(-1)?.name ?? name);
      if (sketched.broken === 7) first.dependencies.push(first.name);
      plan.spawns.set(name, sketched.deps % 2 === 0 ? children : children.reverse());
    });
    return jobs;
  };
  plan.roots = build(list, [], []);
  if ((list[0]?.outside ?? 0) % 2 === 1) plan.roots.reverse();
  return plan;
}

/** Spawned jobs take names from a small pool and depend on anything of it: whether a spawn joins depends on what came before. */
function wildPlan(list: readonly Sketch[]): Plan {
  const pool = [...list.keys()].map(i => `r${i}`).concat(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  const plan: Plan = { roots: [], spawns: new Map(), fails: new Set() };
  list.forEach((sketched, i) => {
    const job = makeJob(
      `r${i}`,
      picked(
        plan.roots.map(root => root.name),
        sketched.deps,
      ),
      sketched,
    );
    plan.roots.push(job);
    if (sketched.outcome < 3) plan.fails.add(job.name);
    const pending = [{ parent: job.name, children: sketched.children }];
    for (const { parent, children } of pending) {
      if (children.length === 0) continue;
      const jobs = children.map(child =>
        makeJob(pool[list.length + (child.deps % 8)] ?? 'a', child.outside % 3 === 0 ? [] : [pool[child.outside % pool.length] ?? 'a'], child),
      );
      plan.spawns.set(parent, jobs);
      children.forEach((child, k) => pending.push({ parent: jobs[k]?.name ?? '', children: child.children }));
    }
  });
  return plan;
}

// ── One run, checked at every fact ──────────────────────────────────────────────────────────────────────────────────

function check(holds: boolean, what: string, detail?: unknown): void {
  if (!holds) throw new Error(`${what}${detail === undefined ? '' : ` ${JSON.stringify(detail)}`}`);
}

function chance(seed: number): (n: number) => number {
  let x = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return n => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

const snapshot = (state: ReturnType<typeof createRunState>): string =>
  JSON.stringify([...jobStates(state)].map(({ job, parent, own, status }) => [job.name, parent, own, status]));

/** Runs a plan to its end in one order of events and returns the last statuses. */
function drive(plan: Plan, order: { seed: number; cancelAfter: number }): string {
  const pick = chance(order.seed);
  const state = createRunState(plan.roots);
  const oracle: Oracle = new Map(plan.roots.map(job => [job.name, { deps: job.dependencies, parent: null, own: 'waiting' as const }]));
  let statuses = oracleStatuses(oracle);
  const facts: Fact[] = [];
  /** Facts that were true when told; a misdirected one must not be told again once its job can run. */
  const genuine: Fact[] = [];
  const handedOut = new Set<string>();
  const flight: { name: string; step: 'handed' | 'running' | 'idle' }[] = [];

  const tell = (fact: Fact): void => {
    facts.push(fact);
    const transitions = apply(state, fact);
    oracleApply(oracle, statuses, fact);
    const before = statuses;
    statuses = oracleStatuses(oracle);
    const tally = new Map<JobStatus, number>();
    for (const [name, status] of statuses) {
      const was = before.get(name);
      const seen = jobState(state, name);
      tally.set(status, (tally.get(status) ?? 0) + 1);
      check(seen?.status === status, 'status differs from the oracle', { name, status, seen: seen?.status, facts });
      check(was === undefined || was === status || !TERMINAL.includes(was), 'a terminal status changed', { name, was, status });
      const own = seen?.own;
      check(own?.state === oracle.get(name)?.own && (own?.state !== 'failed' || own.cause.kind === oracle.get(name)?.cause), 'own differs', {
        name,
        own,
        facts,
      });
      const told = transitions.filter(transition => transition.job === name);
      const due = was !== status;
      check(told.length === (due ? 1 : 0) && (!due || (told[0]?.from === (was ?? null) && told[0]?.to === status)), 'transitions differ', {
        name,
        was,
        status,
        told,
      });
    }
    check([...jobStates(state)].length === statuses.size, 'the number of jobs differs');
    for (const [status, count] of Object.entries(statusCounts(state)))
      check(count === (tally.get(status as JobStatus) ?? 0), 'counts differ', { status, count });
    check(isDone(state) === [...statuses.values()].every(status => TERMINAL.includes(status)), 'isDone differs', facts);
  };

  const end = (job: { name: string; step: string }): Fact => {
    if (job.step !== 'idle' && plan.fails.has(job.name))
      return { type: 'JobFailed', job: job.name, cause: { kind: 'Threw', message: 'no', name: 'Error' } };
    const spawned = job.step === 'idle' ? undefined : plan.spawns.get(job.name);
    return spawned === undefined ? { type: 'JobSucceeded', job: job.name } : { type: 'JobSucceeded', job: job.name, spawned };
  };

  for (let step = 0; ; step++) {
    const actions = decide(state);
    for (const action of actions) {
      if (action.type === 'finish') continue;
      const name = action.type === 'submit' ? action.job.name : action.job;
      check(!handedOut.has(name), 'handed out twice', name);
      handedOut.add(name);
      flight.push({ name, step: action.type === 'submit' ? 'handed' : 'idle' });
    }
    for (const [name, job] of oracle) check(!isReady(job, statuses) || handedOut.has(name), 'ready, but not handed out', { name, facts });
    check(actions.some(action => action.type === 'finish') === isDone(state), 'finish when done, and only then');
    if (step === order.cancelAfter) tell({ type: 'RunCancelled', reason: 'asked' });
    if (pick(4) === 0 && genuine.length > 0) tell(genuine[pick(genuine.length)] ?? { type: 'JobSubmitted', job: 'stranger' });
    if (pick(16) === 0) {
      // A late or misdirected fact: of no effect wherever the job cannot run.
      const name = [...oracle.keys(), 'stranger'][pick(oracle.size + 1)] ?? '';
      const job = oracle.get(name);
      if (job === undefined || (job.own !== 'submitted' && !isReady(job, statuses))) tell(end({ name, step: pick(2) === 0 ? 'idle' : 'running' }));
    }
    if (flight.length === 0) break;
    const at = pick(flight.length);
    const job = flight[at];
    if (job === undefined) continue;
    const submitted = job.step === 'handed' && pick(4) > 0;
    const fact: Fact = submitted ? { type: 'JobSubmitted', job: job.name } : end(job);
    if (submitted) job.step = 'running';
    else flight.splice(at, 1);
    genuine.push(fact);
    tell(fact);
  }

  check(isDone(state) && unfinished(state).length === 0, 'the run does not end', { statuses: [...statuses], facts });
  const last = [...statuses.values()];
  const wasCancelled = [...oracle.values()].some(job => job.cause === 'Cancelled');
  check(
    runStatus(state) === (wasCancelled ? 'Cancelled' : last.some(status => BAD.includes(status)) ? 'Failed' : 'Completed'),
    'runStatus differs',
    runStatus(state),
  );
  const again = createRunState(plan.roots);
  const twice = createRunState(plan.roots);
  for (const fact of facts) {
    apply(again, fact);
    apply(twice, fact);
    check(apply(twice, fact).length === 0, 'a repeated fact changed something', fact);
  }
  check(snapshot(again) === snapshot(state), 'folding the facts again gives another state');
  check(snapshot(twice) === snapshot(state), 'folding each fact twice gives another state');
  return JSON.stringify([...statuses].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const orders = fc.tuple(fc.nat(), fc.nat(), fc.nat());
const NEVER = -1;

describe('the core, against an oracle', () => {
  it.each([1, 2])('agrees at every fact and ends in the same statuses in every order (%i)', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(sketches, orders, (list, seeds) => {
        const ends = seeds.map(seed => drive(orderlyPlan(list), { seed, cancelAfter: NEVER }));
        check(new Set(ends).size === 1, 'orders end differently', ends);
      }),
      { numRuns: 6_000 },
    );
  });

  it('agrees at every fact where the order decides which spawns can join', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(sketches, orders, (list, seeds) => {
        for (const seed of seeds) drive(wildPlan(list), { seed, cancelAfter: NEVER });
      }),
      { numRuns: 8_000 },
    );
  });

  it('agrees at every fact when the run is cancelled somewhere on the way', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(sketches, orders, fc.nat(25), fc.boolean(), (list, seeds, cancelAfter, wild) => {
        for (const seed of seeds) drive(wild ? wildPlan(list) : orderlyPlan(list), { seed, cancelAfter });
      }),
      { numRuns: 6_000 },
    );
  });
});
