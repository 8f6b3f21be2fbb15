/** A damaged run is told by `kt verify`, cut by `kt repair`, and goes on with what is whole. */
import { cp, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import { localFileStore, readRecord, runPipeline, type FileStore } from '@kube-transform/runtime';
import {
  acquireLease,
  drive,
  inProcessExecutor,
  localCatalog,
  localHost,
  readResults,
  repairRun,
  systemClock,
  verifyRun,
} from '@kube-transform/runtime/internal';
import { bytes, rejection } from '../kit/stores.js';
import { runKt } from '../kit/kt.js';

const never = new AbortController().signal;
const RUN = 'kt-metadata/r/';
let calls: string[] = [];
const one = ktFunction(({ x }: { x: number }) => {
  calls.push(`one ${x}`);
  return x;
});
const sum = ktFunction(({ all }: { all: (number | null)[] }) => {
  calls.push('sum');
  return all.reduce<number>((a, b) => a + (b ?? 0), 0);
});
const steps = pipeline('p')
  .map('one', one, () => each([1, 2, 3, 4], x => ({ x })), { itemsPerPod: 2 })
  .job('sum', sum, ({ one: all }) => ({ all }));

let folder: string;
let dir: string;
let store: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-repair-'));
  await runPipeline(steps, { store: `file:${join(folder, 'whole')}`, runId: 'r' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(folder, 'copy-'));
  await cp(join(folder, 'whole'), dir, { recursive: true });
  store = localFileStore(dir);
  calls = [];
});
const record = async () => (await readRecord(store, 'r'))!;
const problems = async () => (await verifyRun(store, await record())).problems;
const resume = async () => {
  const host = localHost({ store, clock: systemClock, catalog: localCatalog(steps) });
  return drive({
    ...{ store, record: await record(), resumed: true, clock: systemClock },
    ...{ drain: never, stop: never, cancel: never, sink: { publish: () => undefined } },
    executor: inProcessExecutor({ host, concurrency: 4 }),
  });
};

test('a run that is whole is proven so, and is left as it is', async () => {
  expect(await verifyRun(store, await record())).toMatchObject({
    status: 'Completed',
    results: 5,
    problems: [],
  });
  expect(await repairRun(store, await record(), { clock: systemClock })).toEqual({
    ...{ cut: [], repeated: [], backup: null },
  });
  expect(await runKt(dir, ['verify', 'r'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Run r \(Completed\) is whole: \d+ facts, 5 lines of results\./) as string,
  });
});

test.each<[string, number, string[]]>([
  ['jobs/one/results/000001/00000001.jsonl', 100, ['one 3', 'one 4']],
  ['jobs/one/results/000000/00000001.jsonl', 0, ['one 1', 'one 2']],
  ['jobs/sum/results/000000/00000001.jsonl', -1, ['sum']],
  ['jobs/one/items.jsonl', 20, []],
  ['jobs/sum/job.json', 10, []],
  ['journal/00000002.jsonl', 30, []],
  ['journal/00000001.jsonl', 9, []],
  ['journal/00000001.jsonl', -1, []],
])(
  'RR1: a repair - of %s, cut to %i bytes, keeps copies and repeats what it says',
  async (name, length, again) => {
    const path = join(dir, RUN, name);
    await (length < 0 ? rm(path) : truncate(path, length));
    const found = await problems();
    expect(found.map(problem => problem.path).join()).toContain(RUN + name.replace(/\d{8}\.jsonl$/, ''));
    const bytes = length < 0 ? undefined : await readFile(path, 'utf8');

    const dry = await repairRun(store, await record(), { clock: systemClock, dryRun: true });
    expect(await problems()).toEqual(found);
    const { backup, ...repair } = await repairRun(store, await record(), { clock: systemClock });
    expect({ ...repair, backup: null }).toEqual(dry);
    if (bytes !== undefined) expect(await readFile(join(dir, backup!, name), 'utf8')).toBe(bytes);

    expect((await resume()).status).toBe('Completed');
    expect(await problems()).toEqual([]);
    expect(await readResults(store, 'r', 'sum')).toEqual([10]);
    expect(calls.sort()).toEqual(again);
    const told = repair.repeated.reduce((all, { items }) => all + items, 0);
    expect(told).toBe(again.length);
  },
);

test.each([
  ['cut', 30],
  ['gone', -1],
])('RP1: copies of results - prove nothing of one that is %s, and go with it', async (_, length) => {
  const pack = `${RUN}jobs/one/packs/000001-00000001-`;
  const kept = await readFile(join(dir, RUN, 'jobs/one/results/000001/00000001.jsonl'), 'utf8');
  await store.put(pack, bytes(`${JSON.stringify({ key: '000001/00000001.jsonl', holds: kept })}\n`));
  const path = join(dir, RUN, 'jobs/one/results/000001/00000001.jsonl');
  await (length < 0 ? rm(path) : truncate(path, length));
  expect(await problems()).not.toEqual([]);
  const { cut } = await repairRun(store, await record(), { clock: systemClock });
  expect(cut.map(({ file }) => file)).toContain(pack);
  expect(await store.head(pack)).toBeNull();
  expect((await resume()).status).toBe('Completed');
});

test('a run that is driven is left alone', async () => {
  await truncate(join(dir, RUN, 'journal/00000002.jsonl'), 9);
  await acquireLease(store, 'r');
  const error = await rejection(repairRun(store, await record(), { clock: systemClock }));
  expect(error.code).toBe('RUN_IS_DRIVEN');
});

test('kt verify names the files, kt repair cuts them, and says how to go on', async () => {
  await truncate(join(dir, RUN, 'jobs/one/results/000001/00000001.jsonl'), 100);
  const file = `${RUN}jobs/one/results/000001/00000001.jsonl`;
  const verified = await runKt(dir, ['verify', 'r']);
  expect(verified.code).toBe(2);
  expect(verified.err).toMatch(new RegExp(`BAD_RUN {2}${file}: This run cannot be read: it has \\d+ of its`));
  const dry = await runKt(dir, ['repair', 'latest', '--dry-run']);
  expect(dry.out).toMatch(/^Would cut {2}.*000001\/00000001\.jsonl/m);
  expect(dry.out).toMatch(/^Do it: kt repair r$/m);
  const repaired = await runKt(dir, ['repair', 'r']);
  expect(repaired.code).toBe(0);
  expect(repaired.out).toMatch(
    /^Cut {2}kt-metadata\/r\/journal\/\d+\.jsonl {2}It says that step "one" has ended/m,
  );
  expect(repaired.out).toMatch(/^Step "one": 2 items will be run when the run is resumed\.$/m);
  expect(repaired.out).toMatch(/^Go on: kt run --resume r$/m);
  expect(await runKt(dir, ['verify', 'r'])).toMatchObject({ code: 0 });
});
