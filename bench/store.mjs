/** What appending costs as a file grows, and what it costs to have a run on the disk before it goes on. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import { localFileStore, memoryFileStore, runPipeline } from '@kube-transform/runtime';
import { compare } from './compare.mjs';

const LINES = 300;
const LINE = new TextEncoder().encode(`${'x'.repeat(79)}\n`);
const ITEMS = 10_000;
const twice = ktFunction(async ({ n }) => n * 2);
const numbers = Array.from({ length: ITEMS }, (_, n) => n);
const items = pipeline('bench').map('twice', twice, () => each(numbers, n => ({ n })));

async function appends(store, key) {
  for (let i = 0; i < LINES; i++) await store.append(key, LINE);
}

/** A store of its own for each run, so that none finds the folders of another. */
async function run(folder, durability) {
  const root = await mkdtemp(join(folder, 'run-'));
  const { status } = await runPipeline(items, {
    store: localFileStore(root, { durability }),
    concurrency: 16,
  });
  if (status !== 'Completed') throw new Error(status);
}

async function puts(store) {
  await Promise.all(numbers.slice(0, 500).map(n => store.put(`puts/${n}`, LINE)));
}

export async function benchStore() {
  const folder = await mkdtemp(join(tmpdir(), 'kt-bench-store-'));
  try {
    const file = localFileStore(join(folder, 'file'));
    const memory = memoryFileStore();
    for (const store of [file, memory]) {
      await store.put('small', LINE);
      await store.put('large', new Uint8Array(20_000_000));
    }
    const growth = (kind, store) =>
      compare({
        name: `${LINES} lines appended to 20 MB ${kind} / to a small file`,
        goal: 1.5,
        ours: () => appends(store, 'large'),
        bare: () => appends(store, 'small'),
        runs: 5,
      });
    const disk = localFileStore(join(folder, 'disk'), { durability: 'disk' });
    return [
      await growth('on disk', file),
      await growth('in memory', memory),
      await compare({
        name: `${LINES} lines appended, each on its own / fs.appendFile`,
        ours: () => appends(file, 'small'),
        bare: async () => {
          for (let i = 0; i < LINES; i++) await appendFile(join(folder, 'bare'), LINE);
        },
        note: 'ours: safe from others and from kill -9',
      }),
      await compare({
        name: '500 puts at once, durable / not',
        ours: () => puts(disk),
        bare: () => puts(file),
        runs: 5,
      }),
      await compare({
        name: '10,000 trivial items on disk, runs durable / not',
        goal: 1.05,
        ours: () => run(folder, undefined),
        bare: () => run(folder, 'process'),
        runs: 9,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}
