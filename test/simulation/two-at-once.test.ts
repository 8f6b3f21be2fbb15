/**
 * Two of what should be one, on a scripted cluster whose pods are processes: two controllers that give, two
 * pods with one thing to do. Nothing is lost, and nothing counts twice.
 */
import type { KTJobInput } from '@kube-transform/sdk';
import type { RunEvent } from '@kube-transform/runtime';
import { readLog, readResults, RESULT_LINE, resultsPrefix } from '@kube-transform/runtime/internal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scriptedKubeBench } from '../kit/kube-executor.js';
import { driven } from './driven.js';

let bench: Awaited<ReturnType<typeof scriptedKubeBench>>;
beforeEach(async () => {
  bench = await scriptedKubeBench();
});
afterEach(() => bench.close());

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const mapOf = (fn: string, items: number, more: Partial<KTJobInput>): KTJobInput => ({
  ...{ type: 'map', name: 'm', function: `calls.${fn}`, items: numbers(items), parallelism: 2 },
  ...{ args: { n: { $ref: 'item#' } }, ...more },
});
/** The results that are stored of a run, those that do not count among them, in the order of each log. */
async function stored(runId: string): Promise<{ i: number; r?: unknown }[]> {
  const lines: { i: number; r?: unknown }[] = [];
  for await (const line of readLog(bench.fresh, resultsPrefix(runId, 'm'), RESULT_LINE))
    if (line.r !== undefined) lines.push(line);
  return lines;
}

test.each(['step', 'run'] as const)(
  'a controller takes a run over while the one before still gives, with reuse: %s',
  async reuse => {
    const runId = `taken-${reuse}`;
    const jobs = [mapOf('square', 40, { reuse })];
    let second: ReturnType<typeof driven> | undefined;
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'ItemSucceeded') second ??= driven(bench, { runId, jobs });
    };
    await expect(driven(bench, { runId, jobs, onEvent })).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
    expect((await second)?.status).toBe('Completed');
    expect(await readResults(bench.store, runId, 'm')).toEqual(numbers(40).map(n => n * n));
    const items = (await stored(runId)).map(({ i }) => i);
    expect(items.sort((a, b) => a - b)).toEqual(numbers(40));
  },
);

test.each(['step', 'run'] as const)(
  'pods that were believed lost come back, with reuse: %s: what was stored first counts',
  async reuse => {
    const runId = `back-${reuse}`;
    const sum: KTJobInput = { type: 'static', name: 'sum', dependencies: ['m'] };
    const run = driven(bench, {
      runId,
      jobs: [
        mapOf('awaitsGo', 6, { reuse }),
        { ...sum, tasks: [{ function: 'calls.given', args: { all: { $ref: 'm#' } } }] },
      ],
    });
    const begun = async (): Promise<number> => {
      let count = 0;
      for await (const _ of bench.fresh.list('began/')) count++;
      return count;
    };
    await expect.poll(begun, { timeout: 20_000 }).toBe(2);
    const lost = bench.node.lose();
    await expect.poll(begun, { timeout: 20_000 }).toBe(4);
    for (const pod of lost) pod.kill('SIGCONT');
    await bench.store.put('go', new Uint8Array());
    expect((await run).status).toBe('Completed');
    await expect.poll(async () => (await stored(runId)).length, { timeout: 20_000 }).toBeGreaterThan(7);
    const lines = await stored(runId);
    const first = numbers(6).map(item => lines.find(({ i }) => i === item)?.r);
    expect(await readResults(bench.fresh, runId, 'm')).toEqual(first);
    expect(await readResults(bench.fresh, runId, 'sum')).toEqual([first]);
  },
);
