/*
 * The runs that are followed now: of each one watch, however many follow it.
 *
 * SR1 Each who follows is told all that has happened, whenever it comes: from the last summary as if it had
 *     seen those before.
 * SR2 A watch begins with the first who follows and ends with the last; what ends it ends it for all.
 */
import type { Clock, RunSummary } from '@kube-transform/runtime';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import type { RunWatcher } from '../backends/backend.js';
import { type SummaryWatcher, tellsEvents, watchSummaries } from '../backends/cluster/follow-run.js';

/** Somebody who follows a run. */
interface Follower extends Pick<SummaryWatcher, 'seen' | 'note'> {
  /** Nothing more comes: what that means for who follows. */
  over: (last: Promise<RunSummary | null>) => void;
}

/** A run that some follow. */
interface Followed {
  readonly followers: Set<Follower>;
  readonly left: AbortController;
  last: RunSummary | null;
}

/** Runs by their ids. */
export class SharedRuns {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #runs = new Map<string, Followed>();

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Follows a run until it has ended, or the signal; rejects, and returns, as `followRun` does. */
  async follow(runId: string, { sink, note, signal }: RunWatcher): Promise<RunSummary | null> {
    if (signal.aborted) return null;
    const run = this.#runs.get(runId) ?? this.#begin(runId);
    let over: Follower['over'] = () => undefined;
    const ended = new Promise<RunSummary | null>(resolve => (over = resolve));
    const leave = (): void => over(Promise.resolve(run.last));
    const follower = { seen: tellsEvents({ sink, note }), note, over };
    run.followers.add(follower);
    signal.addEventListener('abort', leave, { once: true });
    if (run.last !== null) follower.seen(run.last);
    try {
      return await ended;
    } finally {
      signal.removeEventListener('abort', leave);
      run.followers.delete(follower);
      if (run.followers.size === 0) this.#end(runId, run);
    }
  }

  #begin(runId: string): Followed {
    const followers: Followed['followers'] = new Set();
    const run: Followed = { followers, left: new AbortController(), last: null };
    this.#runs.set(runId, run);
    const ended = watchSummaries(this.#api, runId, {
      seen: summary => {
        run.last = summary;
        for (const { seen } of followers) seen(summary);
      },
      note: text => {
        for (const { note } of followers) note(text);
      },
      signal: run.left.signal,
      clock: this.#clock,
    });
    const tell = (): void => {
      this.#end(runId, run);
      for (const { over } of followers) over(ended);
    };
    void ended.then(tell, tell);
    return run;
  }

  /** Who comes now begins anew. */
  #end(runId: string, run: Followed): void {
    run.left.abort();
    if (this.#runs.get(runId) === run) this.#runs.delete(runId);
  }
}
