/** Random pipelines with failures, spawns and broken spawns, for the core's property tests. */
import type { KTJob } from '@kube-transform/sdk';
import fc from 'fast-check';

export interface Sketch {
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
        ? fc.constant<Sketch[]>([])
        : fc.oneof(
            { weight: 2, arbitrary: fc.constant<Sketch[]>([]) },
            { weight: 1, arbitrary: fc.array(sketch(depth - 1), { minLength: 1, maxLength: 3 }) },
          ),
  });
export const sketches = fc.array(sketch(2), { minLength: 1, maxLength: 7 });

export interface Plan {
  roots: KTJob[];
  /** What each job's success spawns. */
  spawns: Map<string, KTJob[]>;
  fails: Set<string>;
}

export function makeJob(name: string, dependencies: string[], sketched: Sketch): KTJob {
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
    container: null,
    inputs: [],
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
    placement: 'pod',
    reuse: 'step',
    kubernetes: {},
  };
}

export const picked = (names: readonly string[], mask: number): string[] =>
  names.filter((_, i) => ((mask >> (i % 10)) & 1) === 1 && ((mask >> ((i + 3) % 10)) & 1) === 0);

/**
 * Jobs depend only on earlier siblings and on those of their ancestors, and the broken spawns are broken in
 * every order.
 */
export function orderlyPlan(list: readonly Sketch[]): Plan {
  const plan: Plan = { roots: [], spawns: new Map(), fails: new Set() };
  const build = (
    siblings: readonly Sketch[],
    above: { name: string; root: string }[],
    visible: readonly string[],
  ): KTJob[] => {
    const jobs: KTJob[] = [];
    siblings.forEach((sketched, i) => {
      const name = above.length === 0 ? `r${i}` : `${above.at(-1)?.name ?? ''}.${i}`;
      const earlier = jobs.map(job => job.name);
      const job = makeJob(
        name,
        [...picked(earlier, sketched.deps), ...picked(visible, sketched.outside)],
        sketched,
      );
      jobs.push(job);
      if (sketched.outcome < 3) plan.fails.add(name);
      if (sketched.children.length === 0) return;
      // What a dependency spawned is there when this job runs.
      const done = job.dependencies.flatMap(dep =>
        earlier.includes(dep) ? (plan.spawns.get(dep)?.map(child => child.name) ?? []) : [],
      );
      const root = above[0]?.root ?? name;
      const children = build(
        sketched.children,
        [...above, { name, root }],
        [...visible, ...earlier, ...done],
      );
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

/**
 * Spawned jobs take names from a small pool and depend on anything of it: whether a spawn joins depends on
 * what came before.
 */
export function wildPlan(list: readonly Sketch[]): Plan {
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
        makeJob(
          pool[list.length + (child.deps % 8)] ?? 'a',
          child.outside % 3 === 0 ? [] : [pool[child.outside % pool.length] ?? 'a'],
          child,
        ),
      );
      plan.spawns.set(parent, jobs);
      children.forEach((child, k) => pending.push({ parent: jobs[k]?.name ?? '', children: child.children }));
    }
  });
  return plan;
}
