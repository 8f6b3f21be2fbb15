/** What Jobs the pods of a step are divided into, and how many of them may run at once. Pure. */
import { formatRanges } from '../api/index-ranges.js';

/**
 * Most pods of one Job: the limit of Kubernetes with `backoffLimitPerIndex`, and of one environment variable.
 */
const MAX_PODS = 100_000;
const MAX_TEXT = 100_000;

/** Pods divided into what one Job can hold, as ranges. */
export function shardsOf(pods: readonly number[], limit = MAX_PODS): { pods: string; count: number }[] {
  const shards: { pods: string; count: number }[] = [];
  for (let from = 0; from < pods.length;) {
    let size = Math.min(limit, pods.length - from);
    let text = formatRanges(pods.slice(from, from + size));
    while (text.length > MAX_TEXT) text = formatRanges(pods.slice(from, from + (size = Math.ceil(size / 2))));
    shards.push({ pods: text, count: size });
    from += size;
  }
  return shards;
}

/**
 * How many pods each wave may run at once, given how many it wants: in turn, up to `maxPods` in all, at least
 * one each.
 */
export function shares(wants: readonly number[], maxPods: number): number[] {
  const shares = wants.map(() => 0);
  let left = maxPods;
  let open = wants.length;
  for (const i of [...wants.keys()].sort((a, b) => (wants[a] ?? 0) - (wants[b] ?? 0))) {
    const share = Math.max(1, Math.min(wants[i] ?? 0, Math.floor(left / open)));
    shares[i] = share;
    left -= share;
    open--;
  }
  return shares;
}
