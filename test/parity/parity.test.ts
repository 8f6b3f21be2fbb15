/** Each feature of the projects that this one replaces is shown by a test that is there. */
import { describe, expect, test } from 'vitest';
import { read } from '../kit/sources.js';
import { FEATURES } from './features.js';

describe('features of the projects that this one replaces', () => {
  test('every row has its evidence, or says what it waits for', () => {
    const rows = Object.entries({ A: 13, B: 8, C: 10, D: 9, E: 7 }).flatMap(([letter, n]) =>
      Array.from({ length: n }, (_, i) => `${letter}${i + 1}`),
    );
    expect(Object.keys(FEATURES)).toEqual(rows);
  });

  for (const [id, evidence] of Object.entries(FEATURES)) {
    if ('waitsFor' in evidence) test.skip(`${id} waits for ${evidence.waitsFor}`, () => undefined);
    else
      test(`${id} is shown by ${evidence.file}`, () => {
        const titles = [
          ...read(evidence.file).matchAll(
            /\b(?:test|it|describe)(?:\.each\([\s\S]*?\))?\(\s*(['"`])(.*?)\1/g,
          ),
        ].map(match => match[2] ?? '');
        expect(titles.some(title => title.includes(evidence.test))).toBe(true);
      });
  }
});
