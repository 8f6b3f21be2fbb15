/** 10,000 trivial items through a whole run in memory, beside the same calls under p-limit. */
import pLimit from 'p-limit';
import { ktFunction, pipeline, each } from '@kube-transform/sdk';
import { memoryFileStore, runPipeline } from '@kube-transform/runtime';
import { compare } from './compare.mjs';

const ITEMS = 10_000;
const CONCURRENCY = 16;
const twice = ktFunction(async ({ n }) => n * 2);
const numbers = Array.from({ length: ITEMS }, (_, n) => n);
const items = pipeline('bench').map('twice', twice, () => each(numbers, n => ({ n })));

async function ours() {
  const run = await runPipeline(items, { store: memoryFileStore(), concurrency: CONCURRENCY });
  if (run.status !== 'Completed') throw new Error(run.status);
}

async function bare() {
  const limit = pLimit(CONCURRENCY);
  const results = await Promise.all(numbers.map(n => limit(() => twice({ n }))));
  if (results.length !== ITEMS) throw new Error('lost items');
}

export async function benchInProcess() {
  return [
    await compare({ name: '10,000 trivial items in-process / p-limit', goal: 1.5, ours, bare, runs: 9 }),
  ];
}
