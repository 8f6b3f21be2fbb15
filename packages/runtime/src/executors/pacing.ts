/** How the items of pods in one process go on: so many at once, with a turn for others in between. */
import pLimit from 'p-limit';
import type { PodHost } from '../worker/pod-host.js';

/** The part of a pod's host that paces its items. */
export type Pacing = Pick<PodHost, 'limit' | 'lanes' | 'ahead' | 'gather'>;

/** Lets timers, signals and messages have their turn between slices of items that never wait. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** @param ahead how many results may wait to be stored while items go on. Default 64. */
export function pacing(lanes: number, ahead = 64): Pacing {
  const limit = pLimit(lanes);
  return { limit: work => limit(() => work().then(turn)), lanes, ahead, gather: turn };
}
