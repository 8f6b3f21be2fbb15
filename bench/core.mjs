// The core against a bare Kahn walk of the same graph: 100,000 jobs, about two dependencies each.
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { apply, createRunState, decide, runStatus } from '../packages/runtime/dist/core/index.js';

const JOBS = 100_000;
const ROUNDS = 5;

/** Small deterministic generator (mulberry32), so that every run sees the same graph. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomJobs() {
  const random = generator(42);
  const names = Array.from({ length: JOBS }, (_, i) => `job-${i}`);
  return names.map((name, i) => {
    const wanted = Math.min(i, Math.floor(random() * 5));
    const dependencies = [...new Set(Array.from({ length: wanted }, () => names[Math.floor(random() * i)]))];
    return {
      type: 'static',
      name,
      memory: '1Gi',
      cpu: '500m',
      dependencies,
      function: null,
      args: {},
      tasks: [{ function: 'work', args: {} }],
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
  });
}

/** A full run: every job is handed out by `decide`, then submitted and succeeded by facts. */
function runCore(jobs) {
  const state = createRunState(jobs);
  const work = decide(state);
  let done = 0;
  for (const action of work) {
    if (action.type === 'finish') break;
    apply(state, { type: 'JobSubmitted', job: action.job.name });
    apply(state, { type: 'JobSucceeded', job: action.job.name });
    done++;
    for (const next of decide(state)) work.push(next);
  }
  if (done !== jobs.length || runStatus(state) !== 'Completed')
    throw new Error(`The run ended ${runStatus(state)} after ${done} jobs.`);
}

/** Kahn's walk as one would write it: names to indexes once, then adjacency lists, in-degrees and a queue. */
function runKahn(jobs) {
  const index = new Map();
  for (let i = 0; i < jobs.length; i++) index.set(jobs[i].name, i);
  const dependents = jobs.map(() => []);
  const open = new Int32Array(jobs.length);
  const queue = [];
  for (let i = 0; i < jobs.length; i++) {
    const { dependencies } = jobs[i];
    open[i] = dependencies.length;
    if (dependencies.length === 0) queue.push(i);
    for (const name of dependencies) dependents[index.get(name)].push(i);
  }
  for (let at = 0; at < queue.length; at++) {
    for (const next of dependents[queue[at]]) if (--open[next] === 0) queue.push(next);
  }
  if (queue.length !== jobs.length) throw new Error('The graph has a cycle.');
}

function timeMs(run, jobs) {
  const startMs = performance.now();
  run(jobs);
  return performance.now() - startMs;
}

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Rows of {name, medianMs, baselineMs, ratio}; one warm-up, then alternating rounds. */
export async function benchCore() {
  const jobs = randomJobs();
  timeMs(runKahn, jobs);
  timeMs(runCore, jobs);
  const core = [];
  const kahn = [];
  for (let i = 0; i < ROUNDS; i++) {
    kahn.push(timeMs(runKahn, jobs));
    core.push(timeMs(runCore, jobs));
  }
  const medianMs = median(core);
  const baselineMs = median(kahn);
  return [
    {
      name: `core: full run of facts, ${JOBS} jobs, against a bare Kahn walk`,
      medianMs,
      baselineMs,
      ratio: medianMs / baselineMs,
      goal: 2,
    },
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.table(await benchCore());
