/** Notes what a pod is at: for who looks at its end, for the watch over time limits, for the controller. */
import type { HintClient } from '../run/hint-client.js';
import type { Clock } from '../../ports/index.js';
import type { HardTimeout } from '../../process/hard-timeout.js';
import type { TerminationFile } from '../../process/termination-message.js';
import type { PodHost } from '../../worker/pod-host.js';

/** While items run, how often the controller is told that there are results. */
const PROGRESS_MS = 1000;

/** What of a pod's host takes the notes. @param at what it is at now. */
export function itemNotes(
  {
    note,
    timeout,
    hints,
    clock,
  }: {
    note: TerminationFile;
    timeout: HardTimeout | undefined;
    hints: HintClient;
    clock: Clock;
  },
  at: () => { job: string; pod: number },
): Pick<PodHost, 'emit' | 'returned'> {
  let toldMs = clock.elapsedMs();
  return {
    emit: event => {
      if (event.type === 'ItemStarted') {
        note.begin(event.item);
        timeout?.begin(event.item);
      } else if (clock.elapsedMs() - toldMs > PROGRESS_MS) {
        toldMs = clock.elapsedMs();
        void hints.send(at());
      }
    },
    returned: item => {
      note.end(item);
      timeout?.end(item);
    },
  };
}
