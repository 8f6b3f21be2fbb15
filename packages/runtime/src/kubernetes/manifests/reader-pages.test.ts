import { type KTJob, mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { expectDoor, refusalOf, requiredFields } from '../../../../../test/kit/door-laws.js';
import { PROBE_REPORT } from './probe-job.js';
import { READ_LINE, READ_REQUEST, type ReadLine, type ReadRequest } from './reader-pages.js';

const request: ReadRequest = {
  what: 'lines',
  runId: 'r',
  store: 'file:/x',
  place: 'a/1',
  previous: false,
  after: { atMs: 1, count: 2 },
  pageBytes: 100,
};
const [STEP] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'container', name: 'a/b', container: { image: 'x' } }],
}).jobs as [KTJob];
const CALL = { image: 'x', command: ['a'], args: ['', '$(B)'], env: {}, workdir: '/tmp', resultFile: null };
const lines: ReadLine[] = [
  { begin: true },
  { line: { job: 'a', item: 0, attempt: 1, atMs: 5, level: 'info', message: 'm', data: { x: 1 } } },
  { failed: { job: 'a', item: null, attempts: 0, cause: { kind: 'Lost', message: 'm' } } },
  ...[{ ...CALL, command: null }, { ...CALL, env: { A: '' } }, null].map(call => ({
    step: { item: 3, job: STEP, call },
  })),
  { end: { count: 1, more: false } },
  { error: [{ code: 'C', path: 'p', message: 'm', hint: 'h' }] },
];

test('a request to read logs is read as it was written, or refused', () => {
  const door = (value: unknown): unknown => READ_REQUEST.check(value, 'KT_READ');
  expect(READ_REQUEST.parse(READ_REQUEST.text(request), 'KT_READ')).toEqual(request);
  expectDoor(door, [
    request,
    { ...request, what: 'failed', place: null },
    { ...request, what: 'step', item: 0 },
  ]);
  expect(requiredFields(door, request)).toEqual(Object.keys(request));
  expect(refusalOf(door, { format: 2 })?.message).toContain(
    'This request to read logs was written in format 2',
  );
});

test('what a pod answers is read as it was written, or refused', () => {
  for (const line of lines) expect(READ_LINE.check(READ_LINE.stamped(line), 'f')).toEqual(line);
  expectDoor(value => READ_LINE.check(value, 'f'), lines);
  expect(refusalOf(value => READ_LINE.check(value, 'f'), { format: 2, begin: true })?.code).toBe(
    'NEWER_FORMAT',
  );
});

test('what a probe reports is read as it was written, or refused', () => {
  const packages = [{ name: 'sharp', problem: null }];
  const store = { failures: [], aheadMs: null, puts: null, left: [] };
  const report = { node: '24.1.0', nowMs: 5, store, packages };
  const verb = 'put if absent' as const;
  const bad = {
    ...{ failures: [{ verb, why: 'w', hint: '' }], left: ['one'] },
    ...{ aheadMs: -5, puts: { count: 1, totalMs: 2.5, medianMs: 1 } },
  };
  expect(PROBE_REPORT.parse(PROBE_REPORT.text(report), 'f')).toEqual(report);
  expectDoor(
    value => PROBE_REPORT.check(value, 'f'),
    [report, { ...report, store: bad, packages: [{ name: 'sharp', problem: 'p' }] }],
  );
});
