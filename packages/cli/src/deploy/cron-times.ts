/*
 * When a schedule comes next, as the CronJob controller of Kubernetes reckons (it uses robfig/cron v3).
 *
 * NT1 A time that the clock leaps over does not come; one that it shows twice comes twice. Other libraries
 *     move or drop such times.
 */
import { Cron } from 'croner';
import type { KTSchedule } from '@kube-transform/sdk';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The next times of a schedule after a moment, in milliseconds; none where it is not told (`@every`). Without
 * a zone: UTC.
 */
export function nextTimes(
  { cron, timeZone }: Pick<KTSchedule, 'cron' | 'timeZone'>,
  afterMs: number,
  count = 5,
): number[] {
  if (cron.startsWith('@every')) return [];
  const zone = timeZone ?? 'UTC';
  // What the clock on the wall shows, taken as if it were UTC: there nothing leaps.
  const wall = new Cron(cron, { timezone: 'UTC', mode: '5-part' });
  const times: number[] = [];
  let shown: Date | null = new Date(afterMs + offsetMs(afterMs, zone) - 2 * HOUR_MS);
  while (times.length < count + 2) {
    shown = wall.nextRun(shown);
    if (shown === null) break;
    times.push(...momentsOf(shown.getTime(), zone).filter(ms => ms > afterMs));
  }
  return times.sort((a, b) => a - b).slice(0, count);
}

/** When clocks of a zone show a time: once, never or twice. */
function momentsOf(shownMs: number, zone: string): number[] {
  const offsets = new Set([offsetMs(shownMs - DAY_MS, zone), offsetMs(shownMs + DAY_MS, zone)]);
  return [...offsets].map(offset => shownMs - offset).filter(ms => ms + offsetMs(ms, zone) === shownMs);
}

/** How far the clocks of a zone are ahead of UTC. */
function offsetMs(ms: number, timeZone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(textOf(ms, timeZone)) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** `2026-03-29 03:00 +02:00`. */
export const localTime = (ms: number, timeZone: string | null): string => textOf(ms, timeZone ?? 'UTC');

const formats = new Map<string, Intl.DateTimeFormat>();

function textOf(ms: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const two = '2-digit';
    format = new Intl.DateTimeFormat('en-CA', {
      ...{
        timeZone,
        hourCycle: 'h23',
        year: 'numeric',
        month: two,
        day: two,
        hour: two,
        minute: two,
        timeZoneName: 'longOffset',
      },
    });
    formats.set(timeZone, format);
  }
  const parts = format.formatToParts(ms);
  const part = (type: string): string => parts.find(of => of.type === type)?.value ?? '';
  const offset = part('timeZoneName').replace('GMT', '');
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${offset === '' ? '+00:00' : offset}`;
}
