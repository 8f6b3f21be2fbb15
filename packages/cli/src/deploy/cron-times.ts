/*
 * Computes when a schedule comes next, as the CronJob controller of Kubernetes does (it uses robfig/cron v3).
 *
 * NT1 A time that the clock leaps over does not come; one that it shows twice comes twice. Other libraries
 *     move or drop such times.
 */
import { Cron } from 'croner';
import type { KTSchedule } from '@kube-transform/sdk';

const DAY_MS = 86_400_000;
const LEAP_MS = 7_200_000;

/**
 * The next times of a schedule after a moment, in milliseconds; none where it is not told (`@every`). Without
 * a zone: UTC.
 */
export function nextTimes(
  { cron, timeZone }: Pick<KTSchedule, 'cron' | 'timeZone'>,
  afterMs: number,
  count = 5,
): number[] {
  const zone = clockOf(timeZone);
  const wall = wallClock(cron);
  if (wall === null) return [];
  const times: number[] = [];
  let shown: Date | null = new Date(afterMs + offsetMs(afterMs, zone) - LEAP_MS);
  while (times.length < count + 2) {
    shown = wall.nextRun(shown);
    if (shown === null) break;
    for (const ms of momentsOf(shown.getTime(), zone)) if (ms > afterMs) times.push(ms);
  }
  return times.sort((a, b) => a - b).slice(0, count);
}

/** `2026-03-29 03:00 +02:00`. */
export const localTime = (ms: number, timeZone: string | null): string => clockText(ms, clockOf(timeZone));

/**
 * What the clock on the wall shows when a schedule comes, taken as if it were UTC: there nothing leaps. Null
 * for `@every`, and for the few lines that Kubernetes takes and croner does not, such as a step of more than
 * 59.
 */
function wallClock(cron: string): Cron | null {
  try {
    return new Cron(cron, { timezone: 'UTC', mode: '5-part', sloppyRanges: true });
  } catch {
    return null;
  }
}

/** When clocks of a zone show a time: once, never or twice. */
function momentsOf(shownMs: number, zone: Intl.DateTimeFormat): number[] {
  const offsets = new Set([offsetMs(shownMs - DAY_MS, zone), offsetMs(shownMs + DAY_MS, zone)]);
  return [...offsets].map(offset => shownMs - offset).filter(ms => ms + offsetMs(ms, zone) === shownMs);
}

/** How far the clocks of a zone are ahead of UTC. */
function offsetMs(ms: number, zone: Intl.DateTimeFormat): number {
  const [, sign, hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(clockText(ms, zone)) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** The clock of a zone, with its offset; without a zone that of UTC. */
const clockOf = (timeZone: string | null): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-CA', {
    ...{ timeZone: timeZone ?? 'UTC', timeZoneName: 'longOffset', hourCycle: 'h23' },
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
  });

function clockText(ms: number, zone: Intl.DateTimeFormat): string {
  const parts = zone.formatToParts(ms);
  const part = (type: string): string => parts.find(of => of.type === type)?.value ?? '';
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${offset}`;
}
