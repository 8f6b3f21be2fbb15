import type { LogLine } from '@kube-transform/runtime';
import { expect, test } from 'vitest';
import { SeenLines } from './seen-lines.js';

const line = (item: number, atMs: number, message: string, attempt = 1): LogLine => ({
  job: 'j',
  item,
  attempt,
  atMs,
  level: 'info',
  message,
});

test('SL1: what two sources tell is shown once, also lines of one moment that are alike', () => {
  const seen = new SeenLines();
  const [store, pod] = [{}, {}];
  const lines = [line(0, 1, 'a'), line(0, 1, 'a'), line(1, 1, 'b'), line(0, 2, 'c')];
  expect(lines.map(one => seen.isNew(one, store))).toEqual([true, true, true, true]);
  const more = [...lines, line(0, 2, 'd'), line(0, 3, 'e'), line(0, 3, 'f', 2)];
  expect(more.map(one => seen.isNew(one, pod))).toEqual([false, false, false, false, true, true, true]);
  expect(more.map(one => seen.isNew(one, {}))).toEqual(more.map(() => false));
});

test('SL1: a source that begins late tells what is new', () => {
  const seen = new SeenLines();
  seen.isNew(line(0, 1, 'a'), {});
  const late = {};
  expect([line(0, 5, 'x'), line(0, 6, 'y')].map(one => seen.isNew(one, late))).toEqual([true, true]);
});
