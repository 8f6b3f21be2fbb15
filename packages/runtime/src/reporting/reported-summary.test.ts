import { describe, expect, test } from 'vitest';
import { expectDoor, refusalOf } from '../../../../test/kit/door-laws.js';
import { formatSummary, parseSummary } from './reported-summary.js';
import { newJobProgress, newRunSummary, type ReportedSummary } from './run-summary.js';

const FILE = 'configmap/kt-r summary';
const RUN = { runId: 'r', pipeline: 'p', createdMs: 1000, retryOf: 'old' };
const NEW = newRunSummary(RUN);
const cause = { kind: 'Threw', name: 'E', message: 'm', stack: 's' } as const;
const full: ReportedSummary = {
  runId: 'r',
  pipeline: 'p',
  status: 'Failed',
  startedMs: 5,
  updatedMs: 9,
  jobs: [{ ...newJobProgress('a'), parent: 'x', startedMs: 6, waiting: 'w', cause }],
  counts: { Failed: 1 },
  failures: [{ count: 2, message: 'm', where: 'f.ts:1', examples: [{ job: 'a', item: null, cause }] }],
  moreFailures: 3,
  result: { any: [1] },
  lastError: 'a: m',
  problem: 'p',
  trouble: 't',
};

describe('parseSummary', () => {
  test('a report is read as it was written', () => {
    expect(parseSummary(formatSummary(full), RUN, FILE)).toEqual({ ...NEW, ...full });
  });

  test('the bytes of the first version are read, and what they lack is as in a run that has not begun', () => {
    const text =
      '{"runId":"r","pipeline":"p","status":"Failed","startedMs":5,"updatedMs":9,"jobs":[{"name":"a",' +
      '"status":"Failed","items":2,"done":1,"failed":1,"retried":1,"skipped":0,"before":0,"startedMs":6,' +
      '"cause":{"kind":"Evicted","message":"m"},"waiting":null}],"counts":{"Failed":1},"failures":[],' +
      '"result":null,"lastError":"a: m","problem":null,"trouble":null}';
    expect(parseSummary(text, RUN, FILE)).toMatchObject({
      createdMs: 1000,
      retryOf: 'old',
      startedMs: 5,
      updatedMs: 9,
      jobs: [{ name: 'a', failed: 1, startedMs: 6, cause: { kind: 'Evicted' } }],
    });
    expect(parseSummary('{"status":"Running","jobs":[{"name":"a","status":"Running"}]}', RUN, FILE)).toEqual({
      ...NEW,
      jobs: [{ ...newJobProgress('a'), status: 'Running' }],
    });
  });

  test('no report is a run that has not begun', () => {
    expect(parseSummary(undefined, RUN, FILE)).toEqual(NEW);
  });

  test('any report is read or refused, and a newer one is', () => {
    expectDoor(value => parseSummary(JSON.stringify(value), RUN, FILE), [full]);
    expect(parseSummary(JSON.stringify(full), RUN, FILE)).toMatchObject(full);
    for (const broken of ['', '{"status', 'null', '[]', '7', '{}'])
      expect(refusalOf(() => parseSummary(broken, RUN, FILE), null)?.problems).toMatchObject([
        { code: 'BAD_RUN', path: expect.stringContaining(FILE) },
      ]);
    expect(refusalOf(() => parseSummary('{"format":2}', RUN, FILE), null)?.problems).toMatchObject([
      {
        code: 'NEWER_FORMAT',
        path: FILE,
        message: expect.stringContaining('This report of a run was written in format 2'),
      },
    ]);
  });

  test('a run that has not begun is written with the 0 that the first version writes', () => {
    expect(JSON.parse(formatSummary(NEW))).toMatchObject({ updatedMs: 0, startedMs: 1000 });
  });
});
