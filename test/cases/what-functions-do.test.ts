/** Whatever a function throws, returns, logs or checks fails its item at most, and never the run. */
import { mustParsePipeline } from '@kube-transform/sdk';
import {
  drive,
  logsPrefix,
  readLog,
  readOutcomes,
  STORED_LINE,
  systemClock,
} from '@kube-transform/runtime/internal';
import { describe, expect, test } from 'vitest';
import { HOSTILE, PLACES } from '../fixtures/functions/hostile.js';
import { collect } from '../kit/collect.js';
import { inProcessBench, processBench } from '../kit/executors.js';
import { scriptedKubeBench } from '../kit/kube-executor.js';

const ITEMS = PLACES.flatMap(place => Object.keys(HOSTILE).map(value => ({ place, value })));
const never = new AbortController().signal;

/** What may come of it: a result, or a cause of one of these kinds. */
const MAY: Record<string, readonly string[]> = {
  throw: ['Threw'],
  reject: ['Threw'],
  return: ['result', 'InvalidResult', 'Threw'],
  'return within': ['result', 'InvalidResult', 'Threw'],
  log: ['result'],
  'log as data': ['result'],
  print: ['result'],
  'print raw': ['result'],
  'input throws': ['Threw'],
  'input finds': ['InvalidInput', 'Threw'],
  'input gives': ['result', 'InvalidResult', 'Threw'],
  'output throws': ['Threw'],
  'output finds': ['InvalidResult', 'Threw'],
  'output gives': ['result', 'InvalidResult', 'Threw'],
};

describe.each([
  ['in-process', inProcessBench],
  ['Kubernetes, on a scripted API', scriptedKubeBench],
  ['processes', processBench],
] as const)('hostile values, %s', (_name, open) => {
  test('IT1: an item - fails of what its function does, and nothing else does', async () => {
    await using bench = Object.assign(await open(), {
      async [Symbol.asyncDispose]() {
        await bench.close();
      },
    });
    const jobs = [
      {
        ...{ type: 'map' as const, name: 'm', function: 'hostile.hostile', items: ITEMS, maxFailed: '100%' },
        args: { place: { $ref: 'item#/place' }, value: { $ref: 'item#/value' } },
        itemsPerPod: Math.ceil(ITEMS.length / 2),
      },
    ];
    const record = { runId: 'hostile', params: {}, createdAtMs: 0, source: null, retryOf: null };
    const { status } = await drive({
      store: bench.store,
      executor: bench.executor(),
      clock: systemClock,
      record: { ...record, pipeline: mustParsePipeline({ name: 'p', jobs }) },
      sink: { publish: () => undefined },
      resumed: false,
      drain: never,
      stop: never,
      cancel: never,
    });
    expect(status).toBe('Completed');
    const outcomes = await readOutcomes(bench.store, 'hostile', 'm');
    const wrong = ITEMS.map((item, i) => ({ ...item, ...outcomes.get(i) })).filter(
      ({ place, final, attempts, cause }) =>
        final !== true || attempts !== 1 || !(MAY[place] ?? []).includes(cause?.kind ?? 'result'),
    );
    expect(wrong).toEqual([]);
    const lines = await collect(readLog(bench.fresh, logsPrefix('hostile', 'm'), STORED_LINE));
    const logged = new Set(lines.map(({ i }) => ITEMS[i]?.place));
    expect([...logged].sort()).toEqual(['log', 'log as data', 'print', 'print raw']);
    expect(lines).toHaveLength(4 * Object.keys(HOSTILE).length);
  });
});
