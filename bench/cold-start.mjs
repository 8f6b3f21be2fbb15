/** A worker process from fork to the user's first line, beside a bare `node` that says one word. And the bundle's size. */
import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBundle } from '@kube-transform/cli';
import { drive, localFileStore, newRun, systemClock, writeRecord } from '@kube-transform/runtime';
import { scriptedExecutor } from '@kube-transform/runtime/testing';
import { compare } from './compare.mjs';

/** Certificates of this machine cost each Node process time that is nobody's. */
const { NODE_EXTRA_CA_CERTS: _, ...bareEnv } = process.env;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Forks a file and waits for a message that satisfies `last`. */
function forked(file, { send, last, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = fork(file, [], { env: { ...bareEnv, ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    if (send !== undefined) child.send(send);
    child.on('message', message => {
      if (!last(message)) return;
      child.kill('SIGKILL');
      resolve();
    });
    child.once('error', reject);
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
    onFacts: () => undefined,
  });
  return { url: store.capabilities.url, order: { runId: record.runId, job: 'j', pod: 0, crashed: [] } };
}

export async function benchColdStart() {
  const dir = await mkdtemp(join(tmpdir(), 'kt-cold-'));
  const rows = [];
  try {
    const bare = join(dir, 'bare.mjs');
    await writeFile(bare, 'process.send("hello");\n');
    for (const name of ['plain', 'checked']) {
      const { worker, files } = await makeBundle({ entries: [join(root, `bench/functions/${name}.ts`)], projectDir: root });
      const { url } = await prepared(dir, name);
      const row = await compare({
        name: `worker cold start, ${name === 'plain' ? 'plain function' : 'with a zod schema'} / bare node`,
        runs: 15,
        warmUp: 2,
        ours: async () => {
          const { order } = await prepared(dir, name);
          await forked(worker, {
            env: { KT_WORKER_STORE: url },
            send: { type: 'pod', order, concurrency: 1 },
            last: m => m.type === 'events' && m.events[0].type === 'ItemStarted',
          });
        },
        bare: async () => {
          await prepared(dir, name);
          await forked(bare, { last: () => true });
        },
      });
      const kib = Object.values(files).reduce((a, b) => a + b, 0) / 1024;
      rows.push({
        ...row,
        goalMs: row.baselineMs + 20,
        note: `${(row.medianMs - row.baselineMs).toFixed(1)} ms over bare node; bundle ${kib.toFixed(0)} KiB`,
      });
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return rows;
}
