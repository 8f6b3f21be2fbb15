/*
 * A warm pod: runs what it is given of any step, one thing after another, until it is told to end.
 *
 * - What it is at stands in its termination message, with the name of the step: its end is charged to that.
 * - It ends well where nothing is left, or where it has grown too large to take more.
 */
import { KtError } from '@kube-transform/sdk';
import { type HintClient, outOfReach } from '../run/hint-client.js';
import { EXIT_CODE } from '../manifests/exit-codes.js';
import { pacing } from '../../executors/pacing.js';
import type { Assignment, WarmRequest } from '../../ports/index.js';
import type { HardTimeout } from '../../process/hard-timeout.js';
import { printLine } from '../../process/standard-output.js';
import type { TerminationFile } from '../../process/termination-message.js';
import type { PodHost } from '../../worker/pod-host.js';
import { attemptTimeoutMs } from '../../worker/retry-policy.js';
import { runPod } from '../../worker/run-pod.js';
import { itemNotes } from './item-notes.js';

/** What it stands on. */
export interface WarmGround {
  runId: string;
  /** Who asks. */
  who: Omit<WarmRequest, 'done'>;
  host: Omit<PodHost, 'limit' | 'lanes' | 'ahead' | 'gather' | 'returned' | 'draining' | 'emit' | 'echo'>;
  hints: HintClient;
  note: TerminationFile;
  /** Watches the attempts of what it is at. */
  watch: (at: { timeoutMs: number; job: string; pod: number }) => Promise<HardTimeout>;
  /** What earlier items have left behind leaves little room for others. */
  isGrown: () => boolean;
}

/** Serves until there is nothing more; the exit code. */
export async function serveWarmPod(ground: WarmGround): Promise<number> {
  const { who, hints, host, note } = ground;
  const isStopped = (): boolean => host.signal.aborted;
  let done: WarmRequest['done'];
  for (;;) {
    const request = done === undefined ? who : { ...who, done };
    const given = await hints.next(request, host);
    if (isStopped()) return EXIT_CODE.stopped;
    if (hints.silent !== null)
      throw new KtError({ code: 'NO_CONTROLLER', path: '', message: outOfReach(hints.silent) });
    if (given.pod === null || given.job === undefined) return 0;
    const { last = 0, segment, open } = await run({ ...given, job: given.job, pod: given.pod }, ground);
    note.stored(last);
    done = { job: given.job, pod: given.pod, last, ...(segment === undefined ? {} : { segment }) };
    if (open > 0 && isStopped()) return EXIT_CODE.stopped;
    if (!ground.isGrown()) continue;
    await hints.send(done);
    return 0;
  }
}

async function run(
  given: Assignment & { job: string; pod: number },
  { runId, host, note, hints, watch }: WarmGround,
): Promise<Awaited<ReturnType<typeof runPod>>> {
  const { job, pod } = given;
  note.take({ job, pod });
  const step = given.step ?? (await host.manifests(runId, job)) ?? undefined;
  const timeoutMs = step === undefined ? null : attemptTimeoutMs(step.job);
  const timeout = timeoutMs === null ? undefined : await watch({ timeoutMs, job, pod });
  const own = {
    ...itemNotes({ note, timeout, hints, clock: host.clock }, () => ({ job, pod })),
    draining: () => false,
    echo: (line: object) => void printLine({ job, ...line }),
  };
  try {
    const known = step === undefined ? given : { ...given, step };
    return await runPod(
      { runId, job, pod, crashed: [] },
      { ...host, ...pacing(step?.job.concurrency ?? 1), ...own },
      known,
    );
  } finally {
    await timeout?.close();
  }
}
