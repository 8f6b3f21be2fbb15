import { expect, test } from 'vitest';
import { closest, didYouMean, pipelineJobName, spawnedJobName } from './names.js';

test('finds the name that was meant, whatever its case', () => {
  expect(closest('extrat', ['load', 'extract', 'extra-steps'])).toBe('extract');
  expect(closest('LOAD', ['load', 'extract'])).toBe('load');
  expect(closest('lod', ['loud', 'load'])).toBe('loud');
});

test('suggests nothing where nothing is close', () => {
  expect(closest('transform', ['load', 'extract'])).toBeUndefined();
  expect(closest('x', [])).toBeUndefined();
});

test('never suggests a name of which every letter differs', () => {
  expect(closest('c', ['a', 'b'])).toBeUndefined();
  expect(closest('ab', ['xy'])).toBeUndefined();
  expect(closest('ab', ['ac'])).toBe('ac');
});

test('long names may differ in a third of their letters', () => {
  expect(closest('summarise_flights', ['summarize_flight'])).toBe('summarize_flight');
});

test('didYouMean is a sentence, or nothing', () => {
  expect(didYouMean('extrat', ['extract'])).toBe('Did you mean "extract"?');
  expect(didYouMean('extrat', ['load'])).toBeUndefined();
});

test('a pathological list of names is not searched to its end', () => {
  const names = function* (): Generator<string> {
    for (let i = 0; i < 10_001; i++) yield i < 10_000 ? `name-${i}` : expect.unreachable('read too far');
  };
  expect(closest('zzzzzz', (function* () { yield* [...Array.from({ length: 10_000 }, () => 'other'), 'zzzzzy']; })())).toBeUndefined();
  expect(closest('name-12', names())).toBe('name-12');
});

test('unnamed jobs are named as kube-transform names them', () => {
  expect(pipelineJobName('etl', 2)).toBe('pipeline-etl-job-2');
  expect(spawnedJobName('fan', 0)).toBe('fan-job-0');
});
