/**
 * Which events have been told, where a run is followed anew: whoever begins to follow is told of all from the
 * start, and what was told before is left out.
 */
import type { RunEvent, RunStatus } from '@kube-transform/runtime';
import type { JobStatus } from '@kube-transform/sdk';

interface SeenJob {
  status: JobStatus | null;
  waiting: string | null;
  /** How far it is, and what each kind of event said last. */
  told: Map<string, string>;
}

/** What has been told of a run. */
export class SeenEvents {
  readonly #jobs = new Map<string, SeenJob>();
  #hasStarted = false;
  #finished: RunStatus | undefined;

  /** The event as it is news; null where it is none. */
  news(event: RunEvent): RunEvent | null {
    if (event.type === 'RunStarted') {
      const isNew = !this.#hasStarted;
      this.#hasStarted = true;
      return isNew ? event : null;
    }
    if (event.type === 'RunFinished') {
      const isNew = this.#finished !== event.status;
      this.#finished = event.status;
      return isNew ? event : null;
    }
    const seen = this.#jobs.get(event.job) ?? { status: null, waiting: null, told: new Map() };
    this.#jobs.set(event.job, seen);
    return newsOfJob(seen, event);
  }
}

type JobEvent = Exclude<RunEvent, { type: 'RunStarted' | 'RunFinished' }>;

function newsOfJob(seen: SeenJob, event: JobEvent): RunEvent | null {
  if (event.type === 'JobWaiting') {
    if (event.message === seen.waiting) return null;
    seen.waiting = event.message;
    return event;
  }
  if (event.type === 'JobStatusChanged') {
    if (event.to === seen.status) return null;
    const from = seen.status ?? event.from;
    seen.status = event.to;
    return { ...event, from };
  }
  const { atMs: _, ...said } = event;
  const about = 'item' in said ? `${said.type} ${said.item} ${said.attempt}` : said.type;
  const text = JSON.stringify(said);
  if (seen.told.get(about) === text) return null;
  seen.told.set(about, text);
  return event;
}
