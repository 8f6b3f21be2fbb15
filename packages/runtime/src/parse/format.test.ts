import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changed, expectDoor, refusalOf, requiredFields } from '../../../../test/kit/door-laws.js';
import { Format } from './format.js';
import { parseText, tryJson } from './parse-json.js';
import {
  count,
  flag,
  json,
  list,
  nullOr,
  number,
  oneOf,
  optional,
  orElse,
  record,
  table,
  text,
  variant,
} from './shapes.js';
import { VERSION } from './version.js';

interface Parcel {
  to: string;
  weight: number;
  stamps: number[];
  kind: Kind;
  note?: string;
  labels: Record<string, string>;
  back: { name: string } | null;
}
type Kind = { is: 'letter'; sheets: number } | { is: 'box'; content: unknown; fragile: boolean };

const options = {
  name: 'parcel',
  code: 'BAD_PARCEL',
  hint: 'Send it again.',
  shape: record<Parcel>({
    to: text,
    weight: number,
    stamps: list(count),
    kind: variant<Kind, 'is'>('is', { letter: { sheets: count }, box: { content: json, fragile: flag } }),
    note: optional(text),
    labels: orElse(table(text), {}),
    back: nullOr(record<{ name: string }>({ name: text })),
  }),
};
const format = new Format<Parcel>(options);
const door = (value: unknown): Parcel => format.check(value, 'parcels/1.json');
const parcel: Parcel = {
  to: 'Ada',
  weight: 1.5,
  stamps: [1, 2],
  kind: { is: 'box', content: { a: [1] }, fragile: true },
  note: 'n',
  labels: { a: 'b' },
  back: { name: 'Bob' },
};

describe('a format', () => {
  test('what is written is read again', () => {
    const parcels = fc.record<Parcel>(
      {
        to: fc.string(),
        weight: fc.double({ noNaN: true, noDefaultInfinity: true }).map(x => (x === 0 ? 0 : x)),
        stamps: fc.array(fc.nat()),
        kind: fc.oneof(
          fc.record({ is: fc.constant('letter' as const), sheets: fc.nat() }),
          fc.record({ is: fc.constant('box' as const), content: fc.jsonValue(), fragile: fc.boolean() }),
        ),
        note: fc.string(),
        labels: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        back: fc.option(fc.record({ name: fc.string() })),
      },
      { requiredKeys: ['to', 'weight', 'stamps', 'kind', 'labels', 'back'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(parcels, value => {
        expect(format.parse(format.text(value), 'f')).toEqual(tryJson(JSON.stringify(value)));
      }),
    );
  });

  test('anything is read or refused', () => {
    expectDoor(door, [parcel, { ...parcel, kind: { is: 'letter', sheets: 1 }, back: null }]);
    expect(requiredFields(door, parcel)).toEqual(['to', 'weight', 'stamps', 'kind', 'back']);
  });

  test('it begins with its number, and with the version of kt where it is signed', () => {
    expect(format.text(parcel)).toMatch(/^\{"format":1,"to"/);
    expect(new Format({ ...options, latest: 4, isSigned: true }).text(parcel)).toMatch(
      new RegExp(`^\\{"format":4,"kt":"${VERSION.replaceAll('.', '\\.')}","to"`),
    );
  });

  test('without a number it is of format 1; fields that are not known are left out', () => {
    expect(door({ ...parcel, format: 1, later: true })).toEqual(parcel);
    expect(door(parcel)).toEqual(parcel);
  });

  test('a newer one is refused before it is looked into, with both versions', () => {
    const refusal = (value: object): unknown => refusalOf(door, value)?.problems;
    expect(refusal({ format: 3, kt: '0.9.0' })).toEqual([
      {
        code: 'NEWER_FORMAT',
        path: 'parcels/1.json',
        message: `This parcel was written in format 3 by a newer kt (0.9.0); this kt ${VERSION} reads formats up to 1.`,
        hint: 'Update @kube-transform/cli.',
      },
    ]);
    expect(refusal({ format: 2 })).toMatchObject([
      { message: expect.stringContaining('by a newer kt; this') },
    ]);
  });

  test.each<[string, unknown, string, string]>([
    ['not an object', [1], '', 'expected an object, but got a list of 1'],
    [
      'a number that is none',
      { ...parcel, format: 0 },
      'format',
      'expected a whole number of at least 1, but got 0',
    ],
    ['a field that is missing', changed(parcel, ['to'], undefined), 'to', 'expected text, but got nothing'],
    [
      'an element',
      changed(parcel, ['stamps', 1], -1),
      'stamps[1]',
      'expected a whole number of at least 0, but got -1',
    ],
    [
      'a word',
      changed(parcel, ['kind', 'is'], 'tube'),
      'kind.is',
      'expected "letter" or "box", but got "tube"',
    ],
    [
      'a field of a kind',
      changed(parcel, ['kind', 'fragile'], 'x'.repeat(99)),
      'kind.fragile',
      `expected true or false, but got "${'x'.repeat(58)}…`,
    ],
    [
      'a key that is no name',
      changed(parcel, ['labels', 'a b'], null),
      'labels["a b"]',
      'expected text, but got null',
    ],
    [
      'a field deep down',
      changed(parcel, ['back', 'name'], {}),
      'back.name',
      'expected text, but got an object',
    ],
  ])('what is wrong is named - %s', (_, value, path, what) => {
    expect(refusalOf(door, value)?.problems).toEqual([
      {
        code: 'BAD_PARCEL',
        path: `parcels/1.json ${path}`.trim(),
        message: `This parcel cannot be read: ${what}.`,
        hint: 'Send it again.',
      },
    ]);
  });

  test('a text that is no JSON is refused', () => {
    for (const broken of ['', '{"to":"Ad', 'hello', '<html>'])
      expect(refusalOf(() => format.parse(broken, 'parcels/1.json'), null)?.problems).toMatchObject([
        {
          code: 'BAD_PARCEL',
          path: 'parcels/1.json',
          message: expect.stringMatching(/^This parcel cannot be read: it is not JSON: .+\.$/),
        },
      ]);
  });
});

test('names of the language are fields like others', () => {
  const shape = record<{ toString: string; constructor?: string }>({
    toString: text,
    constructor: optional(text),
  });
  const origin = { ...options, file: 'f' };
  expect(parseText(shape, '{"toString":"a","__proto__":1}', origin)).toEqual({ toString: 'a' });
  expect(refusalOf(() => parseText(shape, '{}', origin), null)?.message).toContain('f toString: ');
  expect(parseText(table(number), '{"__proto__":1}', origin)).toHaveProperty(['__proto__'], 1);
  expect(
    refusalOf(() => parseText(variant<{ k: 'a' }, 'k'>('k', { a: {} }), '{"k":"constructor"}', origin), null)
      ?.code,
  ).toBe('BAD_PARCEL');
  expect(parseText(oneOf('a', 'b'), '"b"', origin)).toBe('b');
});

test.each(['sdk', 'runtime', 'cli'])('the version is that of the package %s', name => {
  const manifest = tryJson(readFileSync(new URL(`../../../${name}/package.json`, import.meta.url), 'utf8'));
  // To be written into version.ts with every release.
  expect(manifest).toMatchObject({ version: VERSION });
});
