/** What options take. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { count, driveOptionsOf, functionsOption, spanOf, withDriveOptions } from './options.js';

test.each(['1', '20', '99999'])('count - takes %s', text => {
  expect(count(text)).toBe(Number(text));
});

test.each(['0', '-1', '1.5', '007', '100000', '', 'x', ' 1', '1e3'])('count - refuses %j', text => {
  expect(() => count(text)).toThrow('Expected a whole number of at least 1.');
});

const age = spanOf({ digits: 3, units: 'hdw', expected: 'Expected an age.' });

test.each([
  ['0h', 0],
  ['12h', 43_200_000],
  ['30d', 2_592_000_000],
  ['999w', 604_195_200_000],
])('spanOf - %s is %i ms', (text, ms) => {
  expect(age(text)).toBe(ms);
});

test.each(['', '12', 'h', '1m', '-1h', '1000h', '1.5h', '1 h', '1hh'])('spanOf - refuses %j', text => {
  expect(() => age(text)).toThrow('Expected an age.');
});

test('driveOptionsOf - gives only what was typed', () => {
  const parse = (...args: string[]): object =>
    driveOptionsOf(withDriveOptions(new Command()).exitOverride().parse(args, { from: 'user' }));
  expect(parse()).toEqual({});
  expect(parse('--executor', 'in-process')).toEqual({ executor: 'in-process' });
  expect(parse('--jobs', '3', '--steal')).toEqual({ jobs: 3, steal: true });
});

test('functionsOption - may be repeated', () => {
  const command = new Command().addOption(functionsOption());
  command.parse(['--functions', 'a.ts', '--functions', 'b.ts'], { from: 'user' });
  expect(command.opts()).toEqual({ functions: ['a.ts', 'b.ts'] });
});
