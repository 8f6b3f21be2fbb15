/** How long to wait before the next attempt of an item. */
import { parseDurationMs } from '@kube-transform/sdk';

/** `min(max, initial × factor^(attempts-1))`, in milliseconds. */
export function backoffMs(
  backoff: { initial: string; factor: number; max: string },
  attempts: number,
): number {
  const initial = parseDurationMs(backoff.initial) ?? 1000;
  return Math.min(parseDurationMs(backoff.max) ?? 60_000, initial * backoff.factor ** (attempts - 1));
}
