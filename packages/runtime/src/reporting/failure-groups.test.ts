import type { FailureCause } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { type FailureGroup, groupFailures, normalised, toldFailures, whereOf } from './failure-groups.js';

const same = (stack: string): string => stack;

const threw = (message: string, stack?: string): FailureCause => ({
  kind: 'Threw',
  name: 'Error',
  message,
  ...(stack === undefined ? {} : { stack: `Error: ${message}\n${stack}` }),
});

test.each([
  ['connect ECONNRESET 10.0.0.17:443', 'connect ECONNRESET 10.1.2.3:8080'],
  ['no file "a/b.csv"', "no file 'c.csv'"],
  ['GET https://x.org/a?b=1 gave 503', 'GET http://y.org gave 502'],
  ['cannot read /data/2024/a.csv: denied', 'cannot read ../b.csv: denied'],
  ['row 3f2b8a90-1111-4222-8333-444455556666 is bad', 'row 00000000-1111-4222-8333-444455556666 is bad'],
  ['object deadbeef01 at 0x1f', 'object c0ffee42aa at 0xff'],
  ['1,024 rows', '7 rows'],
])('%s and %s are one failure', (a, b) => {
  expect(normalised(a)).toBe(normalised(b));
});

test('what differs in words is two failures', () => {
  expect(normalised('connect ECONNRESET 1')).not.toBe(normalised('connect ETIMEDOUT 1'));
  expect(normalised('decade')).toBe('decade');
});

test('groups are counted, with where and examples', () => {
  const at = '    at clean (/x/fetch.ts:41:7)\n    at call (/x/b.ts:1:1)';
  const failed = Array.from({ length: 5 }, (_, item) => ({
    job: 'get',
    item,
    cause: threw(`timeout after ${item} ms`, at),
  }));
  const groups = groupFailures(
    [{ job: 'load', item: null, cause: { kind: 'Cancelled', message: 'stopped' } }, ...failed],
    same,
  );
  expect(groups).toHaveLength(2);
  expect(groups[0]).toMatchObject({
    count: 5,
    message: 'timeout after ‹n› ms',
    where: expect.stringMatching(/fetch\.ts:41$/),
    examples: [{ item: 0 }, { item: 1 }, { item: 2 }],
  });
  expect(groups[1]).toMatchObject({ count: 1, where: null });
  expect(whereOf(threw('x'), same)).toBeNull();
});

test('examples are told in the order of their items, whichever failed first', () => {
  const [group] = groupFailures(
    [4, 1, 3].map(item => ({ job: 'get', item, cause: threw('no') })),
    same,
  );
  expect(group?.examples.map(({ item }) => item)).toEqual([1, 3, 4]);
});

test('the same words from two places are two failures', () => {
  const failed = [1, 2].map(line => ({
    job: 'get',
    item: line,
    cause: threw('bad', `    at f (/x/a.ts:${line}:1)`),
  }));
  expect(groupFailures(failed, same)).toHaveLength(2);
});

test.each([
  [
    ['HTTP 500 from https://x.org/page/1', 'HTTP 500 from https://x.org/page/17'],
    'HTTP 500 from https://x.org/page/‹n›',
  ],
  [['no answer from host-1', 'no answer from host-1'], 'no answer from host-1'],
  [['row 1,024 of "a.csv"', 'row 7 of "b.csv"', 'row 8 of "c.csv"'], 'row ‹…›.csv"'],
  [['took 12 ms', 'took 112 ms', 'took 3 ms'], 'took ‹n› ms'],
  [['cannot read /data/a.csv', 'cannot read /data/2024/b.csv'], 'cannot read /data/‹…›.csv'],
])('failures that say %j - are told by what they share', (messages, message) => {
  const failed = messages.map((text, item) => ({ job: 'get', item, cause: threw(text) }));
  expect(groupFailures(failed, same)).toMatchObject([{ count: messages.length, message }]);
});

describe('toldFailures', () => {
  const group = (cause: FailureCause, count = 1): FailureGroup => ({
    ...{ count, message: cause.message, where: 'a.ts:1' },
    examples: [{ job: 'a', item: 0, cause }],
  });

  test('the most frequent kinds - the others are counted, with what was left out before', () => {
    const groups = Array.from({ length: 23 }, (_, i) => group(threw(`kind ${i}`), 100 - i));
    const told = toldFailures(groups, { more: 7 });
    expect(told.groups).toEqual(groups.slice(0, 20));
    expect(told.omitted).toBe(80 + 79 + 78 + 7);
    expect(toldFailures([])).toEqual({ groups: [], omitted: 0 });
  });

  test('long texts - are cut in every kind of cause, and no character in two', () => {
    const long = `ab\u{1f600}${'c'.repeat(1_000_000)}`;
    const problems = Array.from({ length: 50 }, () => ({ code: 'X', message: long, path: long, hint: long }));
    const first: FailureCause = { kind: 'Threw', name: long, message: long, stack: long };
    const causes: FailureCause[] = [
      { kind: 'InvalidInput', message: long, problems },
      { kind: 'InvalidSpawn', message: long, problems },
      { kind: 'ItemsFailed', message: long, failed: 1, total: 1, firstItem: 0, first },
      { kind: 'NotStarted', message: long, reason: long },
      { kind: 'InvalidResult', message: long, path: long },
      { kind: 'UnknownFunction', message: long, function: long },
    ];
    const { groups } = toldFailures(
      causes.map(cause => ({ ...group(cause), where: long })),
      { text: 3 },
    );
    expect(JSON.stringify(groups).length).toBeLessThan(3000);
    expect(JSON.stringify(groups)).not.toMatch(/ab[^"]/);
    expect(groups[2]?.examples[0]?.cause).toMatchObject({
      first: { name: 'ab', message: 'ab', stack: 'ab' },
    });
  });
});
