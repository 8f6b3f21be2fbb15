import { describe, expect, test } from 'vitest';
import { formatRanges, nthOfRanges, parseRanges } from '../api/index-ranges.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';
import type { Job } from '../api/objects.js';
import { Wave } from './waves.js';
import { isTerminalJob } from '../api/objects.js';

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const jobOf = (pods: string, status: Job['status'] = {}): Job => ({
  metadata: {
    name: 'kt-m-2',
    labels: { [LABEL.wave]: '2' },
    annotations: { [ANNOTATION.pods]: pods, [ANNOTATION.memory]: '2Gi' },
  },
  status,
});
const wave = (pods: string, status: Job['status'] = {}): Wave => new Wave(jobOf(pods, status));
const gone = (of: Wave): Wave => {
  of.see(of.job, true);
  return of;
};
const deleted = (of: Wave): Wave => {
  of.setDeleted(true);
  return of;
};
const ended = (type: string): Job['status'] => ({ conditions: [{ type, status: 'True' }] });

describe('index ranges', () => {
  test.each([
    ['', []],
    ['0', [0]],
    ['1,3-5,7', [1, 3, 4, 5, 7]],
    ['99998-100000', [99_998, 99_999, 100_000]],
  ])('%j - is read and written', (text, list) => {
    expect(parseRanges(text)).toEqual(list);
    expect(formatRanges(list)).toBe(text);
    expect(list.map((_, n) => nthOfRanges(text, n))).toEqual(list);
    expect(nthOfRanges(text, list.length)).toBeUndefined();
  });

  test('are read as Kubernetes writes them: two neighbours need no dash', () => {
    expect(parseRanges('1,2,4-6')).toEqual([1, 2, 4, 5, 6]);
    expect(parseRanges(undefined)).toEqual([]);
  });

  test('of any set are what it was after writing and reading', () => {
    let seed = 42;
    const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    for (let round = 0; round < 50; round++) {
      const share = next();
      const list = numbers(200).filter(() => next() < share);
      expect(parseRanges(formatRanges(list))).toEqual(list);
      list.forEach((value, n) => expect(nthOfRanges(formatRanges(list), n)).toBe(value));
    }
  });
});

