import { each, ktFunction, pipeline, type Pipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { inProcessExecutor } from '../executors/in-process-executor.js';
import { localHost } from '../local-host.js';
import { systemClock } from '../process/system-clock.js';
import { localCatalog } from '../run-pipeline.js';
import { readResults } from '../run-store/item-results.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { FileStore } from '../ports/index.js';
import { writeRecord, type RunRecord } from '../run-store/run-record.js';
import { newRun, retryRun } from './create-run.js';
import { drive } from './drive.js';

const clock = systemClock;

/** Runs a pipeline, then repeats what failed in it once `mend` was called. */
async function runAndRetry(of: Pipeline, mend: () => void) {
  const store = memoryFileStore();
  const catalog = localCatalog(of);
  const called: string[] = [];
  const driven = async (record: RunRecord, resumed: boolean): Promise<string> => {
    const host = localHost({ store, clock, catalog });
    const never = new AbortController().signal;
    const { status } = await drive({
      ...{ store, clock, record, resumed, drain: never, stop: never, cancel: never },
      executor: inProcessExecutor({ host, concurrency: 1 }),
      sink: {
        publish: event => void (event.type === 'ItemStarted' && called.push(`${event.job}/${event.item}`)),
      },
    });
    return status;
  };
  const record = await newRun({ pipeline: of, clock });
  await writeRecord(store, record);
  const first = await driven(record, false);
  called.length = 0;
  mend();
  const again = await retryRun(store, record.runId, { clock });
  const second = await driven(again, true);
  return { first, second, called, store, record, again };
}
const resultsOf = (store: FileStore, { runId }: RunRecord, job: string) => readResults(store, runId, job);

describe('a retry repeats', () => {
  let isMended = false;
  const mend = (): void => void (isMended = true);
  const half = ktFunction(({ n }: { n: number }) => {
    if (n === 2 && !isMended) throw new Error('not yet');
    return n / 2;
  });
  const sum = ktFunction(({ all }: { all: (number | null)[] }) =>
    all.reduce<number>((total, n) => total + (n ?? 100), 0),
  );
  const tick = ktFunction(() => 'tick');

  test('items that were allowed to fail, and all that depends on them', async () => {
    isMended = false;
    const p = pipeline('p')
      .job('aside', tick)
      .map('half', half, () => each([1, 2, 3], n => ({ n })), { maxFailed: 1 })
      .map('list', tick, ({ half: all }) => all.each(() => ({})))
      .job('sum', sum, ({ half: all }) => ({ all }))
      .job('last', tick, () => ({}), { after: ['sum'] });
    const { first, second, called, store, record, again } = await runAndRetry(p, mend);
    expect([first, second]).toEqual(['Completed', 'Completed']);
    expect([await resultsOf(store, record, 'sum'), await resultsOf(store, again, 'sum')]).toEqual([
      [102],
      [3],
    ]);
    expect(called.sort()).toEqual(['half/1', 'last/0', 'list/0', 'list/1', 'list/2', 'sum/0']);
  });

  test('what waits for a step that spawned what failed, and what that spawned', async () => {
    isMended = false;
    const spawn = ktFunction(() =>
      pipeline('spawned')
        .map('half', half, () => each([1, 2], n => ({ n })), { maxFailed: 1 })
        .job('beside', tick),
    );
    const more = ktFunction(() => pipeline('more').job('child', tick));
    const p = pipeline('p')
      .dynamic('fan', spawn)
      .dynamic('more', more, () => ({}), { after: ['fan'] })
      .job('aside', tick);
    const { second, called } = await runAndRetry(p, mend);
    expect([second, called.sort()]).toEqual(['Completed', ['child/0', 'half/1', 'more/0']]);
  });

  test('a step whose function is mended: what it returned could not be spawned, or it was allowed to fail', async () => {
    isMended = false;
    const bad = ktFunction(() => (isMended ? [] : ([{ type: 'nothing' }] as never)));
    const throws = ktFunction(() => {
      if (!isMended) throw new Error('not yet');
      return pipeline('spawned').job('child', tick);
    });
    const p = pipeline('p')
      .dynamic('bad', bad)
      .dynamic('throws', throws, () => ({}), { maxFailed: 1 });
    const { first, second, called } = await runAndRetry(p, mend);
    expect([first, second, called.sort()]).toEqual(['Failed', 'Completed', ['bad/0', 'child/0', 'throws/0']]);
  });

  test('nothing where nothing failed', async () => {
    await expect(runAndRetry(pipeline('p').job('tick', tick), mend)).rejects.toMatchObject({
      code: 'NOTHING_FAILED',
    });
  });
});
