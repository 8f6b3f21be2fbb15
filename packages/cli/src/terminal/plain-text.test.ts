/** Text of others is shown, never obeyed. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inline, plain, shellWord } from './plain-text.js';

/** Text with all that a terminal or a shell might obey. */
const strange = fc.string({
  unit: fc.constantFrom(
    ...['\u001b', '[', ']', '2', 'J', ';', 'm', '\u0007', '\r', '\n', '\t', '\u009b', '\u007f', '\u2028'],
    ...['\u202e', '$', '(', ')', '`', '"', "'", '\\', ' ', '*', '!', '~', '#', '-', '&', ';', 'a', 'ä', '7'],
  ),
});
const STEERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('plain', () => {
  test('any text - steers nothing, and further lines are set in', () => {
    fc.assert(
      fc.property(strange, text => {
        const lines = plain(text).split('\n');
        expect(lines.join('')).not.toMatch(STEERS);
        for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}\| /);
        const colourful = plain(text, { colours: true });
        expect(colourful.replaceAll(/\u001b\[[\d;:]*m/g, '').replaceAll('\n', '')).not.toMatch(STEERS);
        expect(inline(text).replaceAll(/\u001b\[[\d;:]*m/g, '')).not.toMatch(/\n|\r/);
      }),
    );
  });

  test.each([
    ['a\u001b]0;TITLE\u0007\u001b[2Jb\rc\u009b2J', 'a\\x1b]0;TITLE\\x07\\x1b[2Jb\\rc\\u009b2J'],
    ['boom\nnext-step: Completed', 'boom\n  | next-step: Completed'],
    ['one\r\ntwo\n\n', 'one\n  | two'],
    ['\u001b[31mred\u001b[39m\tand more', 'red\tand more'],
    ['', ''],
  ])('%j - is %j', (text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test('colours - pass where they are shown, and end with the line', () => {
    expect(plain('\u001b[31mred\nmore', { colours: true })).toBe('\u001b[31mred\u001b[0m\n  | more');
  });

  test('a line of JSON - means the same', () => {
    fc.assert(
      fc.property(strange, text => {
        expect(JSON.parse(plain(JSON.stringify({ text })))).toEqual({ text });
      }),
    );
  });
});

describe('shellWord', () => {
  test.each([
    ['run-1.a', 'run-1.a'],
    ['pipelines/etl.ts#main', 'pipelines/etl.ts#main'],
    ['', "''"],
    ['-x', "'-x'"],
    ['$(touch RAN)', "'$(touch RAN)'"],
    ["it's", "'it'\\''s'"],
    ["a\nb'\\", "$'a\\nb\\'\\\\'"],
  ])('%j - is %s', (text, word) => {
    expect(shellWord(text)).toBe(word);
  });

  test('any words - reach a program as they are, and can be shown', () => {
    const words = fc.sample(strange, { numRuns: 300, seed: 7 });
    const typed = words.map(shellWord);
    expect(typed.map(word => plain(word))).toEqual(typed);
    const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${typed.join(' ')}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});
