/** What `kt check` writes of a file. */
import { expect, test } from 'vitest';
import { checkLines } from './check-report.js';

const NOTHING = { file: 'a.ts', pipelines: [], functions: [], problems: [] };

test('checkLines - a file with pipelines, parameters and functions', () => {
  const lines = checkLines({
    ...NOTHING,
    pipelines: [
      {
        name: 'etl',
        jobs: [
          { name: 'list', type: 'static', dependencies: [] },
          { name: 'work', type: 'map', dependencies: ['list', 'other'] },
        ],
        params: [
          { name: 'n', flag: '--n <number>', note: '(default: 7)', required: false },
          { name: 'm', flag: '--m <json>', note: '', required: false },
        ],
      },
    ],
    functions: [
      { name: 'a.one', kind: 'function', checked: true },
      { name: 'a.S.two', kind: 'static method', checked: false },
    ],
  });
  expect(lines).toEqual([
    '✓ a.ts',
    '  pipeline "etl"',
    '    steps:',
    '      list (static)',
    '      work (map) after list, other',
    '    params:',
    '      --n <number>  (default: 7)',
    '      --m <json>',
    '    functions:',
    '      a.one (function, checked input)',
    '      a.S.two (static method)',
  ]);
});

test('checkLines - a file with problems and nothing else', () => {
  expect(checkLines({ ...NOTHING, problems: [{ code: 'X', path: '', message: 'No.' }] })).toEqual(['✗ a.ts']);
});

test('checkLines - of very many functions the first forty, and how many more', () => {
  const functions = Array.from(
    { length: 45 },
    (_, i) => ({ name: `f${i}`, kind: 'function', checked: false }) as const,
  );
  const lines = checkLines({ ...NOTHING, functions });
  expect(lines).toHaveLength(1 + 1 + 40 + 1);
  expect(lines.slice(-2)).toEqual(['      f39 (function)', '      … and 5 more']);
});
