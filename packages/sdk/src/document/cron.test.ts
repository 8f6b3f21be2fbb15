import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cronProblem } from './cron.js';

/** Which lines robfig/cron 3.0.1 takes, asked by `cron.ParseStandard` as Kubernetes does. */
const LINES = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/cron/robfig-v3-lines.json', import.meta.url), 'utf8'),
) as { cron: string; accepted: boolean }[];

test('cronProblem - takes the lines that Kubernetes takes, and no others', () => {
  expect(LINES.length).toBeGreaterThan(75);
  const taken = LINES.map(({ cron }) => ({ cron, accepted: cronProblem(cron) === undefined }));
  expect(taken).toEqual(LINES);
});

test('cronProblem - says which field is wrong, and what may be there', () => {
  expect(cronProblem('0 24 * * *')).toBe('The hour "24" is not made of 0 to 23, "*", ranges and steps');
  expect(cronProblem('0 3 * * mon-funday')).toMatch(
    /^The day of the week "mon-funday" is not made of 0 to 6/,
  );
  expect(cronProblem('0 3 * *')).toMatch(/^Expected a cron schedule of five fields/);
});
