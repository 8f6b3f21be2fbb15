/** Who holds the room that a pod does not find: the other pods of kube-transform in its namespace, by run. */
import type { Pod } from '../api/objects.js';
import { LABEL } from '../manifests/names.js';

/** Runs that are named; of the others it is told how many there are. */
const NAMED = 3;

/** A sentence about the pods that hold room beside those of a run; empty where there are none. */
export function roomHolders(pods: readonly Pod[], run: string | undefined): string {
  const byRun = new Map<string, number>();
  let controllers = 0;
  for (const { metadata, spec, status } of pods) {
    const isPlaced = spec?.nodeName !== undefined && spec.nodeName !== '';
    if (!isPlaced || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    if (metadata.labels?.[LABEL.component] === 'controller') controllers++;
    else {
      const holder = metadata.labels?.[LABEL.run] ?? metadata.name;
      if (holder !== run) byRun.set(holder, (byRun.get(holder) ?? 0) + 1);
    }
  }
  const runs = [...byRun].sort(([, a], [, b]) => b - a);
  const named = runs.slice(0, NAMED).map(([name, count]) => `${name} (${podsOf(count)})`);
  const others =
    runs.length > NAMED
      ? [runs.length === NAMED + 1 ? '1 other run' : `${runs.length - NAMED} other runs`]
      : [];
  // One of them is the run's own.
  const drivers = controllers > 1 ? [`${controllers} controllers`] : [];
  const holders = [...named, ...others, ...drivers];
  if (holders.length === 0) return '';
  return `In this namespace room is held by ${listed(holders)}: it goes on when they end.`;
}

const podsOf = (count: number): string => `${count} pod${count === 1 ? '' : 's'}`;

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
