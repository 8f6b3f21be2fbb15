import { cp, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileStore, localFileStore, memoryFileStore } from '@kube-transform/runtime';
import {
  acquireLease,
  createRunState,
  newRun,
  stateFileOf,
  systemClock,
  writeRecord,
  writeStateFile,
} from '@kube-transform/runtime/internal';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { CollectOptions } from '../backend.js';
import { LocalBackend } from './local-backend.js';

const DAY_MS = 86_400_000;
let projectDir: string;
let nowMs: number;

beforeEach(async () => {
  projectDir = await mkdtemp(join(tmpdir(), 'kt-gc-'));
  nowMs = (await stat(projectDir)).mtimeMs + DAY_MS;
});
/** Makes a file older than a day by the clock of its file system: it might be a writer's. */
const age = (path: string): Promise<void> => utimes(path, nowMs / 1000 - 200_000, nowMs / 1000 - 200_000);
const gone = (dir: string): void => onTestFinished(() => rm(dir, { recursive: true, force: true }));

const digestOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(16, '0').slice(0, 16);

/** Adds a run of no jobs: completed, or `Running`, which nobody drives. */
async function addRun(store: FileStore, runId: string, status: 'Completed' | 'Running'): Promise<void> {
  const source = { pipeline: null, functions: [], digest: digestOf(runId) };
  const record = await newRun({ pipeline: { name: 'p', jobs: [] }, runId, source, clock: systemClock });
  await writeRecord(store, record);
  const state = createRunState(record.pipeline.jobs);
  const now = { nowMs: record.createdAtMs, items: new Map<string, number>(), status };
  await writeStateFile(store, stateFileOf(record, state, now));
}

async function collected(store: FileStore, options: Partial<CollectOptions> = {}): Promise<string[]> {
  gone(projectDir);
  const whole = { olderThanMs: 0, keep: 0, interrupted: false, dryRun: false, nowMs, ...options };
  const deleted = await new LocalBackend(store, { projectDir }).collect(whole);
  return deleted.map(({ kind, name }) => `${kind} ${name}`).sort();
}

test('CG1: a run that is driven stays, and one that was left unless it is asked for', async () => {
  const store = memoryFileStore();
  await addRun(store, 'ended', 'Completed');
  await addRun(store, 'left', 'Running');
  await addRun(store, 'driven', 'Running');
  const { release } = await acquireLease(store, 'driven');
  expect(await collected(store)).toEqual(['run ended']);
  expect(await collected(store, { interrupted: true })).toEqual(['run left']);
  await release();
  expect(await collected(store, { interrupted: true })).toEqual(['run driven']);
});

test('CG1: young runs stay, and the newest ones that are to be kept', async () => {
  const store = memoryFileStore();
  for (const runId of ['a', 'b']) await addRun(store, runId, 'Completed');
  expect(await collected(store, { olderThanMs: 2 * DAY_MS })).toEqual([]);
  expect(await collected(store, { keep: 2 })).toEqual([]);
  expect(await collected(store, { dryRun: true, keep: 1 })).toHaveLength(1);
  expect(await collected(store)).toEqual(['run a', 'run b']);
});

test('CG2: the record of a run goes first, and the next gc takes the rest', async () => {
  const memory = memoryFileStore();
  await addRun(memory, 'r', 'Completed');
  for (let i = 0; i < 3; i++)
    await memory.put(`kt-metadata/r/journal/0000000${i + 1}.jsonl`, new Uint8Array(5));
  const deletes: (readonly string[])[] = [];
  const dies: FileStore = {
    ...memory,
    delete: async keys => {
      deletes.push(keys);
      if (deletes.length > 1) throw new Error('killed');
      await memory.delete(keys);
    },
  };
  await expect(collected(dies)).rejects.toThrow('killed');
  expect(deletes[0]).toEqual(['kt-metadata/r/spec.json']);
  await memory.delete(['kt-metadata/r/pipeline_run_state.json']);
  expect(await new LocalBackend(memory, { projectDir }).list()).toEqual([]);
  expect(await collected(memory, { nowMs: nowMs - DAY_MS })).toEqual([]);
  expect(await collected(memory)).toEqual(['rest of a run r']);
  expect(await collected(memory)).toEqual([]);
});

test('bundles - those that a run was made with which stays are kept', async () => {
  const store = memoryFileStore();
  await addRun(store, 'left', 'Running');
  await addRun(store, 'ended', 'Completed');
  const bundles = join(projectDir, '.kt/bundles');
  const [left, ended] = [digestOf('left'), digestOf('ended')];
  for (const digest of [left, ended, '.new-a1B2c3', 'mine']) {
    await mkdir(join(bundles, digest), { recursive: true });
    await writeFile(join(bundles, digest, 'worker.mjs'), 'x');
  }
  await age(join(bundles, '.new-a1B2c3'));
  expect(await collected(store)).toEqual(['bundle .new-a1B2c3', `bundle ${ended}`, 'run ended']);
  expect(await readdir(bundles).catch(() => [])).toEqual([left, 'mine']);
});

test('folders - what is left of writes that broke off is deleted, and of runs no folder is left', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kt-gc-store-'));
  gone(dir);
  const store = localFileStore(dir);
  await addRun(store, 'ended', 'Completed');
  const temporary = join(dir, '.kt-tmp');
  await mkdir(temporary, { recursive: true });
  for (const name of ['t-old-1-2-3', 't-new-1-2-3', 't-shirt.png', 'lock'])
    await writeFile(join(temporary, name), 'x');
  await age(join(temporary, 't-old-1-2-3'));
  expect(await collected(store)).toEqual(['run ended', 'temporary file t-old-1-2-3']);
  expect(await readdir(join(dir, 'kt-metadata'))).toEqual([]);
});

test('CG3: folders and files of strangers stay, wherever they lie, and so does a copy of a run', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kt-gc-store-'));
  gone(dir);
  const store = localFileStore(dir);
  await addRun(store, 'ended', 'Completed');
  const text = new TextEncoder().encode('{}');
  const kept = [
    'kt-metadata/.DS_Store',
    'kt-metadata/My notes/spec.json',
    'kt-metadata/notes/jobs/plan.md',
    'kt-metadata/openapi/spec.json',
    'kt-metadata/ended/.DS_Store',
    'kt-metadata/ended/journal/00000001.jsonl~',
    'kt-metadata/ended/journal/notes/00000001.jsonl',
    'kt-metadata/ended/jobs/a/results/000000/old.jsonl',
    'kt-metadata/ended/backup/spec.json',
  ];
  for (const key of [...kept, 'kt-metadata/rest/journal/00000001.jsonl']) await store.put(key, text);
  for (const file of ['spec.json', 'pipeline_run_state.json']) {
    kept.push(`kt-metadata/ended-copy/${file}`);
    await cp(join(dir, 'kt-metadata/ended', file), join(dir, 'kt-metadata/ended-copy', file));
  }
  expect(await collected(store, { interrupted: true })).toEqual(['rest of a run rest', 'run ended']);
  const left: string[] = [];
  for await (const entry of store.list('kt-metadata/'))
    if (entry.type === 'object') left.push(entry.object.key);
  expect(left.sort()).toEqual(kept.sort());
  expect((await readdir(join(dir, 'kt-metadata'))).includes('rest')).toBe(false);
});
