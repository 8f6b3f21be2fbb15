/** Does something again when Jobs have changed, and now and then without that. */
import type { Clock } from '@kube-transform/runtime';
import type { FollowedJobs } from './followed-jobs.js';

const LOOK_EVERY_MS = 500;
const ALSO_EVERY_MS = 5000;

/** Calls `round`, one call after the other, until the signal. `round` never rejects. */
export async function rounds(
  followed: FollowedJobs,
  round: () => Promise<void>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  let seen = -1;
  let lastMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    if (followed.changes !== seen || clock.elapsedMs() - lastMs >= ALSO_EVERY_MS) {
      seen = followed.changes;
      lastMs = clock.elapsedMs();
      await round();
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}
