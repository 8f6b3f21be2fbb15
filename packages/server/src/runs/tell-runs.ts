/** What there is to tell of a run over time. It ends without `end` where the signal came. */
import { pushedBy } from '@kube-transform/runtime/internal';
import type { ServedLogOptions, ServedRun, ServedRuns } from './served-runs.js';
import type { Told } from './told.js';

/** Who does not take what is told is let go, and comes again for how it stands then. */
const MAX_WAITING = 10_000;

type Push = (told: Told) => void;

/** What is pushed, as long as it is taken. */
async function* taken(
  signal: AbortSignal,
  work: (push: Push, stop: AbortSignal) => Promise<void>,
): AsyncGenerator<Told, void> {
  const slow = new AbortController();
  let waiting = 0;
  const all = pushedBy<Told>(AbortSignal.any([signal, slow.signal]), (push, stop) =>
    work(told => {
      if (++waiting > MAX_WAITING) slow.abort();
      push(told);
    }, stop),
  );
  for await (const told of all) {
    waiting--;
    yield told;
  }
}

/** What happens in a run, and how it stands when that ends. */
export const eventsOf = (runs: ServedRuns, run: ServedRun, signal: AbortSignal): AsyncGenerator<Told, void> =>
  taken(signal, async (push, stop) => {
    const last = await runs.follow(run, {
      sink: { publish: event => push(['event', event]) },
      note: text => push(['note', { text }]),
      signal: stop,
    });
    if (!stop.aborted) push(['end', last]);
  });

/** What items print, as they print it. */
export const linesAsPrinted = (
  runs: ServedRuns,
  run: ServedRun,
  { selector, signal }: ServedLogOptions & { signal: AbortSignal },
): AsyncGenerator<Told, void> =>
  taken(signal, async (push, stop) => {
    let count = 0;
    const note = (text: string): void => push(['note', { text }]);
    for await (const line of runs.logs(run, { selector, follow: true, signal: stop, note })) {
      push(['line', line]);
      count++;
    }
    if (!stop.aborted) push(['end', { count }]);
  });

/** What items have printed, or which failed: read as fast as it is taken. */
export async function* storedOf(
  word: 'line' | 'failed',
  read: (note: (text: string) => void) => AsyncIterable<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Told, void> {
  const notes: string[] = [];
  let count = 0;
  for await (const value of read(text => void notes.push(text))) {
    for (const text of notes.splice(0)) yield ['note', { text }];
    yield [word, value];
    count++;
  }
  for (const text of notes.splice(0)) yield ['note', { text }];
  if (!signal.aborted) yield ['end', { count }];
}
