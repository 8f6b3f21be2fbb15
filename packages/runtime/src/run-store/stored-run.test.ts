import { mustParsePipeline } from '@kube-transform/sdk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect } from '../../../../test/kit/collect.js';
import { changed, expectDoor, refusalOf, requiredFields } from '../../../../test/kit/door-laws.js';
import { parseAs } from '../parse/parse-json.js';
import type { Shape } from '../parse/shapes.js';
import { VERSION } from '../parse/version.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { RESULT_LINE, type ResultLine, readOutcomes, resultLine } from './item-results.js';
import { JOB_MANIFEST, type JobManifest, readItems, readManifest } from './job-manifest.js';
import { FACT, openJournal, readJournal } from './journal.js';
import { itemsKey, jobKey, leaseKey, resultsPrefix, RUN_FILE, specKey, summaryKey } from './layout.js';
import { acquireLease, leaseHolder } from './lease.js';
import { readRecord, RUN_RECORD, type RunRecord, writeRecord } from './run-record.js';
import { readStateFile, STATE_FILE, stateFileOf, writeStateFile } from './state-file.js';
import { createRunState, type Fact } from '../core/index.js';

const pipeline = mustParsePipeline({
  name: 'p',
  jobs: [
    {
      type: 'map',
      name: 'a',
      function: 'm.f',
      items: [1, 2, 3],
      env: { A: 'b' },
      kubernetes: { queue: 'q', tolerations: [{ key: 'k' }], nodeSelector: { x: 'y' } },
    },
    {
      type: 'static',
      name: 'b',
      dependencies: ['a'],
      tasks: [{ function: 'm.g', args: { n: 1 } }],
      maxFailed: '5%',
      timeout: '5s',
      itemsPerPod: 2,
    },
  ],
  schedules: [{ cron: '@daily' }],
});
const record: RunRecord = {
  runId: 'r',
  pipeline,
  params: { n: [null] },
  createdAtMs: 5,
  source: { pipeline: 'p.ts', functions: ['f.ts'], digest: 'd' },
  retryOf: null,
};
const manifest: JobManifest = {
  runId: 'r',
  pipeline: 'p',
  job: { ...pipeline.jobs[0]!, items: null },
  items: 3,
  itemsPerPod: 2,
  offsets: [0, 16, 24],
};
const facts: Fact[] = [
  { type: 'JobSubmitted', job: 'a' },
  { type: 'JobSucceeded', job: 'a', spawned: pipeline.jobs, failedItems: 2 },
  {
    type: 'JobFailed',
    job: 'b',
    cause: {
      kind: 'ItemsFailed',
      message: 'm',
      failed: 1,
      total: 2,
      firstItem: 0,
      first: { kind: 'Threw', name: 'E', message: 'x', stack: 's', permanent: true },
    },
  },
  { type: 'RunCancelled', reason: 'why' },
];
const lines: ResultLine[] = [
  { i: 0, n: 1, r: { deep: [1] } },
  { i: 1, n: 0, r: null },
  {
    i: 2,
    n: 2,
    c: { kind: 'InvalidInput', message: 'm', problems: [{ code: 'C', path: 'p', message: 'm', hint: 'h' }] },
    x: true,
  },
  {
    i: 3,
    n: 1,
    c: { kind: 'Exited', message: 'm', exitCode: null, signal: 'SIGKILL' },
    free: true,
    u: 'pod',
  },
];
const asDoor =
  (shape: Shape<unknown>) =>
  (value: unknown): unknown =>
    parseAs(shape, value, { ...RUN_FILE, file: 'f' });
const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const newer = { format: 3, kt: '0.9.0' };
const text = async (store: ReturnType<typeof memoryFileStore>, key: string): Promise<string> =>
  new TextDecoder().decode(await store.get(key));

