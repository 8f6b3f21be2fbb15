/*
 * The matcher of patterns against picomatch, which compiles patterns to regular expressions: they agree on
 * small random patterns and paths. What picomatch gets wrong is left out and told one by one below.
 */
import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';
import { fileGlob } from '../../packages/runtime/src/files/glob.js';
import { GlobMatcher } from '../../packages/runtime/src/files/glob-matcher.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { rejection } from '../kit/stores.js';

const PARTS = [
  ...['a', 'b', 'c', '.', '*', '?', '[ab]', '[a-c]', '{a,b}', '{a*,b?}', '{a,.b}', '{a/b,c}', 'a{b,}'],
  ...['\\*', '\\?', '$', '^', '!', '(', ')', '|', '@'],
];
/** Names of a pattern or a path; "." and ".." are none. */
const names = (parts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 5 })
    .map(chosen => chosen.join(''))
    .filter(name => name !== '.' && name !== '..' && !/\*{2}/.test(name));
const joined = (name: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(name, { minLength: 1, maxLength: 4 }).map(chosen => chosen.join('/'));

const patterns = joined(fc.oneof({ weight: 4, arbitrary: names(PARTS) }, fc.constant('**'))).filter(
  pattern => !pattern.includes('**/**'),
);
const paths = joined(names(['a', 'b', 'c', 'ab', '.', '*', '?', '(', 'a.b']));

const matches = (pattern: string, path: string): boolean => new GlobMatcher(pattern).matches(path);

describe('glob', () => {
  it('random patterns and paths - match as picomatch says', () => {
    fc.assert(
      fc.property(patterns, fc.array(paths, { minLength: 10, maxLength: 10 }), (pattern, some) => {
        const theirs = picomatch(pattern.replaceAll(/[()|]/g, '\\$&'), {
          nonegate: true,
          fastpaths: false,
        });
        const ours = new GlobMatcher(pattern);
        for (const path of some) expect(`${path}: ${ours.matches(path)}`).toBe(`${path}: ${theirs(path)}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('random paths - are matched by themselves with each character escaped, and by no other', () => {
    const any = joined(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter(name => !name.includes('/')),
    );
    fc.assert(
      fc.property(any, any, (path, other) => {
        const escaped = path.replaceAll(/[^/]/gu, '\\$&');
        expect(matches(escaped, path)).toBe(true);
        expect(matches(escaped, other)).toBe(other === path);
        expect(matches('**', path)).toBe(!/(^|\/)\./.test(path));
      }),
    );
  });

  it('what picomatch gets wrong - is right', () => {
    // A quantifier of regular expressions, behind a class or a brace.
    expect([matches('[ab]+', 'a+'), matches('[ab]+', 'aa'), matches('{a,b}+c', 'b+c')]).toEqual([
      true,
      false,
      true,
    ]);
    // A name that begins with "." is found by a pattern that does, and by no other.
    expect(
      ['[^a]b', '{*,a}', '?b', '*', '**', '{.b,a}', '.*'].map(pattern => matches(pattern, '.b')),
    ).toEqual([...[false, false, false, false, false], ...[true, true]]);
    // Line breaks are characters, and so is an emoji: one.
    expect([matches('**/*.txt', 'a/two\nlines.txt'), matches('?', '\u{1f600}')]).toEqual([true, true]);
    expect([matches('[!a]', 'b'), matches('[!a]', '!'), matches('[!a]', 'a')]).toEqual([true, true, false]);
  });

  it('lists in braces - count, and are as wide as they are written', async () => {
    const store = memoryFileStore(
      Object.fromEntries(['1', '9', '10', '12', '02', 'b'].map(name => [name, name])),
    );
    expect(await fileGlob(store, '{9..12}')).toEqual(['10', '12', '9']);
    expect(await fileGlob(store, '{01..03}')).toEqual(['02']);
    expect(await fileGlob(store, '{c..a}')).toEqual(['b']);
    expect((await rejection(fileGlob(store, '{1..5000}'))).message).toContain('a list of 5000 words');
  });

  it('what has no end or no comma - is plain text', () => {
    for (const name of ['[a', 'a]', '{a', 'a}', '{a}', '{}', '{a{b', 'a,b', '[]', '[a{b]c', 'x[1].csv', '\\'])
      expect(`${name}: ${matches(name === '\\' ? '\\\\' : name, name)}`).toBe(`${name}: true`);
  });

  it('ten stars and other traps - cost at most the length of the pattern times that of the path', () => {
    const traps = [
      'a*a*a*a*a*a*a*a*a*a*b',
      `${'a*'.repeat(200)}b`,
      `${'{a,a,a}'.repeat(100)}b`,
      `${'{a,}'.repeat(300)}b`,
      `${'{a*,*a}'.repeat(50)}b`,
      `${'**/a*/'.repeat(100)}b`,
      `${'{'.repeat(500)}${'*a,b}'.repeat(500)}`,
      `${'[a-z]*'.repeat(100)}[`,
      '['.repeat(2000),
    ];
    for (const trap of traps) {
      for (const path of ['a'.repeat(5000), 'a/'.repeat(2500), `${'a'.repeat(50)}/`.repeat(100)]) {
        const matcher = new GlobMatcher(trap);
        expect(matcher.matches(`${path}c`)).toBe(false);
        expect(matcher.cost).toBeLessThan(10 * trap.length * path.length);
      }
    }
  });
});
