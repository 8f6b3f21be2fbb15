/**
 * From the start of a worker's process to the user's first line, beside a `node` of the same heap flag that
 * says one word, as a raw Job would: the process of a pod, and one that the process pool forks. And the size
 * of the bundle. With KT_BENCH_STORE, the URL of a folder in a bucket, also a pod whose store that is.
 */
import { fork, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '@kube-transform/cli';
import { mustParsePipeline } from '@kube-transform/sdk';
import { localFileStore, openStore } from '@kube-transform/runtime';
import { drive, newRun, systemClock, WorkerProcess, writeRecord } from '@kube-transform/runtime/internal';
import { scriptedExecutor } from '@kube-transform/runtime/testing';
import { withDrivers } from '../packages/cli/dist/bundle/with-drivers.js';
import { compare } from './compare.mjs';

/** Certificates of this machine cost each Node process time that is nobody's. */
delete process.env.NODE_EXTRA_CA_CERTS;
const bareEnv = process.env;
const HEAP = ['--max-old-space-size=1126'];
const root = fileURLToPath(new URL('..', import.meta.url));

/** Forks a file that says one word to its parent, and waits for it. */
function forked(file) {
  return new Promise((resolve, reject) => {
    const child = fork(file, [], {
      execArgv: HEAP,
      env: bareEnv,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', () => {
      child.kill('SIGKILL');
      resolve();
    });
    child.once('error', reject);
  });
}

/** Begins a worker of a pool, gives it a pod, and waits until an item has begun. */
async function began(entry, { storeUrl, order }) {
  const [job] = mustParsePipeline({
    name: 'p',
    jobs: [{ type: 'dynamic', name: 'j', function: 'm.f' }],
  }).jobs;
  const options = { entry, storeUrl, memory: '1126Mi', env: {}, clock: systemClock };
  const worker = new WorkerProcess({
    ...options,
    guard: { watch: () => undefined, forget: () => undefined },
  });
  await new Promise(resolve => {
    void worker.run(order, { runId: order.runId, pipeline: 'p', job, items: 1, itemsPerPod: 1 }, event => {
      if (event.type === 'ItemStarted') resolve();
    });
  });
  void worker.close(0);
}

/** Starts a file as a container is started, and waits for its first words. */
function said(file, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...HEAP, file], {
      env: { ...bareEnv, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', data => {
      child.kill('SIGKILL');
      if (/"level":"error"/.test(data)) reject(new Error(`${file} said: ${data}`));
      else resolve();
    });
    child
      .once('error', reject)
      .once('exit', code => reject(new Error(`${file} ended with ${code} and said nothing`)));
  });
}

/** Stores a run whose one job is ready for a worker to take. */
async function prepared(store, name) {
  const record = await newRun({
    pipeline: { name, jobs: [{ type: 'map', name: 'j', function: `${name}.first`, items: [0], args: {} }] },
    clock: systemClock,
  });
  await writeRecord(store, record);
  const stop = new AbortController();
  const executor = scriptedExecutor(() => (stop.abort(), []));
  await drive({
    store,
    record,
    executor,
    clock: systemClock,
    sink: { publish: () => undefined },
    resumed: false,
    drain: stop.signal,
    stop: stop.signal,
    cancel: new AbortController().signal,
  });
  return { url: store.capabilities.url, order: { runId: record.runId, job: 'j', pod: 0, crashed: [] } };
}

const [RUNS, WARM_UP] = [15, 2];
const NAMES = { plain: 'plain function', checked: 'with a zod schema' };
const kib = files => (Object.values(files).reduce((a, b) => a + b, 0) / 1024).toFixed(0);

export async function benchColdStart() {
  const dir = await mkdtemp(join(tmpdir(), 'kt-cold-'));
  const folder = localFileStore(dir);
  const bucketUrl = process.env.KT_BENCH_STORE;
  const bucket = bucketUrl === undefined ? null : await openStore(bucketUrl);
  const rows = [];
  const stored = [];
  try {
    const bare = join(dir, 'bare.mjs');
    await writeFile(bare, 'process.send ? process.send("hello") : console.log("hello");\n');
    for (const name of ['plain', 'checked']) {
      const made = await makeBundle({
        entries: [join(root, `bench/functions/${name}.ts`)],
        projectDir: root,
      });
      const places = [
        { kind: 'pod', store: folder, bundle: made },
        { kind: 'pool', store: folder, bundle: made },
        ...(bucket === null || name !== 'plain'
          ? []
          : [{ kind: 'pod', store: bucket, bundle: await withDrivers(made, bucketUrl) }]),
      ];
      for (const { kind, store, bundle } of places) {
        const { 'controller.mjs': controller, ...own } = bundle.files;
        const goal = store === folder ? ` (goal ≤ 293: ${kib(own) <= 293 ? 'met' : 'missed'})` : '';
        const size = `worker's bundle ${kib(own)} KiB${goal}, controller ${kib({ controller })} KiB`;
        const where = store === folder ? '' : ` on ${store.capabilities.kind}:`;
        // A bucket takes long for it, and not always alike.
        const ready = [];
        for (let n = 0; store === bucket && n < RUNS + WARM_UP; n++) ready.push(await prepared(store, name));
        stored.push(...ready.map(({ order }) => order.runId));
        const prepare = async () => (store === bucket ? undefined : await prepared(store, name));
        const row = await compare({
          name: `worker cold start, ${kind}${where}, ${NAMES[name]} / bare node`,
          runs: RUNS,
          warmUp: WARM_UP,
          ours: async () => starts[kind](bundle, (await prepare()) ?? ready.pop(), dir),
          bare: async () => {
            await prepare();
            await (kind === 'pod' ? said(bare) : forked(bare));
          },
        });
        const goalMs = name === 'plain' && store === folder ? { goalMs: row.baselineMs + 20 } : {};
        rows.push({
          ...row,
          ...goalMs,
          note: `${(row.medianMs - row.baselineMs).toFixed(1)} ms over bare node; ${size}`,
        });
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
    for (const runId of stored) await bucket?.deleteBelow(`kt-metadata/${runId}/`);
    await bucket?.[Symbol.asyncDispose]();
  }
  return rows;
}

const starts = {
  pod: ({ worker, digest }, { url, order }, dir) =>
    said(worker, {
      KT_STORE: url,
      KT_RUN: order.runId,
      KT_JOB: order.job,
      KT_WAVE: '1',
      KT_PODS: '0',
      KT_DIGEST: digest,
      KT_TERMINATION: join(dir, 'note'),
      JOB_COMPLETION_INDEX: '0',
    }),
  pool: ({ worker }, { url, order }) => began(worker, { storeUrl: url, order }),
};
