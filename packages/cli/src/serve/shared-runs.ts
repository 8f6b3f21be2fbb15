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

/** A run that some follow. */
interface Followed {
  readonly followers: Set<Pick<SummaryWatcher, 'seen' | 'note'>>;
  readonly left: AbortController;
  last: RunSummary | null;
  ended: Promise<RunSummary | null>;
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
    const follower = { seen: tellsEvents({ sink, note }), note };
    let leave = (): void => undefined;
    const left = new Promise<void>(resolve => (leave = resolve));
    signal.addEventListener('abort', leave, { once: true });
    run.followers.add(follower);
    if (run.last !== null) follower.seen(run.last);
    try {
      return await Promise.race([run.ended, left.then(() => run.last)]);
    } finally {
      signal.removeEventListener('abort', leave);
      run.followers.delete(follower);
      if (run.followers.size === 0) this.#end(runId, run);
    }
  }

  #begin(runId: string): Followed {
    const followers: Followed['followers'] = new Set();
    const left = new AbortController();
    const run: Followed = { followers, left, last: null, ended: Promise.resolve(null) };
    const watcher = {
      seen: (summary: RunSummary) => {
        run.last = summary;
        for (const { seen } of followers) seen(summary);
      },
      note: (text: string) => {
        for (const { note } of followers) note(text);
      },
      signal: left.signal,
      clock: this.#clock,
    };
    this.#runs.set(runId, run);
    run.ended = watchSummaries(this.#api, runId, watcher).finally(() => this.#end(runId, run));
    // Who follows hears of it; where all have left nobody does.
    run.ended.catch(() => undefined);
    return run;
  }

  /** Who comes now begins anew. */
  #end(runId: string, run: Followed): void {
    run.left.abort();
    if (this.#runs.get(runId) === run) this.#runs.delete(runId);
  }
}
