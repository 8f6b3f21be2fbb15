import { expect, test } from 'vitest';
import { residentBytes } from './resident-memory.js';

test.runIf(process.platform === 'linux')('a process is told what it holds, with and without files', () => {
  const all = residentBytes('self');
  const own = residentBytes(process.pid, 'RssAnon');
  expect(own).toBeGreaterThan(2 ** 22);
  // The program itself is tens of megabytes.
  expect(all - own).toBeGreaterThan(2 ** 22);
});

test('a process that is gone, or none, holds nothing', () => {
  expect([residentBytes(undefined), residentBytes(2 ** 30)]).toEqual([0, 0]);
});
