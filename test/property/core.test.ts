/*
 * The core against an oracle that knows nothing of it: after every fact the oracle works out each status
 * anew, by sweeping the truth table over the whole graph until nothing changes. Random pipelines, outcomes,
 * spawns, orders, repeats and cancellations.
 */
import type { JobStatus } from '@kube-transform/sdk';
import { BAD, isReady, type Oracle, oracleApply, oracleStatuses, TERMINAL } from './core-oracle.js';
import { orderlyPlan, type Plan, sketches, wildPlan } from './core-plans.js';
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

// ── One run, checked at every fact
// ──────────────────────────────────────────────────────────────────────────────────

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
  JSON.stringify(
    [...jobStates(state)].map(({ job, parent, own, status }) => [job.name, parent, own, status]),
  );

/** Runs a plan to its end in one order of events and returns the last statuses. */
function drive(plan: Plan, order: { seed: number; cancelAfter: number }): string {
  const pick = chance(order.seed);
  const state = createRunState(plan.roots);
  const oracle: Oracle = new Map(
    plan.roots.map(job => [job.name, { deps: job.dependencies, parent: null, own: 'waiting' as const }]),
  );
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
      check(seen?.status === status, 'status differs from the oracle', {
        name,
        status,
        seen: seen?.status,
        facts,
      });
      check(was === undefined || was === status || !TERMINAL.includes(was), 'a terminal status changed', {
        name,
        was,
        status,
      });
      const own = seen?.own;
      check(
        own?.state === oracle.get(name)?.own &&
          (own?.state !== 'failed' || own.cause.kind === oracle.get(name)!.cause),
        'own differs',
        {
          name,
          own,
          facts,
        },
      );
      const told = transitions.filter(transition => transition.job === name);
      const due = was !== status;
      check(
        told.length === (due ? 1 : 0) && (!due || (told[0]?.from === (was ?? null) && told[0].to === status)),
        'transitions differ',
        {
          name,
          was,
          status,
          told,
        },
      );
    }
    check([...jobStates(state)].length === statuses.size, 'the number of jobs differs');
    for (const [status, count] of Object.entries(statusCounts(state)))
      check(count === (tally.get(status as JobStatus) ?? 0), 'counts differ', { status, count });
    check(
      isDone(state) === [...statuses.values()].every(status => TERMINAL.includes(status)),
      'isDone differs',
      facts,
    );
  };

  const end = (job: { name: string; step: string }): Fact => {
    if (job.step !== 'idle' && plan.fails.has(job.name))
      return { type: 'JobFailed', job: job.name, cause: { kind: 'Threw', message: 'no', name: 'Error' } };
    const spawned = job.step === 'idle' ? undefined : plan.spawns.get(job.name);
    return spawned === undefined
      ? { type: 'JobSucceeded', job: job.name }
      : { type: 'JobSucceeded', job: job.name, spawned };
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
    for (const [name, job] of oracle)
      check(!isReady(job, statuses) || handedOut.has(name), 'ready, but not handed out', { name, facts });
    check(
      actions.some(action => action.type === 'finish') === isDone(state),
      'finish when done, and only then',
    );
    if (step === order.cancelAfter) tell({ type: 'RunCancelled', reason: 'asked' });
    if (pick(4) === 0 && genuine.length > 0)
      tell(genuine[pick(genuine.length)] ?? { type: 'JobSubmitted', job: 'stranger' });
    if (pick(16) === 0) {
      // A late or misdirected fact: of no effect wherever the job cannot run.
      const name = [...oracle.keys(), 'stranger'][pick(oracle.size + 1)] ?? '';
      const job = oracle.get(name);
      if (job === undefined || (job.own !== 'submitted' && !isReady(job, statuses)))
        tell(end({ name, step: pick(2) === 0 ? 'idle' : 'running' }));
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

  check(isDone(state) && unfinished(state).length === 0, 'the run does not end', {
    statuses: [...statuses],
    facts,
  });
  const last = [...statuses.values()];
  const wasCancelled = [...oracle.values()].some(job => job.cause === 'Cancelled');
  check(
    runStatus(state) ===
      (wasCancelled ? 'Cancelled' : last.some(status => BAD.includes(status)) ? 'Failed' : 'Completed'),
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
  it.each([1, 2])(
    'agrees at every fact and ends in the same statuses in every order (%i)',
    { timeout: 60_000 },
    () => {
      fc.assert(
        fc.property(sketches, orders, (list, seeds) => {
          const ends = seeds.map(seed => drive(orderlyPlan(list), { seed, cancelAfter: NEVER }));
          check(new Set(ends).size === 1, 'orders end differently', ends);
        }),
        { numRuns: 6_000 },
      );
    },
  );

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
