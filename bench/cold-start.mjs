/**
 * From the start of a worker's process to the user's first line, beside a `node` of the same heap flag that
 * says one word, as a raw Job would: the process of a pod, and one that the process pool forks. And the size
 * of the bundle.
 */
import { fork, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '@kube-transform/cli';
import { mustParsePipeline } from '@kube-transform/sdk';
import { localFileStore } from '@kube-transform/runtime';
import { drive, newRun, systemClock, WorkerProcess, writeRecord } from '@kube-transform/runtime/internal';
import { scriptedExecutor } from '@kube-transform/runtime/testing';
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
async function prepared(dir, name) {
  const store = localFileStore(dir);
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

const NAMES = { plain: 'plain function', checked: 'with a zod schema' };
const kib = files => (Object.values(files).reduce((a, b) => a + b, 0) / 1024).toFixed(0);

export async function benchColdStart() {
  const dir = await mkdtemp(join(tmpdir(), 'kt-cold-'));
  const rows = [];
  try {
    const bare = join(dir, 'bare.mjs');
    await writeFile(bare, 'process.send ? process.send("hello") : console.log("hello");\n');
    for (const name of ['plain', 'checked']) {
      const bundle = await makeBundle({
        entries: [join(root, `bench/functions/${name}.ts`)],
        projectDir: root,
      });
      const { 'controller.mjs': controller, ...own } = bundle.files;
      const size = `worker's bundle ${kib(own)} KiB (goal ≤ 293: ${kib(own) <= 293 ? 'met' : 'missed'}), controller ${kib({ controller })} KiB`;
      for (const kind of ['pod', 'pool']) {
        const row = await compare({
          name: `worker cold start, ${kind}, ${NAMES[name]} / bare node`,
          runs: 15,
          warmUp: 2,
          ours: async () => starts[kind](bundle, await prepared(dir, name), dir),
          bare: async () => {
            await prepared(dir, name);
            await (kind === 'pod' ? said(bare) : forked(bare));
          },
        });
        const goalMs = name === 'plain' ? { goalMs: row.baselineMs + 20 } : {};
        rows.push({
          ...row,
          ...goalMs,
          note: `${(row.medianMs - row.baselineMs).toFixed(1)} ms over bare node; ${size}`,
        });
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
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
