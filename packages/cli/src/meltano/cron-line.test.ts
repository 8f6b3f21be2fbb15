import { expect, test } from 'vitest';
import { cronLine } from './cron-line.js';

test.each([
  ['@daily', '0 0 * * *'],
  ['@DAILY', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@annually', '0 0 1 1 *'],
  [' @weekly ', '0 0 * * 0'],
  ['@every 1h30m', '@every 1h30m'],
  ['0 5 * * 7', '0 5 * * 0'],
  ['0 5 * * 6,7', '0 5 * * 6,0'],
  ['0 5 * * 5-7', '0 5 * * 5,6,0'],
  ['0 5 * * 0-7', '0 5 * * 0,1,2,3,4,5,6'],
  ['0 5 * * 1-7/2', '0 5 * * 1,3,5,0'],
  ['0 5 7 7 *', '0 5 7 7 *'],
  ['7-17 7 * * */7', '7-17 7 * * */7'],
  ['0\t7 * jan,jul sun', '0\t7 * jan,jul sun'],
])('cronLine - %j becomes %j', (interval, line) => {
  expect(cronLine(interval)).toEqual({ line, problem: null });
});

test.each([null, '@once', '@manual', '@none', '@Manual'])('cronLine - %j never comes by itself', interval => {
  expect(cronLine(interval)).toEqual({ line: null, problem: null });
});

test.each([
  'every tuesday',
  '0 0 3 * * *',
  '0 5 * * FRI-MON',
  '0 5 * * 7-9',
  '0 5 * * 7/2',
  '0 5 * * 17',
  '@reboot',
  '@every',
])('cronLine - %j is refused with what is wrong', interval => {
  expect(cronLine(interval)).toEqual({ line: interval, problem: expect.any(String) });
});
