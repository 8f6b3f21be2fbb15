/**
 * Breaks runs on a cluster at random moments: each must end Completed with the same results, no item lost,
 * none with two results.
 *
 * Usage: node test/chaos/chaos.mjs [times=20] [seed] [part of a fault's name] [folder | bucket]
 */
import { followRun, submitRun } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import {
  newRun,
  readLog,
  readOutcomes,
  readResults,
  RESULT_LINE,
  resultsPrefix,
  systemClock,
} from '@kube-transform/runtime/internal';
import { paths } from '@kube-transform/runtime/kubernetes';
import { openPlace } from '../e2e/open-place.mjs';
import { BUCKET_FAULTS, inBucket } from './bucket.mjs';
import { FAULTS, FREE, FULL, mountSmall, SHARED } from './faults.mjs';

const times = Number(process.argv[2] ?? 20);
let seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const only = process.argv[4] ?? '';
const isBucket = process.argv[5] === 'bucket';
console.log(`${times} times each, seed ${seed}, in a ${isBucket ? 'bucket' : 'folder'}`);
const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
const EXPECTED = Array.from({ length: 100 }, (_, n) => n * n).reduce((a, b) => a + b, 0);
const PATIENCE_MS = 180_000;
const TOGETHER = 4;
const AT_ONCE = 2;

const opened = await openPlace('kt-chaos', 'test/chaos/steps.ts', { retryForMs: 120_000 });
if (opened === null) {
  console.error('There is no cluster: set KT_E2E_KUBECONFIG, and KT_E2E_IMAGE to an image with Node.');
  process.exit(2);
}
const { namespace, api, dir, bundle } = opened;
const bucket = isBucket ? await inBucket(opened) : undefined;
const { settings } = bucket ?? opened;
let { store } = bucket ?? opened;
const { default: pipeline } = await (await import(bundle.catalog)).modules[bundle.entries[0]]();
const place = { api, namespace, random, dir };

const PODS = [{ itemsPerPod: null, reuse: 'run' }, { itemsPerPod: null }, {}];
let runs = 0;
/**
 * The document of a run; its pods have some items each in one, take what is left in the next, and do so for
 * all its steps in the third.
 */
async function document(isFree) {
  const { jobs, ...rest } = (await newRun({ pipeline, clock: systemClock })).pipeline;
  const own = PODS[runs++ % PODS.length];
  return { ...rest, jobs: jobs.map(job => ({ ...job, ...own, ...(isFree ? { retries: 0 } : {}) })) };
}

/** Runs the pipeline, with a fault after some time; how it went. */
async function once(fault, delayMs, isFree = false) {
  const record = await newRun({
    pipeline: await document(isFree),
    clock: systemClock,
    source: { pipeline: null, functions: [], digest: bundle.digest },
  });
  const { runId } = record;
  const began = performance.now();
  await submitRun(api, { record, bundle, settings });
  const tooLong = AbortSignal.timeout(PATIENCE_MS);
  const following = followRun(api, runId, {
    sink: { publish: () => undefined },
    note: () => undefined,
    signal: tooLong,
  });
  let hit = false;
  if (fault !== undefined) {
    await systemClock.sleep(delayMs);
    hit = await fault(place, runId);
  }
  const summary = await following;
  const tookMs = performance.now() - began;
  return { ...(await check(runId, summary)), hit, tookMs, runId };
}

async function check(runId, summary) {
  const outcomes = await readOutcomes(store, runId, 'work');
  const results = await readResults(store, runId, 'work');
  const [sum] = await readResults(store, runId, 'sum');
  const lost = Array.from({ length: 100 }, (_, n) => results[n]).filter((value, n) => value !== n * n).length;
  const successes = new Map();
  for await (const line of readLog(store, resultsPrefix(runId, 'work'), RESULT_LINE))
    if (line.r !== undefined) successes.set(line.i, (successes.get(line.i) ?? 0) + 1);
  const repeated = [...successes.values()].filter(n => n > 1).length;
  const attempts = [...outcomes.values()].reduce(
    (total, outcome) => total + Math.max(0, outcome.attempts - 1) + (outcome.interruptions ?? 0),
    0,
  );
  return {
    completed: summary?.status === 'Completed',
    wrong: sum === EXPECTED ? 0 : 1,
    lost,
    repeated,
    attempts,
  };
}

