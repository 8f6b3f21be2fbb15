/*
 * Names CronJobs after schedules. Pure.
 *
 * MN1 A name that Kubernetes takes stays. Another is made of it, with a hash of the whole: whatever schedules
 *     come or go beside it, it keeps that name. Names are unique.
 */
import { shortHash, slug } from '@kube-transform/runtime/kubernetes';

/** So long may the name of a CronJob be, that names of its Jobs fit. */
const MAX_NAME = 52;
const READABLE = 40;

const isName = (text: string): boolean =>
  text.length <= MAX_NAME && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text);

/** A name for each schedule, in their order. */
export function cronJobNames(schedules: readonly string[]): string[] {
  const kept = new Set(schedules.filter(isName));
  const seen = new Map<string, number>();
  const made = new Set<string>();
  return schedules.map(schedule => {
    const nth = (seen.get(schedule) ?? 0) + 1;
    seen.set(schedule, nth);
    if (nth === 1 && kept.has(schedule)) return schedule;
    let name = '';
    // Another schedule may be called as this one would be: at most as often as there are schedules.
    for (let turn = 0; name === '' || kept.has(name) || made.has(name); turn++)
      name = `${slug(schedule, READABLE)}-${shortHash(schedule, String(nth), String(turn))}`;
    made.add(name);
    return name;
  });
}
