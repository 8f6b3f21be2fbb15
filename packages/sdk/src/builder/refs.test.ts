import { describe, expect, test } from 'vitest';
import { isKtError } from '../errors.js';
import { asRef, parseRef, refSources, replaceRefs } from '../document/read-refs.js';
import { each, makeRef } from './refs.js';

interface Row {
  name: string;
  tags: string[];
}
const row = makeRef<Row>('load', '/0');
const rows = makeRef<Row[]>('load');

const problemOf = (work: () => unknown): { code: string; path: string; message: string } => {
  try {
    work();
  } catch (error) {
    if (isKtError(error) && error.problems[0] !== undefined) return error.problems[0];
    throw error;
  }
  return expect.unreachable('nothing was thrown');
};

describe('paths', () => {
  test('follow fields and indexes', () => {
    expect(asRef(row.name)).toEqual({ $ref: 'load#/0/name' });
    expect(asRef(row.tags[3])).toEqual({ $ref: 'load#/0/tags/3' });
    expect(asRef(rows[1]?.tags)).toEqual({ $ref: 'load#/1/tags' });
  });

  test('`at` is an index, and a field of that name can be passed on', () => {
    expect(asRef(rows.at(2).tags.at(0))).toEqual({ $ref: 'load#/2/tags/0' });
    expect(asRef(makeRef<{ at: string }>('load', '/0').at)).toEqual({ $ref: 'load#/0/at' });
    expect(() => rows.at(-1)).toThrow(
      'The ref "load#" was opened at -1, but an index is a whole number of at least 0.',
    );
  });

  test('escape "/" and "~", and read them back', () => {
    const odd = makeRef<Record<string, Record<string, string>>>('load')['a/b']?.['~c~1'];
    expect(asRef(odd)).toEqual({ $ref: 'load#/a~1b/~0c~01' });
    expect(parseRef({ $ref: 'load#/a~1b/~0c~01' })).toEqual({ source: 'load', pointer: ['a/b', '~c~1'] });
  });

  test('a job name may hold dots and slashes, an empty key is a key', () => {
    expect(parseRef({ $ref: 'sub.a/b#/0//x' })).toEqual({ source: 'sub.a/b', pointer: ['0', '', 'x'] });
    expect(parseRef({ $ref: 'load#' })).toEqual({ source: 'load', pointer: [] });
  });

  test('fields called "each" and "toJSON" can be passed on', () => {
    const odd = makeRef<{ each: string; toJSON: string; length: number; name: string }>('load', '/0');
    expect([odd.each, odd.toJSON, odd.length, odd.name].map(asRef)).toEqual(
      ['each', 'toJSON', 'length', 'name'].map(key => ({ $ref: `load#/0/${key}` })),
    );
  });

  test('a ref in JSON is its serialised form', () => {
    expect(JSON.stringify({ a: row.name, b: [row] })).toBe(
      '{"a":{"$ref":"load#/0/name"},"b":[{"$ref":"load#/0"}]}',
    );
  });

  test('a ref can be awaited, and is itself', async () => {
    expect(asRef(await (row as unknown as Promise<unknown>))).toEqual({ $ref: 'load#/0' });
  });
});

describe('each', () => {
  test('maps over a result with refs to the item and its index', () => {
    const { items, args } = rows.each((item, index) => ({ name: item.name, at: index }));
    expect(items).toEqual({ $ref: 'load#' });
    expect(replaceRefs(args, ref => ref.$ref)).toEqual({ name: 'item#/name', at: 'index#' });
  });

  test('maps over a list that is known already', () => {
    const { items, args } = each([2024, 2025], year => ({ year }));
    expect(items).toEqual([2024, 2025]);
    expect(asRef(args.year)).toEqual({ $ref: 'item#' });
  });
});

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument -- what the compiler refuses is tried here */
const loose = row as any;
test.each<[string, string, () => unknown]>([
  ['a template', 'turned into text or a number', () => `${loose.name}.csv`],
  ['a sum', 'turned into text or a number', () => loose.n + 1],
  ['a comparison', 'turned into text or a number', () => loose.n < 3],
  ['String()', 'turned into text or a number', () => String(loose.name)],
  ['a spread into an object', 'spread or enumerated', () => ({ ...loose })],
  ['Object.keys', 'spread or enumerated', () => Object.keys(loose)],
  ['a spread into an array', 'iterated over', () => [...loose.tags]],
  [
    'for … of',
    'iterated over',
    () => {
      for (const tag of loose.tags) return tag;
    },
  ],
  ['a call of a method', 'called', () => loose.name.replace('a', 'b')],
  ['map', 'called', () => loose.tags.map((tag: string) => tag)],
  [
    'an assignment',
    'assigned to',
    () => {
      loose.name = 'x';
    },
  ],
  [
    'a delete',
    'deleted from',
    () => {
      delete loose.name;
    },
  ],
])('%s with a ref is refused with a sentence', (_what, did, work) => {
  const problem = problemOf(work);
  expect(problem.code).toBe('REF_USED_AS_VALUE');
  expect(problem.message).toMatch(
    new RegExp(`^The ref "load#/0[^"]*" was ${did} while the pipeline was being built`),
  );
});

test('a called method is named with its path', () => {
  expect(problemOf(() => loose.name.replace('a', 'b')).path).toBe('load#/0/name/replace');
});

describe('data that looks like a ref', () => {
  test.each([
    { $ref: '#/definitions/x' },
    { $ref: '#' },
    { $ref: 3 },
    { $ref: 'load#/0', more: 1 },
    { $ref: 'no-hash' },
    { $ref: 'a#b' },
    {},
    null,
    'load#/0',
  ])('%j stays data', value => {
    expect(asRef(value)).toBeUndefined();
    expect(replaceRefs({ value }, () => 'replaced')).toEqual({ value });
  });
});

test('replaceRefs reaches every depth and leaves the rest as it is', () => {
  const date = new Date(0);
  const value = { a: [row.name, { b: { $ref: 'x#/1' } }], c: 1, d: null, date };
  expect(replaceRefs(value, ref => ref.$ref)).toEqual({
    a: ['load#/0/name', { b: 'x#/1' }],
    c: 1,
    d: null,
    date,
  });
});

test('refSources tells every job once', () => {
  expect([...refSources({ a: row, b: [row.name, { $ref: 'x#' }], c: { $ref: '#/data' } })]).toEqual([
    'load',
    'x',
  ]);
});
