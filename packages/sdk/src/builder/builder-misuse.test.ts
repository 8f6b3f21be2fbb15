import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ktFunction } from './kt-function.js';
import { type Pipeline, pipeline } from './pipeline.js';
import { each } from './refs.js';

const list = ktFunction({ name: 'm.list', input: z.object({ dir: z.string() }) }, ({ dir }) => dir);
const read = ktFunction({ name: 'm.read', input: z.object({ file: z.string() }) }, ({ file }) => file.length);
const tick = ktFunction({ name: 'm.tick' }, () => {});

describe('misuse', () => {
  // The compiler refuses all of these; programs without types meet them here.
  const start = pipeline('p').job('one', tick) as unknown as {
    [method: string]: (...args: unknown[]) => Pipeline;
  };

  test.each<[string, string, () => unknown]>([
    [
      'an unmarked function',
      'Step "two" was given the unmarked function "plain".',
      () => start['job']?.('two', function plain() {}),
    ],
    ['no function', 'Step "two" was given nothing.', () => start['job']?.('two', undefined)],
    [
      'options in place of arguments',
      'Step "two" was given an object where a callback makes',
      () => start['job']?.('two', tick, { retries: 2 }),
    ],
    ['a name that is taken', 'Pipeline "p" already has a step "one".', () => start['job']?.('one', tick)],
    [
      'the name "params"',
      'Pipeline "p" already has a step "params".',
      () => start['map']?.('params', read, () => each([], () => ({}))),
    ],
    ['a name with "#"', `must be text without "#", but is "a#b"`, () => start['job']?.('a#b', tick)],
    ['an empty name', `must be text without "#", but is ""`, () => start['job']?.('', tick)],
    [
      'an unknown step',
      'Step "two" uses "onee", which is not among the steps before it: one, params. Did you mean "one"?',
      () => start['job']?.('two', tick, (s: { onee: unknown }) => ({ x: s.onee })),
    ],
    [
      'a map over nothing',
      'The callback of map "two" does not say over what it maps.',
      () => start['map']?.('two', tick, (s: { one: unknown }) => s.one),
    ],
    [
      'a text with a ref',
      'The ref "one#/0/path" was turned into text',
      () => start['job']?.('two', tick, (s: { one: { path: string } }) => ({ x: `${s.one.path}.csv` })),
    ],
  ])('a step refuses %s', (_what, message, work) => {
    expect(work).toThrow(message);
  });

  test('a step refuses refs that are not from its own callback', () => {
    let item: unknown;
    const other = pipeline('other').map('m', read, () =>
      each(['a'], file => {
        item = file;
        return { file };
      }),
    );
    let result: unknown;
    other.job('last', tick, steps => {
      result = steps.m;
      return {};
    });
    expect(() => start['job']?.('two', tick, () => ({ x: { deep: [result] } }))).toThrow(
      'Step "two" was given the ref "m#", which belongs to a step "m" that is not before it. Take refs from the argument of its own callback only.',
    );
    const ofItem =
      'Step "two" was given the ref "item#", which belongs to the items of another step\'s list.';
    expect(() => start['job']?.('two', tick, () => ({ x: item }))).toThrow(ofItem);
    expect(() => start['map']?.('two', read, () => each([item], () => ({})))).toThrow(ofItem);
    expect(() => start['use']?.('two', other, () => ({ x: item }))).toThrow(ofItem);
  });

  test('names of Object.prototype are names like others', () => {
    const odd = pipeline('p')
      .job('constructor', list, () => ({ dir: 'x' }))
      .job('toString', tick);
    expect((odd.toSpec().jobs ?? []).map(job => job.name)).toEqual(['constructor', 'toString']);
    expect(() => start['job']?.('two', tick, (s: object) => ({ x: s.valueOf }))).toThrow('uses "valueOf"');
  });

  test('two functions of one name are refused', () => {
    const twins = pipeline('p')
      .job(
        'a',
        ktFunction({ name: 'same' }, () => 1),
      )
      .job(
        'b',
        ktFunction({ name: 'same' }, () => 2),
      );
    expect(() => twins.functions()).toThrow('Pipeline "p" has two functions named "same".');
  });
});