describe('waves', () => {
  test('V2: waves - are what is written on their Jobs', () => {
    expect(wave('4-6,9')).toMatchObject({ name: 'kt-m-2', number: 2, memory: '2Gi' });
    expect(numbers(5).map(index => wave('4-6,9').podAt(index))).toEqual([4, 5, 6, 9, undefined]);
  });

  test('V1: waves - cover the pods that they are still to run', () => {
    expect([...wave('4-6,9').coveredPods()]).toEqual([4, 5, 6, 9]);
    const is = wave('4-6,9', { completedIndexes: '0,3', failedIndexes: '1' });
    for (const index of [0, 3]) is.setHandled(index);
    expect([...is.coveredPods()]).toEqual([6]);
  });

  test.each([
    ['goes on', {}],
    ['has ended', ended('Complete')],
  ])('V1: what a pod has done whose Job %s - is not begun again before it is dealt with', (_, how) => {
    const is = wave('4-6,9', { ...how, completedIndexes: '0-3' });
    expect([...is.coveredPods()]).toEqual([4, 5, 6, 9]);
    is.setHandled(1);
    expect([...is.coveredPods()]).toEqual([4, 6, 9]);
  });

  test.each([
    ['a Job that is complete', wave('0-9', ended('Complete'))],
    ['a Job that failed', wave('0-9', ended('Failed'))],
    ['a Job that is gone', gone(wave('0-9'))],
    ['a Job that was deleted', deleted(wave('0-9'))],
  ])('V1: waves - %s covers nothing', (_name, dead) => {
    expect(dead.coveredPods().size).toBe(0);
    expect(dead.isLive).toBe(false);
  });

  test.each(['SuccessCriteriaMet', 'FailureTarget', 'Suspended'])('a Job is not at its end with %s', type => {
    expect(isTerminalJob(jobOf('0', ended(type)))).toBe(false);
    expect(isTerminalJob(jobOf('0', { conditions: [{ type: 'Complete', status: 'False' }] }))).toBe(false);
  });

  test('tell of each failed index until it was dealt with', () => {
    const failed = wave('4-6,9', { failedIndexes: '1-3' });
    failed.setHandled(2);
    expect(failed.failedIndexes()).toEqual([1, 3]);
  });

  describe('whose pods take one thing to do after another', () => {
    const jobWith = (status: Job['status'], spec: object, first: number): Job => {
      const { metadata, ...job } = jobOf('4-6,9', status);
      const annotations = { ...metadata.annotations, [ANNOTATION.lanes]: String(first) };
      return { ...job, metadata: { ...metadata, annotations }, spec: spec as Job['spec'] };
    };
    const shared = (status: Job['status'] = {}, completions = 2): Wave =>
      new Wave(jobWith(status, { completions }, 2));

    test('AS1: an assignment - each index has its own first, then what is left, and again what it has not done', () => {
      const is = shared();
      is.beginAssigning(0);
      const done = new Set<number>();
      const isOpen = (pod: number): boolean => !done.has(pod);
      expect([0, 1].map(index => is.podAt(index))).toEqual([4, 5]);
      // Another process in the place of one that was taken away.
      expect(is.assign(0, isOpen, 0)).toBe(4);
      done.add(4);
      expect(is.assign(0, isOpen, 0)).toBe(6);
      expect(is.unassigned).toBe(1);
      done.add(5);
      // An index that was added later.
      expect(is.assign(2, isOpen, 0)).toBe(9);
      expect([is.assign(1, isOpen, 0), is.unassigned]).toEqual([null, 0]);
      expect(is.assign(0, isOpen, 0)).toBe(6);
      done.add(6);
      expect(is.assign(0, isOpen, 0)).toBeNull();
      expect([0, 1, 2].map(index => is.podAt(index))).toEqual([6, 5, 9]);
    });

    test('has no more indexes than there is to do, though one that runs has not asked yet', () => {
      const is = shared({ ready: 3 }, 3);
      is.beginAssigning(0);
      is.worthwhileLanes(200, 0);
      expect([is.unassigned, is.worthwhileLanes(200, 60_000)]).toEqual([2, 4]);
    });

    test('gives up what it has not given, which others do', () => {
      const is = shared();
      is.beginAssigning(0);
      expect(is.assign(0, pod => pod > 4, 0)).toBe(6);
      is.giveUp();
      expect([[...is.coveredPods()], is.unassigned]).toEqual([[4, 5, 6], 0]);
      expect(is.assign(1, pod => pod > 5, 0)).toBeNull();
    });

    test('AS3: an index that a Job has no more - leaves what it has not done to others, where a queue has the say', () => {
      const is = new Wave(jobWith({}, { completions: 3 }, 0));
      is.beginAssigning(0);
      const isOpen = (pod: number): boolean => pod !== 4;
      // None begins with what is its own: how many there will be is not known.
      expect([is.podAt(0), is.unassigned]).toEqual([undefined, 4]);
      expect([2, 0, 1].map(index => is.assign(index, pod => pod > 0, 0))).toEqual([4, 5, 6]);
      is.see(jobWith({}, { completions: 1 }, 0), false);
      expect([0, 0].map(index => is.assign(index, isOpen, 0))).toEqual([5, 5]);
      expect(is.assign(0, pod => pod > 5, 0)).toBe(9);
      expect(is.assign(0, pod => pod === 6, 0)).toBe(6);
      expect(is.assign(0, () => false, 0)).toBeNull();
      expect(is.unassigned).toBe(0);
    });

    test.each([
      ['is suspended and has no pods', {}, { suspend: true }, 4],
      ['runs', { active: 1 }, {}, null],
      ['is suspended, and its pods still end', { terminating: 1 }, { suspend: true }, null],
    ])('a Job of another controller that %s - is given %j of what is left', (_, status, spec, first) => {
      const is = new Wave(jobWith(status, { completions: 3, ...spec }, 0));
      is.see(is.job, false);
      is.see(jobWith({ active: 1 }, { completions: 3 }, 0), false);
      expect(is.assign(0, () => true, 0)).toBe(first);
    });

    test('V1: a wave - covers all of its pods while it lives, but what one had that has ended', () => {
      const is = shared({ completedIndexes: '0' });
      expect([...is.coveredPods()]).toEqual([4, 5, 6, 9]);
      is.release(5);
      expect([...is.coveredPods()]).toEqual([4, 6, 9]);
      expect([...shared(ended('Complete')).coveredPods()]).toEqual([]);
      // With an index for each, index 2 may have had what is third, or anything else.
      expect([...shared({ completedIndexes: '2' }, 4).coveredPods()]).toEqual([4, 5, 6, 9]);
    });

    test('a Job that another controller has made - is given nothing, and no more pods', () => {
      const is = shared({ ready: 2 });
      expect([is.assign(0, () => true, 0), is.unassigned, is.worthwhileLanes(100, 1e6)]).toEqual([
        null,
        0,
        2,
      ]);
    });
  });
});