describe('what is stored of a run', () => {
  test('the record is read as it was written, with format and version first', async () => {
    const store = memoryFileStore();
    expect(await writeRecord(store, record)).toBe(true);
    expect(await readRecord(store, 'r')).toEqual(record);
    expect(await text(store, specKey('r'))).toMatch(
      new RegExp(`^\\{"format":2,"kt":"${VERSION}","runId":"r"`),
    );
    expect(await readRecord(store, 'other')).toBeNull();
  });

  test('a record is read or refused, whatever it is', () => {
    const door = (value: unknown): unknown => RUN_RECORD.check(value, 'f');
    expectDoor(door, [record, { ...record, source: null, retryOf: 'x' }]);
    expect(requiredFields(door, record)).toEqual(Object.keys(record));
    for (const job of pipeline.jobs)
      expect(
        requiredFields(value => door(changed(record, ['pipeline', 'jobs'], [value])), {
          ...job,
          dependencies: [],
        }),
        // Those of 0.1.0 have none.
      ).toEqual(
        Object.keys(job).filter(field => !['placement', 'reuse', 'container', 'inputs'].includes(field)),
      );
  });

  test.each<[string, unknown, string, string]>([
    ['an unknown dependency', ['zz'], 'spec.json pipeline', 'depends on "zz", which does not exist'],
    ['a circle', ['b'], 'spec.json pipeline', 'depends on itself'],
    ['no list', 'a', 'spec.json pipeline.jobs[1].dependencies', 'expected a list, but got "a"'],
  ])('a record whose jobs cannot be run is refused - %s', (_, dependencies, path, message) => {
    const refusal = refusalOf(
      value => RUN_RECORD.check(value, 'spec.json'),
      changed(record, ['pipeline', 'jobs', 1, 'dependencies'], dependencies),
    );
    expect(refusal?.problems).toMatchObject([
      { code: 'BAD_RUN', path, message: expect.stringContaining(message) },
    ]);
  });

  test('a manifest is read as it was written, or refused', async () => {
    const store = memoryFileStore();
    await store.put(jobKey('r', 'a'), bytes(JOB_MANIFEST.text(manifest)));
    expect(await readManifest(store, 'r', 'a')).toEqual(manifest);
    const door = (value: unknown): unknown => JOB_MANIFEST.check(value, 'f');
    expectDoor(door, [manifest]);
    expect(requiredFields(door, manifest)).toEqual(Object.keys(manifest));
    expect(refusalOf(door, { ...manifest, itemsPerPod: 0 })?.message).toContain('f itemsPerPod: ');
  });

  test('JM2: items of a pod - are read, and told missing where their file is cut off', async () => {
    const store = memoryFileStore();
    await store.put(itemsKey('r', 'a'), bytes('{"e":1}\n{"e":2}\n{"e":3}\n'));
    const first = await readItems(store, manifest, 0);
    expect(first.all).toEqual([{ e: 1 }, { e: 2 }]);
    expect(first.anew(1)).toEqual({ e: 2 });
    expect((await readItems(store, manifest, 1)).all).toEqual([{ e: 3 }]);
    await store.put(itemsKey('r', 'a'), bytes('{"e":1}\n{"e":2}\n{"e'));
    await expect(readItems(store, manifest, 1)).rejects.toMatchObject({
      code: 'BAD_RUN',
      message: expect.stringContaining('it has 0 items of pod 1, which should be 1'),
    });
    const read = async (line: string): Promise<unknown> => {
      await store.put(itemsKey('r', 'a'), bytes(`${line}\n`));
      const one = { ...manifest, items: 1, itemsPerPod: 1, offsets: [0, line.length + 1] };
      return readItems(store, one, 0).catch((error: unknown) => error);
    };
    for (const task of [
      { f: 'm.f', a: { x: 1 } },
      { f: null, a: {} },
    ])
      expect(await read(JSON.stringify(task))).toMatchObject({ all: [task] });
    for (const broken of ['{"f":1,"a":{}}', '{"f":"m.f"}', '[]', '{', '7', 'null', '{"x":1}'])
      expect(await read(broken)).toMatchObject({ code: 'BAD_RUN' });
  });

  test('facts and result lines are read or refused, whatever they are', () => {
    expectDoor(asDoor(FACT), facts);
    expectDoor(asDoor(RESULT_LINE), lines);
    for (const line of lines) expect(asDoor(RESULT_LINE)(line)).toEqual(line);
    for (const line of lines) expect(resultLine(line)).toBe(JSON.stringify(line));
    for (const fact of facts) expect(asDoor(FACT)(fact)).toEqual(fact);
  });

  test('messages of users that are no text are told as they look', () => {
    const cause = { kind: 'Threw', name: null, message: { code: 5 } };
    expect(asDoor(RESULT_LINE)({ i: 0, n: 1, c: cause })).toEqual({
      i: 0,
      n: 1,
      c: { kind: 'Threw', name: 'null', message: 'an object' },
    });
  });

  test('a journal gives the facts back; a line that is none is named', async () => {
    const store = memoryFileStore();
    const journal = await openJournal(store, 'r');
    await journal.append(...facts);
    expect(await collect(readJournal(store, 'r'))).toEqual(facts);
    const seen: Fact[] = [];
    const again = await openJournal(store, 'r', { onFact: fact => seen.push(fact) });
    expect(seen).toEqual(facts);
    await again.append({ type: 'JobPaused' } as unknown as Fact);
    await expect(collect(readJournal(store, 'r'))).rejects.toMatchObject({
      problems: [{ code: 'BAD_RUN', path: 'kt-metadata/r/journal/00000003.jsonl line 2 type' }],
    });
    await store.put(
      'kt-metadata/r/jobs/a/results/000000/00000001.jsonl',
      bytes('{"i":0,"n":1,"r":1}\n\n{"i":1,"n'),
    );
    await expect(readOutcomes(store, 'r', 'a')).rejects.toMatchObject({
      problems: [{ code: 'BAD_RUN', path: `${resultsPrefix('r', 'a', 0)}00000001.jsonl line 3` }],
    });
  });

  test('the state file is read as it was written', async () => {
    const store = memoryFileStore();
    const state = createRunState(pipeline.jobs);
    const summary = stateFileOf(record, state, { nowMs: 7, items: new Map([['a', 3]]) });
    await writeStateFile(store, summary);
    expect(await readStateFile(store, 'r')).toEqual(summary);
    expectDoor(
      value => STATE_FILE.check(value, 'f'),
      [
        summary,
        {
          ...summary,
          jobs: {
            a: {
              ...summary.jobs['a'],
              cause: { kind: 'Lost', message: 'm' },
              failed_items: 2,
              direct_descendants: ['b'],
            },
          },
        },
      ],
    );
  });

  test('a lease is read as it was written', async () => {
    const store = memoryFileStore();
    const { release } = await acquireLease(store, 'r');
    expect(await leaseHolder(store, 'r')).toMatchObject({ pid: process.pid });
    expect(await text(store, leaseKey('r'))).toMatch(/^\{"format":2,"host":/);
    await release();
    await store.put(leaseKey('r'), bytes({ host: 'h', pid: 'x', started: null }));
    await expect(leaseHolder(store, 'r')).rejects.toMatchObject({
      problems: [{ code: 'BAD_RUN', path: 'kt-metadata/r/lease.json pid' }],
    });
  });

  test.each<[string, string, (store: ReturnType<typeof memoryFileStore>) => Promise<unknown>]>([
    ['the record', specKey('r'), store => readRecord(store, 'r')],
    ['a manifest', jobKey('r', 'a'), store => readManifest(store, 'r', 'a')],
    ['the state file', summaryKey('r'), store => readStateFile(store, 'r')],
    ['the lease', leaseKey('r'), store => leaseHolder(store, 'r')],
  ])('of a newer format it is refused - %s', async (_, key, read) => {
    const store = memoryFileStore();
    await store.put(key, bytes(newer));
    await expect(read(store)).rejects.toMatchObject({
      problems: [
        {
          code: 'NEWER_FORMAT',
          path: key,
          message: expect.stringMatching(
            / was written in format 3 by a newer kt \(0\.9\.0\); this kt \d+\.\d+\.\d+ reads formats up to [12]\.$/,
          ),
          hint: 'Update @kube-transform/cli.',
        },
      ],
    });
  });

  test('results of any kind are read as they were written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.jsonValue(), (i, n, r) => {
        const line = JSON.parse(JSON.stringify({ i, n, r })) as object;
        expect(asDoor(RESULT_LINE)(line)).toEqual(line);
      }),
    );
  });
});
