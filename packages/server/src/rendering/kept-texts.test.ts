/** Few are kept, and not what is long. */
import { expect, test } from 'vitest';
import { KeptTexts } from './kept-texts.js';

test('what was made of a text - is kept while it is asked for, or few others are', () => {
  const kept = new KeptTexts<{ text: string }>();
  const made: string[] = [];
  const make = (text: string): { text: string } => {
    made.push(text);
    return { text };
  };
  const get = (text: string): string => kept.get(text, make).text;
  for (let i = 0; i < 200; i++) expect([get('a'), get(`${i}`)]).toEqual(['a', `${i}`]);
  expect(made.filter(text => text === 'a')).toHaveLength(1);
  get('199');
  get('0');
  expect(made.slice(-2)).toEqual(['199', '0']);
});

test('a long text, and one of which nothing could be made - are not kept', () => {
  const kept = new KeptTexts<object>();
  const long = 'x'.repeat(20_000);
  expect(kept.get(long, () => ({}))).not.toBe(kept.get(long, () => ({})));
  const fail = (): object => {
    throw new Error('no');
  };
  expect(() => kept.get('a', fail)).toThrow('no');
  expect(kept.get('a', () => ({ is: 'made' }))).toEqual({ is: 'made' });
});
