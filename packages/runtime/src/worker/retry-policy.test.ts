import type { FailureCause } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import type { PodEndKind } from '../ports/index.js';
import {
  attemptTimeoutMs,
  backoffMs,
  blamedItems,
  judgeAttempt,
  judgePod,
  NO_HISTORY,
  raisedMemory,
} from './retry-policy.js';

const message = 'm';
const threw: FailureCause = { kind: 'Threw', name: 'Error', message };
const exited: FailureCause = { kind: 'Exited', message, exitCode: 3, signal: null };
const evicted: FailureCause = { kind: 'Evicted', message };
const starved: FailureCause = { kind: 'OutOfMemory', message, memory: '1Gi' };
const late: FailureCause = { kind: 'DeadlineExceeded', message, timeoutMs: 5 };

describe('an attempt', () => {
  test.each<[string, FailureCause, { attempts: number; interruptions?: number } | undefined, object]>([
    ['the first of three', threw, undefined, { attempts: 1, isFree: false, isFinal: false }],
    ['the last of three', threw, { attempts: 2 }, { attempts: 3, isFree: false, isFinal: true }],
    ['one of a process that ended', exited, { attempts: 1 }, { attempts: 2, isFree: false, isFinal: false }],
    ['one that was permanent', { ...threw, permanent: true }, undefined, { attempts: 1, isFinal: true }],
    [
      'one that another cannot better',
      { kind: 'InvalidInput', message, problems: [] },
      undefined,
      { attempts: 1, isFinal: true },
    ],
    ['one that was evicted', evicted, { attempts: 2 }, { attempts: 2, isFree: true, isFinal: false }],
    [
      'the tenth interruption',
      evicted,
      { attempts: 0, interruptions: 9 },
      { attempts: 0, isFree: true, isFinal: false },
    ],
    [
      'one interruption too many',
      evicted,
      { attempts: 0, interruptions: 10 },
      { isFree: true, isFinal: true },
    ],
  ])('an attempt of 1 + 2 retries - %s', (_, cause, before, judged) => {
    expect(judgeAttempt(before, cause, { retries: 2 })).toMatchObject(judged);
  });

  test('an attempt - said to be free, it costs none, but counts as an interruption', () => {
    const before = { attempts: 1, interruptions: 10 };
    expect(judgeAttempt({ attempts: 1 }, starved, { retries: 0, isFree: true })).toEqual({
      attempts: 1,
      isFree: true,
      isFinal: true,
    });
    expect(judgeAttempt(undefined, starved, { retries: 0, isFree: true }).isFinal).toBe(false);
    expect(judgeAttempt(before, starved, { retries: 5, isFree: true }).isFinal).toBe(true);
  });

  test.each([
    [1, 1000],
    [2, 2000],
    [4, 8000],
    [9, 60_000],
  ])('backoff - after %i attempts %i ms', (attempts, ms) => {
    expect(backoffMs({ initial: '1s', factor: 2, max: '1m' }, attempts)).toBe(ms);
  });

  test.each([
    [null, null],
    ['1m30s', 90_000],
  ])('timeout - %s is %s', (timeout, ms) => {
    expect(attemptTimeoutMs({ timeout })).toBe(ms);
  });
});

describe('memory', () => {
  test.each([
    ['1Gi', '1Gi', '2048Mi'],
    ['1Gi', '2048Mi', '4096Mi'],
    ['1Gi', '4096Mi', '4096Mi'],
    ['100M', '100M', '200000000'],
    ['1500k', '1500k', '3000000'],
  ])('raised memory - of %s asked for, after %s comes %s', (asked, had, next) => {
    expect(raisedMemory({ asked, had })).toBe(next);
  });
});

describe('blame', () => {
  const memory = { asked: '1Gi', had: '1Gi' };
  const end = (kind: PodEndKind, cause: FailureCause, of: number | null = null) => ({
    kind,
    cause,
    late: of,
  });

  test.each(['done', 'unstored', 'broken', 'unfit'] as const)('blame - of a pod that is %s: nobody', kind => {
    expect(blamedItems(end(kind, exited), [1, 2], memory)).toEqual([]);
  });

  test('blame - of a crash: all that had begun', () => {
    expect(blamedItems(end('crashed', exited), [1, 2], memory)).toEqual([
      { item: 1, cause: exited, isFree: false },
      { item: 2, cause: exited, isFree: false },
    ]);
  });

  test('blame - of a late attempt: that one; those it took along are evicted', () => {
    const blamed = blamedItems(end('deadline', late, 2), [1, 2], memory);
    expect(blamed.map(({ cause }) => cause.kind)).toEqual(['Evicted', 'DeadlineExceeded']);
  });

  test.each([
    ['1Gi', true],
    ['2Gi', true],
    ['4Gi', false],
  ])('blame - of a lack of memory with %s of 1Gi asked for: free is %s', (had, isFree) => {
    expect(blamedItems(end('memory', starved), [1], { asked: '1Gi', had })).toEqual([
      { item: 1, cause: starved, isFree },
    ]);
  });
});

describe('a pod', () => {
  /** After how many ends of one kind there are too many, and what of. */
  const until = (kind: PodEndKind, hasBegun: boolean): { times: number; tooMany: string | null } => {
    let history = NO_HISTORY;
    for (let times = 1; times <= 100; times++) {
      const judged = judgePod(kind, hasBegun, history);
      if (judged.tooMany !== null) return { times, tooMany: judged.tooMany };
      history = judged.history;
    }
    return { times: Number.POSITIVE_INFINITY, tooMany: null };
  };

  test.each<[PodEndKind, 'with' | 'without', number, string | null]>([
    ['crashed', 'without', 3, 'false starts'],
    ['deadline', 'without', 3, 'false starts'],
    ['broken', 'without', 3, 'false starts'],
    ['unfit', 'without', 1, 'unfit code'],
    ['unfit', 'with', 1, 'unfit code'],
    ['memory', 'without', 3, 'memory'],
    ['disrupted', 'without', 21, 'disruptions'],
    ['broken', 'with', 3, 'false starts'],
    ['unstored', 'without', 10, 'store failures'],
    ['unstored', 'with', 10, 'store failures'],
    ['crashed', 'with', Number.POSITIVE_INFINITY, null],
    ['memory', 'with', Number.POSITIVE_INFINITY, null],
    ['deadline', 'with', Number.POSITIVE_INFINITY, null],
    ['disrupted', 'with', Number.POSITIVE_INFINITY, null],
  ])('pods that end %s, %s items begun - too many after %s: %s', (kind, having, times, tooMany) => {
    expect(until(kind, having === 'with')).toEqual({ times, tooMany });
  });

  test.each<[PodEndKind, boolean]>([
    ['crashed', true],
    ['deadline', true],
    ['unstored', true],
    ['broken', true],
    ['memory', false],
    ['disrupted', false],
    ['done', false],
  ])('a pod that ended %s - the next one is delayed: %s', (kind, isDelayed) => {
    expect(judgePod(kind, true, NO_HISTORY).isDelayed).toBe(isDelayed);
  });
});