/** What the cluster still holds of a run: for the reader of a failure. */
async function state(runId) {
  const labelSelector = `kt.dev/run=${runId}`;
  const [jobs, pods] = await Promise.all(
    [paths.jobs(namespace), paths.pods(namespace)].map(path => api.list(path, { labelSelector })),
  );
  return [...jobs.items, ...pods.items]
    .map(({ metadata: { name, deletionTimestamp }, status }) =>
      JSON.stringify({ name, deletionTimestamp, status }),
    )
    .join('\n');
}

const quiet = await once(undefined, 0);
console.log(
  `undisturbed: ${(quiet.tookMs / 1000).toFixed(1)} s, ${quiet.completed ? 'completed' : 'NOT completed'}`,
);
const table = {};
let bad = quiet.completed ? 0 : 1;
const faults = isBucket ? { ...FAULTS, ...BUCKET_FAULTS } : FAULTS;
const chosen = Object.entries(faults).filter(
  ([name]) => quiet.completed && name.includes(only) && !(isBucket && name === FULL),
);
for (const [name, fault] of chosen) {
  const row = {
    hits: 0,
    misses: 0,
    notCompleted: 0,
    wrongResult: 0,
    lost: 0,
    doneTwice: 0,
    begunAgain: 0,
    medianS: 0,
  };
  const took = [];
  const moment = () => (0.1 + 0.8 * random()) * quiet.tookMs;
  const isFree = FREE.includes(name);
  const isShared = SHARED.includes(name) || name in BUCKET_FAULTS;
  const several = Math.min(isShared ? TOGETHER : AT_ONCE, times);
  /** What hits everything is done once to several runs, each at another moment of its own. */
  const round = () => {
    if (!isShared) return Promise.all(Array.from({ length: several }, () => once(fault, moment(), isFree)));
    const delays = Array.from({ length: several }, moment);
    const last = Math.max(...delays);
    let done;
    const shared = (...of) => (done ??= fault(...of));
    return Promise.all(
      delays.map(delayMs => systemClock.sleep(last - delayMs).then(() => once(shared, delayMs, isFree))),
    );
  };
  const pending = [];
  const small = name === FULL ? await mountSmall(dir) : undefined;
  place.dir = small?.seenAt ?? dir;
  if (bucket === undefined) store = localFileStore(place.dir);
  while (row.hits < times && row.misses < 2 * times) {
    if (pending.length === 0) pending.push(...(await round()));
    const run = pending.shift();
    if (run.hit) row.hits++;
    else row.misses++;
    if (!run.completed) row.notCompleted++;
    row.wrongResult += run.wrong;
    row.lost += run.lost;
    row.doneTwice += run.repeated;
    row.begunAgain += run.attempts;
    took.push(run.tookMs / 1000);
    if (!run.completed || run.wrong > 0 || run.lost > 0)
      console.log(`${name}: run ${run.runId} went wrong: ${JSON.stringify(run)}\n${await state(run.runId)}`);
  }
  await small?.unmount();
  row.medianS = Number(took.sort((a, b) => a - b)[Math.floor(took.length / 2)].toFixed(1));
  if (row.hits < times) console.log(`${name}: only ${row.hits} of ${times} hit anything`);
  bad += row.notCompleted + row.wrongResult + row.lost;
  table[name] = row;
  console.log(`${name}: ${JSON.stringify(row)}`);
}
console.table(table);
await opened.close();
console.log(bad === 0 ? 'every run completed with the same results' : `${bad} runs or items went wrong`);
process.exit(bad === 0 ? 0 : 1);
