/** Each promise of docs/promises.md is shown by a test that is there. */
import { expect, test } from 'vitest';
import { read } from '../kit/sources.js';

const TEXT = read('docs/promises.md');
const SHOWN = [...TEXT.matchAll(/^ {2}— `([^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({
  file,
  title,
}));

test('every promise names the test that shows it', () => {
  const promises = TEXT.split('\n').filter(line => line.startsWith('- '));
  expect(promises.length).toBeGreaterThan(0);
  expect(SHOWN).toHaveLength(promises.length);
});

test.each(SHOWN)('a promise is shown by $file: $title', ({ file, title }) => {
  const titles = [...read(file).matchAll(/\b(?:test|it)(?:\.each[\s\S]*?\]\))?\(\s*(['"`])(.*?)\1/g)];
  expect(titles.some(([, , shown = '']) => shown.startsWith(title))).toBe(true);
});
