/** What is told of a process that broke: the error and its place, not the end of its stack. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { lastWords } from './last-words.js';

/** What Node reports of a script that ends with an error. */
const reportOf = (script: string): string =>
  spawnSync(process.execPath, ['--input-type=commonjs', '-e', script], { encoding: 'utf8' }).stderr;

test.each([
  [
    'an error',
    `function f() { throw new Error('quota is used up') } f()`,
    /^Error: quota is used up \| at f \(\[eval\]:1:\d+\)$/,
  ],
  [
    'a message of two lines',
    `throw new TypeError('one\\ntwo')`,
    /^TypeError: one \| two \| at \[eval\]:1:\d+$/,
  ],
  [
    'an error with fields and a cause',
    `throw Object.assign(new Error('query failed', { cause: new Error('no route') }), { code: 'E1' })`,
    /^Error: query failed \| at \[eval\]:1:\d+ \| \[cause\]: Error: no route$/,
  ],
  ['a rejection', `Promise.reject(new RangeError('too far'))`, /^RangeError: too far \| at \[eval\]:1:\d+$/],
  ['what is no error', `console.error('said before'); throw 'text'`, /text/],
  ['words, and an exit', `console.error('no space left'); process.exit(3)`, /^no space left$/],
  ['nothing', `process.exit(3)`, /^$/],
])('%s', (_what, script, words) => {
  expect(lastWords(reportOf(script))).toMatch(words);
});

test('a page of minified source before the error is no part of it', () => {
  const report = `file:///x/worker.mjs:12\n${'var a=1;'.repeat(400)}\n      ^\n\nError: used up\n    at S (file:///x/worker.mjs:12:3278)\n    at async T (file:///x/worker.mjs:1:1)\n\nNode.js v20.1.0\n`;
  expect(lastWords(report)).toBe('Error: used up | at S (file:///x/worker.mjs:12:3278)');
});
