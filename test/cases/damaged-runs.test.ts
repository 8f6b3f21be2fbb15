/** Runs whose files a power cut, a copy that broke off or a stranger has changed: told, or mended. */
import { truncate, writeFile } from 'node:fs/promises';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import { localFileStore, readRecord, readRun, runPipeline } from '@kube-transform/runtime';
import {
  drive,
  inProcessExecutor,
  localCatalog,
  localHost,
  newRun,
  openJournal,
  readResults,
  systemClock,
  writeRecord,
} from '@kube-transform/runtime/internal';
import { rejection } from '../kit/stores.js';

const never = new AbortController().signal;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-cases-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a run with strange or cut files', () => {
  const one = ktFunction(() => 1);
  const same = ktFunction(({ a }: { a: number }) => a);
  const steps = pipeline('p')
    .job('a', one, () => ({}))
    .job('b', same, ({ a }) => ({ a }));
  const read = async (dir: string): Promise<unknown> => {
    const store = localFileStore(dir);
    const view = await readRun(store, (await readRecord(store, 'r'))!);
    await openJournal(store, 'r');
    return view.status;
  };
  beforeAll(async () => {
    await runPipeline(steps, { store: `file:${join(folder, 'whole')}`, runId: 'r' });
  });

  const copyOf = async (name: string): Promise<string> => {
    const copy = await mkdtemp(join(folder, name));
    await cp(join(folder, 'whole'), copy, { recursive: true });
    return copy;
  };

  test.each(['journal/.DS_Store', 'jobs/a/results/000000/00000001.jsonl~', 'jobs/a/.job.json.swp'])(
    'a stranger’s %s is nobody’s',
    async name => {
      const copy = await copyOf('strange-');
      await writeFile(join(copy, 'kt-metadata/r', name), '\0\0Bud1');
      expect(await read(copy)).toBe('Completed');
    },
  );

  test.each([
    ['journal/00000002.jsonl', 20],
    ['journal/00000002.jsonl', 0],
    ['jobs/a/results/000000/00000001.jsonl', 8],
    ['jobs/a/results/000000/00000001.jsonl', 90],
    ['jobs/b/job.json', 0],
    ['spec.json', 30],
  ])('%s cut to %i bytes is named, with what to do', async (name, length) => {
    const copy = await copyOf('cut-');
    await truncate(join(copy, 'kt-metadata/r', name), length);
    const error = await rejection(read(copy));
    expect(error.problems).toMatchObject([
      { code: 'BAD_RUN', path: expect.stringContaining(`kt-metadata/r/${name}`) as string },
    ]);
    expect(error.problems[0]?.hint).toMatch(/\w/);
  });
});

describe('items.jsonl cut short, or gone', () => {
  test.each([0, 9, 14, -1])('to %i bytes: it is written anew, and each item is called', async length => {
    let calls = 0;
    let held: Promise<void> = new Promise(() => undefined);
    const one = ktFunction(async ({ x }: { x: number }) => {
      await held;
      calls++;
      return x;
    });
    const sum = ktFunction(({ all }: { all: (number | null)[] }) => all);
    const steps = pipeline('p')
      .map('one', one, () => each([1, 2, 3, 4], x => ({ x })), { itemsPerPod: 4 })
      .job('sum', sum, ({ one: all }) => ({ all }));
    const dir = await mkdtemp(join(folder, 'items-'));
    const store = localFileStore(dir);
    const record = await newRun({ pipeline: steps, clock: systemClock });
    await writeRecord(store, record);
    const go = (resumed: boolean, onStart: () => void) =>
      drive({
        ...{ store, record, resumed, clock: systemClock, drain: never, stop: never, cancel: never },
        executor: inProcessExecutor({
          host: localHost({ store, clock: systemClock, catalog: localCatalog(steps) }),
          concurrency: 4,
        }),
        sink: { publish: event => (event.type === 'ItemStarted' ? onStart() : undefined) },
      });
    // A driver that dies while no item has returned: it is left hanging, and another begins.
    await new Promise<void>(begun => void go(false, begun));
    const items = join(dir, 'kt-metadata', record.runId, 'jobs/one/items.jsonl');
    await (length < 0 ? rm(items) : truncate(items, length));
    held = Promise.resolve();
    expect((await go(true, () => undefined)).status).toBe('Completed');
    expect(calls).toBe(4);
    expect(await readResults(store, record.runId, 'sum')).toEqual([[1, 2, 3, 4]]);
  });
});
