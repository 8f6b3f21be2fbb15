import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { localTime, nextTimes } from './cron-times.js';

/** What robfig/cron 3.0.1 says, around the days on which clocks are changed. */
const SAID = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/cron/robfig-v3.json', import.meta.url), 'utf8'),
) as {
  cron: string;
  timeZone: string;
  after: string;
  next: string[];
}[];

test('NT1: nextTimes - times are those that Kubernetes takes, also where clocks are changed', () => {
  expect(SAID.length).toBeGreaterThan(150);
  for (const { cron, timeZone, after, next } of SAID) {
    const times = nextTimes({ cron, timeZone }, Date.parse(after), next.length).map(ms =>
      new Date(ms).toISOString().replace('.000Z', 'Z'),
    );
    expect({ cron, timeZone, after, next: times }).toEqual({ cron, timeZone, after, next });
  }
});

test('localTime - tells times in their zone', () => {
  const [ms = 0] = nextTimes(
    { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    Date.parse('2026-11-21T12:00:00Z'),
  );
  expect(localTime(ms, 'Europe/Berlin')).toBe('2026-11-22 03:00 +01:00');
  expect(localTime(ms, null)).toBe('2026-11-22 02:00 +00:00');
});

test('nextTimes - reads a number with a step as the beginning of a range, as Kubernetes does', () => {
  const minutes = nextTimes({ cron: '5/15 * * * *', timeZone: null }, 0, 4).map(ms => ms / 60_000);
  expect(minutes).toEqual([5, 20, 35, 50]);
});

test.each(['@every 5m', '*/70 * * * *'])('nextTimes - has none for %s, which is not told', cron => {
  expect(nextTimes({ cron, timeZone: null }, 0)).toEqual([]);
});
